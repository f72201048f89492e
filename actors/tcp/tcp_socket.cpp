#include <node_proxy/actors/tcp/tcp_socket.hpp>

#include <cerrno>
#include <cstdint>
#include <cstring>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

namespace node_proxy::internal {

namespace {

// As many connections as the operating system lets wait.
constexpr int listen_backlog = SOMAXCONN;

/// Bytes that the operating system takes before it can send them. What it has
/// taken is ahead of everything that comes later, so it is to take only what
/// keeps the network busy until this process has its turn.
constexpr int max_not_sent = 32 * 1024;

/// A way is short if an octet is there and back within so many microseconds, as
/// on one host or in one room.
constexpr std::uint32_t short_way = 300;

/// Bytes that wait on a short way until this process reads them. They are ahead
/// of everything that comes later, and Linux lets them become some megabytes
/// when there is much to read. These keep it busy, at a gigabyte a second.
constexpr int unread_on_short_way = 256 * 1024;

struct socket_address {
  sockaddr_storage storage{};
  socklen_t size = sizeof(storage);

  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

socket_address to_os(const tcp_addr& address) {
  socket_address result;
  if (const auto* ip = std::get_if<ipv4>(&address.ip)) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(address.port);
    std::memcpy(&in.sin_addr, ip->octets.data(), ip->octets.size());
    std::memcpy(&result.storage, &in, sizeof(in));
    result.size = sizeof(in);
  } else {
    const auto& host = std::get<ipv6>(address.ip);
    sockaddr_in6 in{};
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(address.port);
    in.sin6_scope_id = host.scope;
    std::memcpy(&in.sin6_addr, host.octets.data(), host.octets.size());
    std::memcpy(&result.storage, &in, sizeof(in));
    result.size = sizeof(in);
  }
  return result;
}

tcp_addr from_os(const socket_address& address) {
  tcp_addr result;
  if (address.storage.ss_family == AF_INET6) {
    sockaddr_in6 in{};
    std::memcpy(&in, &address.storage, sizeof(in));
    ipv6 ip;
    std::memcpy(ip.octets.data(), &in.sin6_addr, ip.octets.size());
    ip.scope = in.sin6_scope_id;
    result.ip = ip;
    result.port = ntohs(in.sin6_port);
  } else {
    sockaddr_in in{};
    std::memcpy(&in, &address.storage, sizeof(in));
    ipv4 ip;
    std::memcpy(ip.octets.data(), &in.sin_addr, ip.octets.size());
    result.ip = ip;
    result.port = ntohs(in.sin_port);
  }
  return result;
}

unexpected<os_error> last_error() {
  return unexpected{os_error{errno}};
}

void set(int fd, int level, int option, int value) {
  ::setsockopt(fd, level, option, &value, sizeof(value));
}

void enable(int fd, int level, int option) {
  set(fd, level, option, 1);
}

/// For a connection, or a listener, from which its connections inherit it.
void send_without_delay(int fd) {
  enable(fd, IPPROTO_TCP, TCP_NODELAY);
  set(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, max_not_sent);
}

/// For a new connection.
void receive_without_delay(int fd) {
  tcp_info info{};
  socklen_t size = sizeof(info);
  if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0
      && info.tcpi_rtt <= short_way)
    set(fd, SOL_SOCKET, SO_RCVBUF, unread_on_short_way);
}

expected<descriptor, os_error> open_socket(const tcp_addr& address) {
  auto family = std::holds_alternative<ipv4>(address.ip) ? AF_INET : AF_INET6;
  auto type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
  descriptor result{::socket(family, type, IPPROTO_TCP)};
  if (result.get() < 0)
    return last_error();
  return result;
}

} // namespace

expected<descriptor, os_error> open_listener(const tcp_addr& address) {
  auto result = open_socket(address);
  if (!result)
    return result;
  auto fd = result->get();
  send_without_delay(fd);
  // Connections of an earlier listener that are about to vanish do not matter.
  enable(fd, SOL_SOCKET, SO_REUSEADDR);
  // Exactly this address: [::] is not 0.0.0.0 as well.
  if (std::holds_alternative<ipv6>(address.ip))
    enable(fd, IPPROTO_IPV6, IPV6_V6ONLY);
  auto os_address = to_os(address);
  if (::bind(fd, os_address.get(), os_address.size) != 0)
    return last_error();
  if (::listen(fd, listen_backlog) != 0)
    return last_error();
  return result;
}

expected<descriptor, os_error> start_connecting(const tcp_addr& address) {
  // Nobody can listen at port 0; some systems would take it for another one.
  if (address.port == 0)
    return unexpected{os_error{EADDRNOTAVAIL}};
  auto result = open_socket(address);
  if (!result)
    return result;
  auto fd = result->get();
  send_without_delay(fd);
  auto os_address = to_os(address);
  if (::connect(fd, os_address.get(), os_address.size) != 0
      && errno != EINPROGRESS && errno != EINTR)
    return last_error();
  return result;
}

int connect_result(int fd) {
  int error = 0;
  socklen_t size = sizeof(error);
  if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
    return errno;
  if (error != 0)
    return error;
  socket_address remote;
  if (::getpeername(fd, remote.get(), &remote.size) != 0)
    return errno;
  // On one host, a socket that connects to the port that it was given itself
  // finds itself.
  if (from_os(remote) == local_address(fd))
    return ECONNREFUSED;
  receive_without_delay(fd);
  return 0;
}

std::optional<ip_address> ip_of(const sockaddr& address, std::size_t size) {
  auto is_ip = address.sa_family == AF_INET || address.sa_family == AF_INET6;
  socket_address copy;
  if (!is_ip || size > sizeof(copy.storage))
    return std::nullopt;
  std::memcpy(&copy.storage, &address, size);
  return from_os(copy).ip;
}

expected<accepted, os_error> accept_next(int listener) {
  socket_address from;
  descriptor socket{
    ::accept4(listener, from.get(), &from.size, SOCK_NONBLOCK | SOCK_CLOEXEC)};
  if (socket.get() < 0)
    return last_error();
  receive_without_delay(socket.get());
  return accepted{std::move(socket), from_os(from)};
}

bool is_among_last(int fd, std::size_t count) noexcept {
  rlimit limit{};
  // A new one has the lowest number that is free.
  return ::getrlimit(RLIMIT_NOFILE, &limit) == 0
         && static_cast<std::size_t>(fd) + count >= limit.rlim_cur;
}

tcp_addr local_address(int fd) {
  socket_address address;
  if (::getsockname(fd, address.get(), &address.size) != 0)
    return {};
  return from_os(address);
}

read_outcome read_some(int fd, std::span<std::byte> to) noexcept {
  for (;;) {
    auto count = ::recv(fd, to.data(), to.size(), MSG_DONTWAIT);
    if (count > 0)
      return {static_cast<std::size_t>(count), false};
    if (count < 0 && errno == EINTR)
      continue;
    auto is_empty = count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    return {0, !is_empty};
  }
}

std::size_t write_some(int fd, bytes_view data) noexcept {
  auto count =
    ::send(fd, data.data(), data.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  return count > 0 ? static_cast<std::size_t>(count) : 0;
}

void shut_down_writing(int fd) noexcept {
  ::shutdown(fd, SHUT_WR);
}

void abort_connection(int fd) noexcept {
  ::linger at_once{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  ::shutdown(fd, SHUT_RDWR);
}

errc error_code(os_error error) {
  switch (error.number) {
  case EADDRINUSE:
    return errc::address_in_use;
  case EADDRNOTAVAIL:
  case EAFNOSUPPORT:
  case EINVAL:
  case ENODEV:
    return errc::bad_address;
  case EACCES:
  case EPERM:
    return errc::not_permitted;
  case ECONNREFUSED:
    return errc::connection_refused;
  case ENETUNREACH:
  case ENETDOWN:
  case EHOSTUNREACH:
  case EHOSTDOWN:
    return errc::unreachable;
  case ETIMEDOUT:
    return errc::timed_out;
  case EMFILE:
  case ENFILE:
  case ENOBUFS:
  case ENOMEM:
    return errc::out_of_resources;
  default:
    return errc::connection_closed;
  }
}

} // namespace node_proxy::internal
