// The clocks, for the core that has none.

#pragma once

#include <chrono>

#include <node_proxy/protocol/timestamp.hpp>

namespace node_proxy::internal {

/// The steady clock.
[[nodiscard]] inline steady_time steady_now() {
  return std::chrono::steady_clock::now().time_since_epoch();
}

/// The wall clock, counted from 2024-01-01 00:00 UTC.
[[nodiscard]] inline std::chrono::seconds wall_time() {
  constexpr std::chrono::sys_days origin{std::chrono::year{2024} / 1 / 1};
  return std::chrono::floor<std::chrono::seconds>(
    std::chrono::system_clock::now() - origin);
}

/// Both clocks; the steady one is that of the actor's system.
template <class Self>
[[nodiscard]] timestamp now_of(Self* self) {
  return {self->clock().now().time_since_epoch(), wall_time()};
}

} // namespace node_proxy::internal
