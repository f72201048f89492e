#include "child_process.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <system_error>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace node_proxy::tools {

namespace {

void check(bool done, const char* what) {
  if (!done)
    throw std::system_error{errno, std::generic_category(), what};
}

/// What the child does. It only makes calls that are allowed after `fork`.
[[noreturn]] void become_child(char* const* arguments, int input, int output,
                               pid_t parent) {
  // Without its parent it has no purpose. The parent may be gone already.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent)
    ::_exit(1);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (::dup2(input, STDIN_FILENO) >= 0 && ::dup2(output, STDOUT_FILENO) >= 0)
    ::execv("/proc/self/exe", arguments);
  ::_exit(127);
}

} // namespace

child_process::child_process(std::vector<std::string> arguments) {
  std::vector<char*> pointers;
  for (auto& argument : arguments)
    pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  int in[2];
  int out[2];
  check(::pipe2(in, O_CLOEXEC) == 0, "pipe");
  if (::pipe2(out, O_CLOEXEC) != 0) {
    auto error = errno;
    ::close(in[0]);
    ::close(in[1]);
    errno = error;
    check(false, "pipe");
  }
  auto parent = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0)
    become_child(pointers.data(), in[0], out[1], parent);
  auto error = errno;
  ::close(in[0]);
  ::close(out[1]);
  input_ = in[1];
  output_ = out[0];
  lines_ = line_reader{output_, longest_line};
  if (pid_ < 0) {
    ::close(input_);
    ::close(output_);
    errno = error;
    check(false, "fork");
  }
}

child_process::~child_process() {
  ::close(input_);
  ::close(output_);
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    static_cast<void>(wait());
  }
}

bool child_process::write_line(std::string_view line) {
  std::string text{line};
  text += '\n';
  std::string_view rest{text};
  while (!rest.empty()) {
    auto count = ::write(input_, rest.data(), rest.size());
    if (count < 0 && errno != EINTR)
      return false;
    rest.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  }
  return true;
}

std::optional<std::string> child_process::read_line(deadline until,
                                                    int stop_fd) {
  for (;;) {
    if (auto line = lines_.poll_line())
      return std::move(line->text);
    auto left = std::chrono::ceil<std::chrono::milliseconds>(
      until - std::chrono::steady_clock::now());
    if (lines_.ended() || left.count() <= 0)
      return std::nullopt;
    pollfd fds[] = {{output_, POLLIN, 0}, {stop_fd, POLLIN, 0}};
    ::poll(fds, std::size(fds), static_cast<int>(left.count()));
    if (fds[1].revents != 0)
      return std::nullopt;
    if (fds[0].revents != 0)
      lines_.read();
  }
}

void child_process::terminate() {
  ::kill(pid_, SIGTERM);
}

int child_process::wait() {
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR)
    continue;
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

} // namespace node_proxy::tools
