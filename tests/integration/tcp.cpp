#include "tcp.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

#include <arpa/inet.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include "process.hpp"

namespace node_proxy::testing {

namespace {

bool write_all(int fd, std::string_view data) {
  while (!data.empty()) {
    auto count = ::send(fd, data.data(), data.size(), MSG_NOSIGNAL);
    if (count < 0 && errno != EINTR)
      return false;
    data.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  }
  return true;
}

} // namespace

sockaddr_in local_address(std::uint16_t port) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  result.sin_port = htons(port);
  return result;
}

int connect_to(std::uint16_t port) {
  auto fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  timeval limit{patience.count(), 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  auto address = local_address(port);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address))
      == 0)
    return fd;
  ::close(fd);
  return -1;
}

// -- tcp_client ---------------------------------------------------------------

tcp_client::tcp_client(std::uint16_t port) : fd_{connect_to(port)} {
  REQUIRE(fd_ >= 0);
}

tcp_client::~tcp_client() {
  ::close(fd_);
}

void tcp_client::write(std::string_view data) {
  REQUIRE(write_all(fd_, data));
}

std::size_t tcp_client::read_to_end() {
  std::size_t result = 0;
  std::array<char, 4096> chunk;
  for (;;) {
    pollfd readable{fd_, POLLIN, 0};
    constexpr std::chrono::milliseconds limit{patience};
    if (::poll(&readable, 1, static_cast<int>(limit.count())) == 0)
      FAIL("the node does not close the connection");
    auto count = ::read(fd_, chunk.data(), chunk.size());
    if (count <= 0)
      return result;
    result += static_cast<std::size_t>(count);
  }
}

// -- tcp_listener -------------------------------------------------------------

tcp_listener::tcp_listener()
  : fd_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
  auto address = local_address(0);
  socklen_t size = sizeof(address);
  auto* pointer = reinterpret_cast<sockaddr*>(&address);
  REQUIRE(::bind(fd_, pointer, size) == 0);
  REQUIRE(::listen(fd_, 8) == 0);
  REQUIRE(::getsockname(fd_, pointer, &size) == 0);
  port_ = ntohs(address.sin_port);
}

tcp_listener::~tcp_listener() {
  ::close(fd_);
}

// -- tcp_recorder -------------------------------------------------------------

tcp_recorder::tcp_recorder(std::uint16_t port)
  : stop_fd_{::eventfd(0, EFD_CLOEXEC)}, thread_{[this, port] {
      pass_on(port);
    }} {}

tcp_recorder::~tcp_recorder() {
  if (thread_.joinable()) {
    std::uint64_t one = 1;
    static_cast<void>(!::write(stop_fd_, &one, sizeof(one)));
    thread_.join();
  }
  ::close(stop_fd_);
}

const std::string& tcp_recorder::recording() {
  if (thread_.joinable())
    thread_.join();
  return recording_;
}

void tcp_recorder::pass_on(std::uint16_t port) {
  pollfd start[] = {{listener_.fd(), POLLIN, 0}, {stop_fd_, POLLIN, 0}};
  ::poll(start, 2, -1);
  if (start[1].revents != 0)
    return;
  int ends[] = {::accept(listener_.fd(), nullptr, nullptr), connect_to(port)};
  std::array<char, 64 * 1024> chunk;
  int open = 2;
  bool broken = ends[0] < 0 || ends[1] < 0;
  bool done[] = {false, false};
  while (open > 0 && !broken) {
    pollfd fds[] = {{done[0] ? -1 : ends[0], POLLIN, 0},
                    {done[1] ? -1 : ends[1], POLLIN, 0},
                    {stop_fd_, POLLIN, 0}};
    ::poll(fds, 3, -1);
    if (fds[2].revents != 0)
      break;
    for (int from = 0; from < 2; ++from) {
      if (fds[from].revents == 0)
        continue;
      auto count = ::read(ends[from], chunk.data(), chunk.size());
      if (count <= 0) {
        done[from] = true;
        --open;
        ::shutdown(ends[1 - from], SHUT_WR);
        continue;
      }
      std::string_view data{chunk.data(), static_cast<std::size_t>(count)};
      recording_.append(data);
      broken = broken || !write_all(ends[1 - from], data);
    }
  }
  for (auto fd : ends)
    ::close(fd);
}

} // namespace node_proxy::testing
