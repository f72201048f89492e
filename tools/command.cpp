#include "command.hpp"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>

#include <unistd.h>

#include <node_proxy/base/visible.hpp>

#include "line_writer.hpp"

namespace node_proxy::tools {

namespace {

using clock = std::chrono::steady_clock;

clock::time_point soon() {
  return clock::now() + std::chrono::seconds{1};
}

} // namespace

int fail(std::string_view text) {
  // Nobody is waited for who does not read it.
  auto line = "node-proxy: " + internal::make_visible(text) + '\n';
  std::string_view rest = line;
  static_cast<void>(write_until(STDERR_FILENO, rest, soon()));
  return exit_error;
}

int print_line(std::string_view text, int stop) {
  auto line = std::string{text} + '\n';
  std::string_view rest = line;
  if (write_until(STDOUT_FILENO, rest, clock::time_point::max(), stop)
      || write_until(STDOUT_FILENO, rest, soon()))
    return exit_ok;
  std::string why = errno != 0 ? std::strerror(errno) : "nobody reads it";
  return fail("standard output cannot be written: " + why);
}

} // namespace node_proxy::tools
