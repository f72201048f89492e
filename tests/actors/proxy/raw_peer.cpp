#include "raw_peer.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <stdexcept>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "support/comes_true.hpp"

namespace test {

using namespace node_proxy;

namespace {

sockaddr_in to_os(const tcp_addr& address) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_port = htons(address.port);
  std::memcpy(&result.sin_addr, std::get<ipv4>(address.ip).octets.data(), 4);
  return result;
}

void limit_waiting(int fd) {
  timeval limit{patience.count(), 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
}

int make_socket(int flags = 0) {
  auto fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
  if (fd < 0)
    throw std::runtime_error("no socket");
  limit_waiting(fd);
  int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  return fd;
}

/// @returns the port that it got.
std::uint16_t listen_at(int fd, const tcp_addr& address, int backlog) {
  auto os_address = to_os(address);
  auto* generic = reinterpret_cast<sockaddr*>(&os_address);
  socklen_t size = sizeof(os_address);
  if (::bind(fd, generic, size) != 0 || ::listen(fd, backlog) != 0
      || ::getsockname(fd, generic, &size) != 0)
    throw std::runtime_error("cannot listen");
  return ntohs(os_address.sin_port);
}

} // namespace

tcp_addr local_host(std::uint16_t port) {
  return {ipv4{{std::byte{127}, {}, {}, std::byte{1}}}, port};
}

tcp_addr local_host(std::uint16_t port, unsigned host) {
  return {ipv4{{std::byte{127}, {}, {}, static_cast<std::byte>(host)}}, port};
}

std::size_t open_descriptors() {
  std::filesystem::directory_iterator all{"/proc/self/fd"};
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

bool wait_for_descriptors(std::size_t count) {
  return comes_true([count] { return open_descriptors() <= count; });
}

raw_peer::raw_peer(const tcp_addr& address) : fd_{make_socket()} {
  auto os_address = to_os(address);
  if (::connect(fd_, reinterpret_cast<sockaddr*>(&os_address),
                sizeof(os_address))
      != 0) {
    close();
    throw std::runtime_error("cannot connect");
  }
}

raw_peer::raw_peer(const tcp_addr& address, const tcp_addr& from)
  : fd_{make_socket()} {
  auto os_address = to_os(address);
  auto os_from = to_os(from);
  if (::bind(fd_, reinterpret_cast<sockaddr*>(&os_from), sizeof(os_from)) != 0
      || ::connect(fd_, reinterpret_cast<sockaddr*>(&os_address),
                   sizeof(os_address))
           != 0) {
    close();
    throw std::runtime_error("cannot connect");
  }
}

raw_peer::raw_peer(const tcp_addr& address, no_wait)
  : fd_{make_socket(SOCK_NONBLOCK)} {
  auto os_address = to_os(address);
  [[maybe_unused]] auto result = ::connect(
    fd_, reinterpret_cast<sockaddr*>(&os_address), sizeof(os_address));
}

raw_peer::raw_peer(raw_peer&& other) noexcept
  : fd_{std::exchange(other.fd_, -1)} {}

raw_peer::~raw_peer() {
  close();
}

void raw_peer::reset() {
  linger at_once{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  close();
}

void raw_peer::close() {
  if (auto fd = std::exchange(fd_, -1); fd >= 0)
    ::close(fd);
}

bool raw_peer::send(bytes_view data) {
  while (!data.empty()) {
    auto count = ::send(fd_, data.data(), data.size(), MSG_NOSIGNAL);
    if (count <= 0)
      return false;
    data = data.subspan(static_cast<std::size_t>(count));
  }
  return true;
}

std::size_t raw_peer::send_some(bytes_view data) {
  auto count =
    ::send(fd_, data.data(), data.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  return count > 0 ? static_cast<std::size_t>(count) : 0;
}

bytes raw_peer::receive(std::size_t size) {
  bytes result(size);
  std::size_t have = 0;
  while (have < size) {
    auto count = ::recv(fd_, result.data() + have, size - have, 0);
    if (count <= 0)
      break;
    have += static_cast<std::size_t>(count);
  }
  result.resize(have);
  return result;
}

bytes raw_peer::receive_some() {
  bytes result(64 * 1024);
  auto count = ::recv(fd_, result.data(), result.size(), MSG_DONTWAIT);
  result.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  return result;
}

bool raw_peer::sees_end() {
  std::byte data[4096];
  for (;;) {
    auto count = ::recv(fd_, data, sizeof(data), 0);
    if (count == 0)
      return true;
    if (count < 0)
      return errno == ECONNRESET;
  }
}

// -- raw_listener -------------------------------------------------------------

raw_listener::raw_listener(const tcp_addr& address)
  : fd_{make_socket()}, address_{address} {
  address_.port = listen_at(fd_, address, SOMAXCONN);
}

raw_listener::~raw_listener() {
  ::close(fd_);
}

raw_peer raw_listener::accept() {
  auto fd = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
  if (fd < 0)
    throw std::runtime_error("nobody connected");
  limit_waiting(fd);
  return raw_peer{fd};
}

bool raw_listener::has_caller() const {
  pollfd queued{fd_, POLLIN, 0};
  return ::poll(&queued, 1, 0) > 0;
}

// -- full_listener ------------------------------------------------------------

full_listener::full_listener(const tcp_addr& at) : fd_{make_socket()} {
  address_ = local_host(listen_at(fd_, at, 0));
  // The queue has room for one, and some systems round up.
  for (int count = 0; count < 4; ++count)
    waiting_.emplace_back(address_, raw_peer::no_wait{});
}

full_listener::~full_listener() {
  ::close(fd_);
}

} // namespace test
