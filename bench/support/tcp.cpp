#include "support/tcp.hpp"

#include <cerrno>
#include <system_error>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace bench {

namespace {

void check(bool done, const char* what) {
  if (!done)
    throw std::system_error{errno, std::generic_category(), what};
}

sockaddr_in this_host(std::uint16_t port) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  result.sin_port = htons(port);
  return result;
}

descriptor make_socket() {
  descriptor result{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  check(result.get() >= 0, "socket");
  return result;
}

void send_at_once(const descriptor& socket) {
  int on = 1;
  check(::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on))
          == 0,
        "setsockopt");
}

} // namespace

tcp_stream::tcp_stream(std::uint16_t port) : socket_{make_socket()} {
  auto to = this_host(port);
  check(::connect(fd(), reinterpret_cast<sockaddr*>(&to), sizeof(to)) == 0,
        "connect");
  send_at_once(socket_);
}

tcp_stream::tcp_stream(descriptor connected) : socket_{std::move(connected)} {
  send_at_once(socket_);
}

void tcp_stream::write_all(std::span<const std::byte> data) {
  while (!data.empty()) {
    auto count = ::send(fd(), data.data(), data.size(), MSG_NOSIGNAL);
    check(count >= 0, "send");
    data = data.subspan(static_cast<std::size_t>(count));
  }
}

void tcp_stream::end_writing() {
  check(::shutdown(fd(), SHUT_WR) == 0, "shutdown");
}

std::size_t tcp_stream::read_some(std::span<std::byte> to) {
  auto count = ::recv(fd(), to.data(), to.size(), 0);
  check(count >= 0, "recv");
  return static_cast<std::size_t>(count);
}

bool tcp_stream::read_all(std::span<std::byte> to) {
  while (!to.empty()) {
    auto count = read_some(to);
    if (count == 0)
      return false;
    to = to.subspan(count);
  }
  return true;
}

tcp_listener::tcp_listener() : socket_{make_socket()} {
  auto at = this_host(0);
  socklen_t size = sizeof(at);
  auto* generic = reinterpret_cast<sockaddr*>(&at);
  check(::bind(socket_.get(), generic, size) == 0, "bind");
  check(::listen(socket_.get(), SOMAXCONN) == 0, "listen");
  check(::getsockname(socket_.get(), generic, &size) == 0, "getsockname");
  port_ = ntohs(at.sin_port);
}

tcp_stream tcp_listener::accept() {
  descriptor connected{
    ::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
  check(connected.get() >= 0, "accept");
  return tcp_stream{std::move(connected)};
}

} // namespace bench
