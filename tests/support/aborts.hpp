// Whether a call ends the program, tried in a process of its own.

#pragma once

#include <csignal>

#include <sys/wait.h>
#include <unistd.h>

namespace test {

template <class F>
bool aborts(F f) {
  auto child = fork();
  if (child == 0) {
    // doctest would report the signal as a failure of this test.
    std::signal(SIGABRT, SIG_DFL);
    f();
    _exit(0);
  }
  int status = 0;
  return child > 0 && waitpid(child, &status, 0) == child && WIFSIGNALED(status)
         && WTERMSIG(status) == SIGABRT;
}

} // namespace test
