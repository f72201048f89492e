// Plain TCP, for tests that speak to a node without its protocol, or listen in.

#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <thread>

#include <netinet/in.h>

namespace node_proxy::testing {

/// An address of this host.
[[nodiscard]] sockaddr_in local_address(std::uint16_t port);

/// Connects to a port of this host. The socket, or -1. To read from it fails
/// after `patience`.
[[nodiscard]] int connect_to(std::uint16_t port);

/// A connection to this host.
class tcp_client {
public:
  explicit tcp_client(std::uint16_t port);
  tcp_client(const tcp_client&) = delete;
  tcp_client& operator=(const tcp_client&) = delete;
  ~tcp_client();

  void write(std::string_view data);

  /// Waits until the other side ends the connection. How many octets came
  /// before.
  std::size_t read_to_end();

private:
  int fd_;
};

/// A socket that listens at some port of this host and accepts nothing.
class tcp_listener {
public:
  tcp_listener();
  tcp_listener(const tcp_listener&) = delete;
  tcp_listener& operator=(const tcp_listener&) = delete;
  ~tcp_listener();

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] int fd() const noexcept { return fd_; }

private:
  int fd_;
  std::uint16_t port_ = 0;
};

/// Stands between two nodes: passes one connection on and keeps a copy of all
/// that goes through, in both directions.
class tcp_recorder {
public:
  /// @param port is where the connection goes to.
  explicit tcp_recorder(std::uint16_t port);
  tcp_recorder(const tcp_recorder&) = delete;
  tcp_recorder& operator=(const tcp_recorder&) = delete;
  ~tcp_recorder();

  /// Where to connect instead.
  [[nodiscard]] std::uint16_t port() const noexcept { return listener_.port(); }

  /// All that went through. Waits for the end of the connection.
  const std::string& recording();

private:
  void pass_on(std::uint16_t port);

  tcp_listener listener_;
  int stop_fd_;
  std::string recording_;
  std::thread thread_;
};

} // namespace node_proxy::testing
