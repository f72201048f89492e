// A network that does not leave connections alone.

#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>

#include "tcp_forwarder.hpp"

namespace node_proxy::testing {

/// Cuts, stalls and delays all connections of a forwarder, at random times of
/// 50 to 500 ms, as long as it lives. What it does follows from the seed; when,
/// also from the machine.
class network_trouble {
public:
  network_trouble(tcp_forwarder& network, std::uint64_t seed);
  network_trouble(const network_trouble&) = delete;
  network_trouble& operator=(const network_trouble&) = delete;
  ~network_trouble();

  /// How often connections were cut, or stalled, so far.
  [[nodiscard]] std::uint64_t cuts() const noexcept { return cuts_; }
  [[nodiscard]] std::uint64_t stalls() const noexcept { return stalls_; }

private:
  void run(std::uint64_t seed);
  bool wait(std::chrono::milliseconds time);

  tcp_forwarder& network_;
  std::atomic<std::uint64_t> cuts_ = 0;
  std::atomic<std::uint64_t> stalls_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopped_ = false;
  std::thread thread_;
};

} // namespace node_proxy::testing
