// A network between nodes, for tests.

#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <thread>

#include "tcp.hpp"

namespace node_proxy::testing {

/// Passes connections on to a port of this host, and does to them what networks
/// do.
class tcp_forwarder {
public:
  /// @param to is where connections go to; 0 = nowhere so far.
  explicit tcp_forwarder(std::uint16_t to = 0);
  tcp_forwarder(const tcp_forwarder&) = delete;
  tcp_forwarder& operator=(const tcp_forwarder&) = delete;
  ~tcp_forwarder();

  /// Where to connect instead.
  [[nodiscard]] std::uint16_t port() const noexcept { return listener_.port(); }

  /// New connections go there.
  void redirect(std::uint16_t to);

  /// Ends all connections. What is under way is lost.
  void cut();

  /// Nothing passes any more, or again.
  void stall(bool stalled = true);

  /// Everything takes so much longer from now on.
  void delay(std::chrono::milliseconds time);

  /// Each direction of a connection takes so many bytes a second; 0 = no limit.
  void limit(std::uint64_t bytes_per_second);

  /// How many connections were passed on so far.
  [[nodiscard]] std::uint64_t accepted() const noexcept { return accepted_; }

  /// How many bytes of them all were taken, to be passed on.
  [[nodiscard]] std::uint64_t taken() const noexcept { return taken_; }

private:
  struct settings {
    std::uint16_t to = 0;
    bool stalled = false;
    bool cut = false;
    std::chrono::milliseconds delay{0};
    std::uint64_t rate = 0;
  };

  class wire;

  void change(const std::function<void(settings&)>& f);
  settings poll_settings();
  void run();
  void accept(std::uint16_t to);

  tcp_listener listener_;
  int wake_fd_;
  std::mutex mutex_;
  settings settings_;
  std::atomic<bool> stopped_ = false;
  std::atomic<std::uint64_t> accepted_ = 0;
  std::atomic<std::uint64_t> taken_ = 0;
  std::list<wire> wires_;
  std::thread thread_;
};

} // namespace node_proxy::testing
