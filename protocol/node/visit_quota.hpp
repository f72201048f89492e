// How many visits of strangers are reported to operators.

#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include <node_proxy/protocol/timestamp.hpp>
#include <node_proxy/protocol/token_bucket.hpp>

namespace node_proxy::internal {

/// Whoever comes and goes all the time does not fill logs: of visits that are
/// too many nothing is reported but how much that would have been.
class visit_quota {
public:
  /// Visits that are reported at once, and each second.
  static constexpr double max = 100;
  static constexpr double rate = 5;

  /// How often it is reported how much was left out.
  static constexpr duration interval = std::chrono::seconds{10};

  /// A stranger is connected.
  /// @returns whether what it does is reported.
  [[nodiscard]] bool handle_visit(steady_time now) {
    now_ = now;
    return budget_.take(1, now);
  }

  /// Something was not reported.
  void handle_left_out() {
    if (left_out_++ == 0)
      due_ = std::max(due_, now_);
  }

  /// How much was left out since it was told last, if it is time to tell.
  [[nodiscard]] std::optional<std::uint64_t> poll_left_out(steady_time now) {
    now_ = now;
    if (left_out_ == 0 || due_ > now)
      return std::nullopt;
    due_ = now + interval;
    return std::exchange(left_out_, 0);
  }

  /// When to ask for that.
  [[nodiscard]] std::optional<steady_time> poll_timeout() const {
    return left_out_ == 0 ? std::nullopt : std::optional{due_};
  }

private:
  token_bucket budget_{max, rate};
  std::uint64_t left_out_ = 0;
  steady_time due_{};
  steady_time now_{};
};

} // namespace node_proxy::internal
