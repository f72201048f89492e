#include "command.hpp"

#include <cstdio>

namespace node_proxy::tools {

int fail(std::string_view text) {
  std::fprintf(stderr, "node-proxy: %.*s\n", static_cast<int>(text.size()),
               text.data());
  return exit_error;
}

int print_line(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fputc('\n', stdout);
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
    return fail("standard output cannot be written");
  return exit_ok;
}

} // namespace node_proxy::tools
