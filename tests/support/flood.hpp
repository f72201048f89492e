// Strangers that connect to a node, many of them, and never prove themselves.

#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

#include <node_proxy/messages/basics.hpp>
#include <node_proxy/messages/identities.hpp>
#include <node_proxy/messages/transport_address.hpp>

namespace test {

using namespace node_proxy;

/// What strangers do once they are connected.
enum class stranger_habit {
  /// Nothing.
  silence,
  /// They send an octet each second.
  trickle,
  /// They send the first frame of a handshake, and nothing after that.
  half_a_handshake,
};

/// How a stranger begins that nobody has seen before.
[[nodiscard]] bytes first_frame_to(const node_id& node);

struct flood_plan {
  /// A node on 127.0.0.1.
  tcp_addr to;
  stranger_habit habit = stranger_habit::silence;
  /// From how many addresses they come in turn: 127.0.0.1, from which the
  /// tests' nodes come as well, or others.
  std::uint32_t addresses = 1;
  /// What they send, in turn.
  std::vector<bytes> frames;
  /// How many come each second.
  std::size_t each_second = 1'000;
  /// How many stay if they may. The next one takes the place of the first.
  std::size_t at_once = 1'000;
};

/// Goes on in a thread of its own until it is destroyed.
class flood {
public:
  explicit flood(flood_plan plan);
  flood(const flood&) = delete;
  flood& operator=(const flood&) = delete;
  ~flood();

  /// Waits until so many have come.
  void wait_for(std::size_t count) const;

  [[nodiscard]] std::size_t came() const { return came_; }

private:
  using clock_type = std::chrono::steady_clock;

  struct stranger {
    int fd = -1;
    clock_type::time_point next_octet;
    std::size_t sent = 0;
  };

  void run();
  void come();
  void trickle();

  flood_plan plan_;
  std::vector<stranger> here_;
  std::atomic<std::size_t> came_ = 0;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

} // namespace test
