// How often something may be done.

#pragma once

#include <algorithm>
#include <chrono>

#include <node_proxy/protocol/timestamp.hpp>

namespace node_proxy::internal {

/// So much at once, and so much each second. Time never runs backwards from
/// call to call.
class token_bucket {
public:
  token_bucket(double max, double rate) : max_(max), rate_(rate) {}

  /// How much there is.
  [[nodiscard]] double level(steady_time now) {
    std::chrono::duration<double> passed = now - filled_;
    if (is_full_)
      level_ = max_;
    else
      level_ = std::min(max_, level_ + passed.count() * rate_);
    is_full_ = level_ >= max_;
    filled_ = now;
    return level_;
  }

  /// Takes so much, whether there is so much or not.
  void take_anyway(double amount) {
    level_ -= amount;
    is_full_ = false;
  }

  /// @returns whether there was so much.
  [[nodiscard]] bool take(double amount, steady_time now) {
    if (level(now) < amount)
      return false;
    take_anyway(amount);
    return true;
  }

  /// Nothing was taken, or all is there again.
  [[nodiscard]] bool is_full(steady_time now) { return level(now) >= max_; }

private:
  double max_;
  double rate_;
  double level_ = 0;
  steady_time filled_{};
  bool is_full_ = true;
};

} // namespace node_proxy::internal
