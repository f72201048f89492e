// The network of the demonstration.

#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <thread>

#include "wakeup.hpp"

namespace node_proxy::tools {

/// Passes TCP connections on to another port of this host, and cuts them when
/// it is told to. One direction may hold up the other one, and with one all is
/// closed: that is good enough for nodes, which always read, and end a
/// connection when all is said.
class demo_relay {
public:
  /// Throws `std::system_error`.
  demo_relay();
  demo_relay(const demo_relay&) = delete;
  demo_relay& operator=(const demo_relay&) = delete;

  /// Those who are connected have to end before, as they may be waited for.
  ~demo_relay();

  /// The port to connect to, on 127.0.0.1.
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

  /// Connections that come from now on go to `port`.
  void pass_on_to(std::uint16_t port) noexcept { target_ = port; }

  /// Passes on that many octets more to the target. As soon as another one has
  /// come, that is lost, and all connections are cut, once.
  void cut_after(std::int64_t octets) noexcept { left_ = octets; }

private:
  struct connection {
    int client;
    int server;
  };

  void run();
  void accept();
  bool pass_on(connection& x, bool to_server);
  void cut();

  int listener_;
  std::uint16_t port_;
  wakeup stopped_;
  std::atomic<std::uint16_t> target_ = 0;
  std::atomic<std::int64_t> left_;
  std::list<connection> connections_;
  std::thread thread_;
};

} // namespace node_proxy::tools
