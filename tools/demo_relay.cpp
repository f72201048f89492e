#include "demo_relay.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <string_view>
#include <system_error>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace node_proxy::tools {

namespace {

constexpr auto no_limit = std::numeric_limits<std::int64_t>::max();

sockaddr_in local(std::uint16_t port) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  result.sin_port = htons(port);
  return result;
}

/// Applies `f`, which is `bind` or `connect`, to a new socket.
/// @returns the socket, or -1.
int open_socket(std::uint16_t port, decltype(&::connect) f) {
  auto fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  auto address = local(port);
  if (f(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0)
    return fd;
  auto error = errno;
  ::close(fd);
  errno = error;
  return -1;
}

int open_listener() {
  auto fd = open_socket(0, ::bind);
  if (fd < 0 || ::listen(fd, SOMAXCONN) != 0)
    throw std::system_error{errno, std::generic_category(), "listen"};
  return fd;
}

std::uint16_t port_of(int fd) {
  sockaddr_in address{};
  socklen_t size = sizeof(address);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

bool write_all(int fd, std::string_view data) {
  while (!data.empty()) {
    auto count = ::send(fd, data.data(), data.size(), MSG_NOSIGNAL);
    if (count < 0 && errno != EINTR)
      return false;
    data.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  }
  return true;
}

/// Closes a socket such that the other side sees a broken connection.
void reset(int fd) {
  linger at_once{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  ::close(fd);
}

} // namespace

demo_relay::demo_relay()
  : listener_{open_listener()}, port_{port_of(listener_)}, left_{no_limit} {
  thread_ = std::thread{[this] {
    run();
  }};
}

demo_relay::~demo_relay() {
  stopped_.set();
  thread_.join();
  cut();
  ::close(listener_);
}

void demo_relay::run() {
  for (;;) {
    std::vector<pollfd> fds{{stopped_.fd(), POLLIN, 0}, {listener_, POLLIN, 0}};
    for (const auto& x : connections_) {
      fds.push_back({x.client, POLLIN, 0});
      fds.push_back({x.server, POLLIN, 0});
    }
    ::poll(fds.data(), fds.size(), -1);
    if (fds[0].revents != 0)
      return;
    const auto* entry = fds.data() + 2;
    for (auto i = connections_.begin(); i != connections_.end(); entry += 2) {
      auto goes_on = (entry[0].revents == 0 || pass_on(*i, true))
                     && (entry[1].revents == 0 || pass_on(*i, false));
      if (!goes_on) {
        // What was passed on before still arrives.
        ::close(i->client);
        ::close(i->server);
      }
      i = goes_on ? std::next(i) : connections_.erase(i);
    }
    if (left_ < 0) {
      left_ = no_limit;
      cut();
    }
    if (fds[1].revents != 0)
      accept();
  }
}

void demo_relay::accept() {
  auto client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (client < 0)
    return;
  if (auto server = open_socket(target_, ::connect); server >= 0)
    connections_.push_back({client, server});
  else
    reset(client);
}

/// @returns whether the connection goes on.
bool demo_relay::pass_on(connection& x, bool to_server) {
  std::array<char, 64 * 1024> chunk;
  auto count =
    ::read(to_server ? x.client : x.server, chunk.data(), chunk.size());
  if (count <= 0)
    return false;
  auto passing = static_cast<std::int64_t>(count);
  if (to_server) {
    auto before = left_.fetch_sub(passing);
    passing = std::clamp<std::int64_t>(before, 0, passing);
  }
  return write_all(to_server ? x.server : x.client,
                   {chunk.data(), static_cast<std::size_t>(passing)});
}

void demo_relay::cut() {
  for (const auto& x : connections_) {
    reset(x.client);
    reset(x.server);
  }
  connections_.clear();
}

} // namespace node_proxy::tools
