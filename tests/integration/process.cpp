#include "process.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <doctest/doctest.h>

namespace node_proxy::testing {

namespace {

[[noreturn]] void become_child(char* const* command, int input, int output,
                               const char* errors) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  auto error_fd =
    ::open(errors, O_WRONLY | O_CREAT | O_APPEND, S_IRUSR | S_IWUSR);
  if (::dup2(input, STDIN_FILENO) >= 0 && ::dup2(output, STDOUT_FILENO) >= 0
      && ::dup2(error_fd, STDERR_FILENO) >= 0)
    ::execv(command[0], command);
  ::_exit(127);
}

void close_fd(int& fd) {
  if (fd >= 0)
    ::close(fd);
  fd = -1;
}

/// Waits for one of two descriptors; negative ones are left out.
void wait_for(pollfd& first, pollfd& second) {
  pollfd fds[] = {first, second};
  constexpr auto limit =
    std::chrono::duration_cast<std::chrono::milliseconds>(patience).count();
  if (::poll(fds, 2, static_cast<int>(limit)) == 0)
    FAIL("the program does not do what the test waits for");
  first.revents = fds[0].revents;
  second.revents = fds[1].revents;
}

} // namespace

process::process(std::vector<std::string> command) {
  // A child that has ended shows when it is written to.
  std::signal(SIGPIPE, SIG_IGN);
  std::vector<char*> pointers;
  for (auto& word : command)
    pointers.push_back(word.data());
  pointers.push_back(nullptr);
  auto errors = folder_ / "errors";
  int in[2];
  int out[2];
  REQUIRE(::pipe2(in, O_CLOEXEC) == 0);
  REQUIRE(::pipe2(out, O_CLOEXEC) == 0);
  pid_ = ::fork();
  if (pid_ == 0)
    become_child(pointers.data(), in[0], out[1], errors.c_str());
  ::close(in[0]);
  ::close(out[1]);
  input_ = in[1];
  output_ = out[0];
  REQUIRE(pid_ > 0);
  // The header of glibc 2.36 for it is not for C++.
  pid_fd_ = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
  REQUIRE(pid_fd_ >= 0);
  REQUIRE(::fcntl(input_, F_SETFL, O_NONBLOCK) == 0);
}

process::~process() {
  if (!status_ && pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  close_fd(pid_fd_);
  close_fd(input_);
  close_fd(output_);
}

void process::write(std::string_view text) {
  while (!text.empty()) {
    pollfd writable{input_, POLLOUT, 0};
    pollfd readable{output_, POLLIN, 0};
    wait_for(writable, readable);
    if (readable.revents != 0 && !read_some())
      close_fd(output_);
    if (writable.revents == 0)
      continue;
    auto count = ::write(input_, text.data(), text.size());
    if (count < 0 && errno == EPIPE)
      return;
    text.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  }
}

void process::close_input() {
  close_fd(input_);
}

void process::close_output() {
  close_fd(output_);
}

std::optional<std::string> process::next_line() {
  for (;;) {
    auto end = buffer_.find('\n', searched_);
    if (end != std::string::npos) {
      auto line = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      searched_ = 0;
      return line;
    }
    searched_ = buffer_.size();
    if (output_ < 0 || !read_some())
      return std::nullopt;
  }
}

std::string process::rest() {
  while (output_ >= 0 && read_some())
    continue;
  searched_ = 0;
  return std::exchange(buffer_, {});
}

void process::signal(int number) const {
  REQUIRE(::kill(pid_, number) == 0);
}

int process::wait() {
  pollfd over{pid_fd_, POLLIN, 0};
  pollfd none{-1, 0, 0};
  if (!status_) {
    wait_for(over, none);
    int status = 0;
    REQUIRE(::waitpid(pid_, &status, 0) == pid_);
    status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  return *status_;
}

bool process::ended() const {
  pollfd over{pid_fd_, POLLIN, 0};
  return status_ || ::poll(&over, 1, 0) > 0;
}

std::string process::errors() const {
  return read_text(folder_ / "errors");
}

/// Waits for output. False at its end.
bool process::read_some() {
  pollfd readable{output_, POLLIN, 0};
  pollfd none{-1, 0, 0};
  wait_for(readable, none);
  std::array<char, 64 * 1024> chunk;
  auto count = ::read(output_, chunk.data(), chunk.size());
  if (count <= 0)
    return false;
  buffer_.append(chunk.data(), static_cast<std::size_t>(count));
  return true;
}

run_result run(std::vector<std::string> command, std::string_view input) {
  process child{std::move(command)};
  child.write(input);
  child.close_input();
  auto out = child.rest();
  auto status = child.wait();
  return {status, std::move(out), child.errors()};
}

run_result run_tool(std::vector<std::string> arguments,
                    std::string_view input) {
  arguments.insert(arguments.begin(), NODE_PROXY_TOOL);
  return run(std::move(arguments), input);
}

} // namespace node_proxy::testing
