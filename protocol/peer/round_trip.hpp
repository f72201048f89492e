// How long a peer takes to answer.

#pragma once

#include <cstdint>
#include <optional>

#include <node_proxy/protocol/timestamp.hpp>

namespace node_proxy::internal {

/// The smoothed round trip time of a connection (RFC 6298, section 2). One
/// message at a time is measured, from when it is sent to when it is
/// acknowledged.
class round_trip {
public:
  // -- events -----------------------------------------------------------------

  /// So long did an answer take.
  void handle_sample(duration taken) {
    smoothed_ = smoothed_ ? *smoothed_ + (taken - *smoothed_) / 8 : taken;
  }

  /// A message is sent, the last number of which is `number`.
  void handle_sent(std::uint64_t channel, std::uint64_t number,
                   steady_time now) {
    if (!measured_)
      measured_ = message{channel, number, now};
  }

  /// What is below `next` in a channel is acknowledged.
  /// @returns how long that took, if it was measured.
  std::optional<duration> handle_ack(std::uint64_t channel, std::uint64_t next,
                                     steady_time now) {
    if (!measured_ || measured_->channel != channel
        || next <= measured_->number)
      return std::nullopt;
    auto taken = now - measured_->at;
    handle_sample(taken);
    measured_.reset();
    return taken;
  }

  // -- state ------------------------------------------------------------------

  /// Nothing as long as nothing was measured.
  [[nodiscard]] std::optional<duration> smoothed() const { return smoothed_; }

private:
  struct message {
    std::uint64_t channel = 0;
    std::uint64_t number = 0;
    steady_time at{};
  };

  std::optional<duration> smoothed_;
  std::optional<message> measured_;
};

} // namespace node_proxy::internal
