// Time as the protocol sees it: handed in, never read.

#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <optional>

#include <node_proxy/messages/basics.hpp>

namespace node_proxy {

/// A point on a clock that never runs backwards, counted from an origin that
/// only the caller knows.
using steady_time = std::chrono::nanoseconds;

/// A duration on that clock.
using duration = std::chrono::nanoseconds;

/// Whole microseconds, for reports; 0 for what is negative.
[[nodiscard]] constexpr std::uint64_t microseconds(duration x) {
  return x < duration{0} ? 0 : static_cast<std::uint64_t>(x.count()) / 1'000;
}

/// Whole milliseconds, likewise.
[[nodiscard]] constexpr std::uint64_t milliseconds(duration x) {
  return microseconds(x) / 1'000;
}

/// Both clocks at one moment.
struct timestamp {
  /// For intervals.
  steady_time steady{0};
  /// Since 2024-01-01 00:00 UTC, the origin of `abs_time`. It may jump.
  std::chrono::seconds wall{0};

  /// The minute of the wall clock; 0 if it stands before 2024.
  [[nodiscard]] abs_time minute() const {
    auto minutes = std::chrono::floor<std::chrono::minutes>(wall).count();
    return {minutes < 0 ? 0 : static_cast<std::uint64_t>(minutes)};
  }
};

namespace internal {

/// The first of those times that there are.
[[nodiscard]] inline std::optional<steady_time>
earliest(std::initializer_list<std::optional<steady_time>> times) {
  std::optional<steady_time> result;
  for (const auto& x : times)
    if (x)
      result = std::min(result.value_or(*x), *x);
  return result;
}

} // namespace internal

} // namespace node_proxy
