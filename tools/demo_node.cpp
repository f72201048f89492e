#include "demo_node.hpp"

#include <algorithm>

#include <poll.h>

namespace node_proxy::tools {

namespace {

/// Everything here takes milliseconds. This only ends what would not end.
constexpr std::chrono::seconds patience{20};

std::vector<std::string> command_line(std::vector<std::string> options) {
  std::vector<std::string> result{"node-proxy", "--log", "error", "run"};
  result.insert(result.end(), std::make_move_iterator(options.begin()),
                std::make_move_iterator(options.end()));
  return result;
}

bool is_kind(const json& event, std::string_view kind) {
  return event.value("event", "") == kind;
}

bool is_readable(int fd) {
  pollfd readable{fd, POLLIN, 0};
  return ::poll(&readable, 1, 0) > 0;
}

} // namespace

demo_node::demo_node(std::string name, std::vector<std::string> options,
                     int stop_fd)
  : name_{std::move(name)}, process_{command_line(std::move(options))},
    stop_fd_{stop_fd} {}

json demo_node::await(std::string_view kind,
                      const std::function<bool(const json&)>& matches) {
  auto is_it = [&](const json& event) {
    return is_kind(event, kind) && matches(event);
  };
  auto found = std::find_if(untaken_.begin(), untaken_.end(), is_it);
  if (found != untaken_.end()) {
    auto event = std::move(*found);
    untaken_.erase(found);
    return event;
  }
  while (auto event = next()) {
    if (is_it(*event))
      return std::move(*event);
    untaken_.push_back(std::move(*event));
  }
  throw demo_failed{name_ + " did not report '" + std::string{kind} + "'"};
}

json demo_node::await_about(std::string_view kind, std::string_view id) {
  return await(
    kind, [id](const json& event) { return event.value("node", "") == id; });
}

int demo_node::send(std::string_view to, std::string_view engine,
                    std::string_view text) {
  std::string line{"send "};
  line.append(to).append(" ").append(engine).append(" ").append(text);
  if (!process_.write_line(line))
    throw demo_failed{name_ + " does not read what is typed"};
  return ++last_id_;
}

void demo_node::stop() {
  process_.terminate();
  while (auto event = next())
    untaken_.push_back(std::move(*event));
  if (auto status = process_.wait(); status != 0)
    throw demo_failed{name_ + " ended with status " + std::to_string(status)};
}

bool demo_node::has(std::string_view kind) const {
  return std::any_of(
    untaken_.begin(), untaken_.end(),
    [kind](const json& event) { return is_kind(event, kind); });
}

bool demo_node::met(std::string_view id) const {
  return std::find(partners_.begin(), partners_.end(), id) != partners_.end();
}

/// The next event; nothing at the end.
std::optional<json> demo_node::next() {
  auto until = std::chrono::steady_clock::now() + patience;
  auto line = process_.read_line(until, stop_fd_);
  if (is_readable(stop_fd_))
    throw demo_failed{"stopped"};
  if (!line) {
    if (std::chrono::steady_clock::now() >= until)
      throw demo_failed{name_ + " does not answer"};
    return std::nullopt;
  }
  auto event = json::parse(*line, nullptr, false);
  if (!event.is_object())
    throw demo_failed{name_ + " wrote what is no event: " + *line};
  auto kind = event.value("event", "");
  if (kind == "connected")
    partners_.push_back(event.value("node", ""));
  else if (kind == "received")
    partners_.push_back(event.value("from", ""));
  return event;
}

} // namespace node_proxy::tools
