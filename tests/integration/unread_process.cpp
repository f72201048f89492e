#include "unread_process.hpp"

#include <csignal>
#include <cstdint>
#include <fstream>
#include <string>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/child_process.hpp"
#include "support/comes_true.hpp"

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

std::size_t bytes_in(int pipe) {
  int count = 0;
  REQUIRE(::ioctl(pipe, FIONREAD, &count) == 0);
  return static_cast<std::size_t>(count);
}

/// Whether a signal to the process is still to be taken.
bool is_pending(pid_t process, int number) {
  std::ifstream status{"/proc/" + std::to_string(process) + "/status"};
  std::string key;
  while (status >> key && key != "ShdPnd:")
    std::getline(status, key);
  std::uint64_t signals = 0;
  REQUIRE((status >> std::hex >> signals));
  return (signals >> (number - 1) & 1) != 0;
}

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
  return bytes_in(out_);
}

void unread_process::write(std::string_view text) const {
  REQUIRE(::write(in_, text.data(), text.size())
          == static_cast<ssize_t>(text.size()));
}

void unread_process::write_until_stuck(std::string_view text) const {
  REQUIRE(test::comes_true([&] {
    auto count = text.empty() ? 0 : ::write(in_, text.data(), text.size());
    if (count > 0)
      text.remove_prefix(static_cast<std::size_t>(count));
    return count <= 0 && is_full();
  }));
}

void unread_process::signal(int number) const {
  REQUIRE(pid_ > 0);
  ::kill(pid_, number);
}

void unread_process::signal_and_wait(int number) const {
  signal(number);
  REQUIRE(test::comes_true([&] { return !is_pending(pid_, number); }));
}

std::optional<int> unread_process::wait(std::chrono::milliseconds at_most) {
  auto status = test::wait_for_end(pid_, at_most);
  if (status)
    pid_ = -1;
  return status;
}

// -- private ------------------------------------------------------------------

/// Whether standard output or standard error is about full: a pipe has pages,
/// of which the ends may be free.
bool unread_process::is_full() const {
  auto about = static_cast<std::size_t>(::fcntl(out_, F_GETPIPE_SZ)) * 2 / 3;
  return bytes_in(out_) > about || bytes_in(err_) > about;
}

} // namespace node_proxy::testing
