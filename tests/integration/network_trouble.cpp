#include "network_trouble.hpp"

#include "support/octets.hpp"

namespace node_proxy::testing {

network_trouble::network_trouble(tcp_forwarder& network, std::uint64_t seed)
  : network_{network}, thread_{[this, seed] {
      run(seed);
    }} {}

network_trouble::~network_trouble() {
  {
    std::lock_guard lock{mutex_};
    stopped_ = true;
  }
  changed_.notify_all();
  thread_.join();
  network_.stall(false);
  network_.delay({});
}

void network_trouble::run(std::uint64_t seed) {
  auto random = test::seeded(seed);
  auto between = [&random](std::uint64_t from, std::uint64_t to) {
    return std::chrono::milliseconds{from + random.below(to - from + 1)};
  };
  while (wait(between(50, 500))) {
    switch (random.below(3)) {
    case 0:
      ++cuts_;
      network_.cut();
      break;
    case 1:
      ++stalls_;
      network_.stall();
      wait(between(50, 500));
      network_.stall(false);
      break;
    default:
      network_.delay(between(0, 50));
    }
  }
}

/// @returns false if there is to be an end.
bool network_trouble::wait(std::chrono::milliseconds time) {
  std::unique_lock lock{mutex_};
  return !changed_.wait_for(lock, time, [this] { return stopped_; });
}

} // namespace node_proxy::testing
