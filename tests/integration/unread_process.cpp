#include "unread_process.hpp"

#include <csignal>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/child_process.hpp"

namespace node_proxy::testing {

namespace {

struct pipe_ends {
  pipe_ends() {
    int fds[2];
    REQUIRE(::pipe2(fds, O_CLOEXEC) == 0);
    read = fds[0];
    write = fds[1];
  }

  int read = -1;
  int write = -1;
};

} // namespace

unread_process::unread_process(std::vector<std::string> command) {
  pipe_ends in;
  pipe_ends out;
  pipe_ends err;
  std::vector<char*> arguments;
  for (auto& x : command)
    arguments.push_back(x.data());
  arguments.push_back(nullptr);
  pid_ = ::fork();
  REQUIRE(pid_ >= 0);
  if (pid_ == 0) {
    ::dup2(in.read, STDIN_FILENO);
    ::dup2(out.write, STDOUT_FILENO);
    ::dup2(err.write, STDERR_FILENO);
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
  }
  for (int fd : {in.read, out.write, err.write})
    ::close(fd);
  in_ = in.write;
  out_ = out.read;
  err_ = err.read;
  ::fcntl(in_, F_SETFL, O_NONBLOCK);
}

unread_process::~unread_process() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  for (int fd : {in_, out_, err_})
    ::close(fd);
}

std::string unread_process::next_line() {
  std::string result;
  for (char next = 0; ::read(out_, &next, 1) == 1 && next != '\n';)
    result += next;
  return result;
}

std::size_t unread_process::unread_bytes() const {
  int count = 0;
  REQUIRE(::ioctl(out_, FIONREAD, &count) == 0);
  return static_cast<std::size_t>(count);
}

std::size_t unread_process::write_what_it_takes(std::string_view text) {
  constexpr int patience = 500;
  auto size = text.size();
  for (pollfd writable{in_, POLLOUT, 0};
       !text.empty() && ::poll(&writable, 1, patience) > 0;) {
    auto count = ::write(in_, text.data(), text.size());
    if (count <= 0)
      break;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return size - text.size();
}

void unread_process::signal(int number) const {
  REQUIRE(pid_ > 0);
  ::kill(pid_, number);
}

std::optional<int> unread_process::wait(std::chrono::milliseconds at_most) {
  auto status = test::wait_for_end(pid_, at_most);
  if (status)
    pid_ = -1;
  return status;
}

} // namespace node_proxy::testing
