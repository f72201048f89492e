// Times at which something is due, by name.

#pragma once

#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>
#include <optional>

#include <node_proxy/protocol/timestamp.hpp>

namespace node_proxy::internal {

/// One time, or none, for each enumerator of `Timer`, of which `Last` is the
/// last one; they start at 0 and have no gaps.
template <class Timer, Timer Last>
class timer_table {
public:
  timer_table() { stop_all(); }

  void set(Timer timer, steady_time at) { times_[index(timer)] = at; }

  void stop(Timer timer) { set(timer, never); }

  void stop_all() { times_.fill(never); }

  /// Whether the time of `timer` has come. That does not stop it.
  [[nodiscard]] bool expired(Timer timer, steady_time now) const {
    return times_[index(timer)] <= now;
  }

  /// The earliest of all times.
  [[nodiscard]] std::optional<steady_time> next() const {
    auto first = std::ranges::min(times_);
    return first == never ? std::nullopt : std::optional{first};
  }

private:
  // Later than whatever is waited for.
  static constexpr steady_time never = steady_time::max();

  static constexpr std::size_t index(Timer timer) {
    assert(timer <= Last);
    return static_cast<std::size_t>(timer);
  }

  std::array<steady_time, static_cast<std::size_t>(Last) + 1> times_;
};

} // namespace node_proxy::internal
