#include "support/other_side.hpp"

#include <chrono>
#include <stdexcept>
#include <utility>

namespace bench {

namespace {

constexpr std::chrono::minutes patience{1};

/// The name by which the child sees itself comes first.
std::vector<std::string> with_name(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "other-side");
  return arguments;
}

} // namespace

other_side::other_side(std::vector<std::string> arguments)
  : child_{with_name(std::move(arguments))} {}

std::string other_side::next_line() {
  constexpr int no_stop = -1;
  auto line =
    child_.read_line(std::chrono::steady_clock::now() + patience, no_stop);
  if (!line)
    throw std::runtime_error{"the other process does not answer"};
  return std::move(*line);
}

std::string other_side::ask(std::string_view line) {
  if (!child_.write_line(line))
    throw std::runtime_error{"the other process has gone"};
  return next_line();
}

void other_side::finish() {
  if (!child_.write_line("end") || child_.wait() != 0)
    throw std::runtime_error{"the other process has failed"};
}

} // namespace bench
