#include "command.hpp"

#include <chrono>
#include <string>

#include <unistd.h>

#include "line_writer.hpp"

namespace node_proxy::tools {

namespace {

using clock = std::chrono::steady_clock;

clock::time_point until() {
  return clock::now() + std::chrono::seconds{1};
}

} // namespace

int fail(std::string_view text) {
  // Nobody is waited for who does not read it.
  auto line = "node-proxy: " + std::string{text} + '\n';
  static_cast<void>(write_until(STDERR_FILENO, line, until()));
  return exit_error;
}

int print_line(std::string_view text) {
  auto line = std::string{text} + '\n';
  if (!write_until(STDOUT_FILENO, line, clock::time_point::max()))
    return fail("standard output cannot be written");
  return exit_ok;
}

} // namespace node_proxy::tools
