// How long to wait before the next attempt to connect.

#pragma once

#include <algorithm>

#include <node_proxy/protocol/crypto/random_source.hpp>
#include <node_proxy/protocol/timestamp.hpp>

namespace node_proxy::internal {

/// When a peer may be dialled next, and what comes after that.
struct dial_pace {
  steady_time not_before{};
  /// How long the wait after that may be.
  duration ceiling{};
};

/// Exponential backoff with full jitter: the n-th delay is drawn evenly from 0
/// up to `base` times 2^n, at most `cap`.
class backoff {
public:
  /// @param ceiling where an earlier one had come to; 0 for none.
  backoff(duration base, duration cap, duration ceiling = {})
    : base_(base), cap_(cap), ceiling_(std::clamp(ceiling, base, cap)) {}

  /// Draws the delay before the next attempt.
  [[nodiscard]] duration next(random_source& random) {
    auto ceiling = ceiling_;
    ceiling_ = std::min(cap_, ceiling_ * 2);
    return random.below(ceiling + duration{1});
  }

  /// Begins anew after success.
  void reset() { ceiling_ = base_; }

  /// The longest that the next delay may be.
  [[nodiscard]] duration ceiling() const { return ceiling_; }

private:
  duration base_;
  duration cap_;
  duration ceiling_;
};

} // namespace node_proxy::internal
