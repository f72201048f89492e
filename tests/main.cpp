// The main function of every doctest program.

#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <csignal>
#include <cstdlib>

#include <unistd.h>

namespace {

/// Whoever ends tests that take too long sets $TEST_SECONDS to a little less:
/// doctest says which test case it was when the program is aborted.
void limit_time() {
  auto seconds = std::getenv("TEST_SECONDS");
  if (seconds == nullptr)
    return;
  std::signal(SIGALRM, [](int) { std::abort(); });
  ::alarm(static_cast<unsigned>(std::atoi(seconds)));
}

} // namespace

int main(int argc, char** argv) {
  limit_time();
  return doctest::Context{argc, argv}.run();
}
