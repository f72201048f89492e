// A part of a test in a process of its own, because it may crash, hang, or
// change what belongs to the whole process.

#pragma once

#include <chrono>
#include <csignal>
#include <optional>
#include <type_traits>

#include <doctest/doctest.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace test {

/// Starts a process that does `f` and ends with the status that it returns, or
/// 0; with 1 if it throws. To be called before there are threads. doctest does
/// not hear of checks that fail there: `f` has to return or throw.
template <class F>
pid_t start_child(F f) {
  auto child = ::fork();
  REQUIRE(child >= 0);
  if (child > 0)
    return child;
  // A signal is to be seen as such, whatever doctest would make of it.
  for (int number : {SIGSEGV, SIGABRT, SIGBUS, SIGTERM, SIGXFSZ, SIGPIPE})
    std::signal(number, SIG_DFL);
  try {
    if constexpr (std::is_void_v<std::invoke_result_t<F>>)
      f();
    else
      ::_exit(f());
  } catch (...) {
    ::_exit(1);
  }
  ::_exit(0);
}

/// Waits at most so long for the end of a process. Its exit status, or 128 and
/// the number of the signal that ended it; nothing if it still runs.
inline std::optional<int> wait_for_end(pid_t child,
                                       std::chrono::milliseconds at_most) {
  auto fd = static_cast<int>(::syscall(SYS_pidfd_open, child, 0));
  REQUIRE(fd >= 0);
  pollfd over{fd, POLLIN, 0};
  auto has_ended = ::poll(&over, 1, static_cast<int>(at_most.count())) > 0;
  ::close(fd);
  if (!has_ended)
    return std::nullopt;
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/// The same for a process that ends by itself; one that does not is killed, and
/// has status -1.
inline int status_of(pid_t child) {
  if (auto status = wait_for_end(child, std::chrono::seconds{30}))
    return *status;
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  return -1;
}

/// How a process ends that does `f`.
template <class F>
int status_of_child(F f) {
  return status_of(start_child(f));
}

/// Whether `f` ends its process by an assertion or the like.
template <class F>
bool aborts(F f) {
  return status_of_child(f) == 128 + SIGABRT;
}

} // namespace test
