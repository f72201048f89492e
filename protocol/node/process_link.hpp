// What goes from one process of a node to another.

#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include <node_proxy/protocol/timestamp.hpp>

namespace node_proxy::internal {

/// One end of what joins a worker and its coordinator: it bounds what is under
/// way, as the middleman in between does not, and notices when the other end is
/// lost. Both say every now and then that they live, and how much they have
/// taken.
class process_link {
public:
  /// What may be under way: messages, and their octets. One more message may
  /// exceed the latter.
  static constexpr std::uint64_t max_messages = 16'384;
  static constexpr std::uint64_t max_bytes = 32 * 1024 * 1024;

  /// How much since the beginning.
  struct amount {
    std::uint64_t messages = 0;
    std::uint64_t bytes = 0;
  };

  /// @param timeout an end that is silent for longer is lost.
  process_link(duration timeout, steady_time now)
    : timeout_(timeout), heard_(now), sign_at_(now + timeout / 8) {}

  // -- events -----------------------------------------------------------------

  /// A message is sent to the other end.
  void handle_sent(std::uint64_t bytes) { add(sent_, bytes); }

  /// A message of the other end has been taken out of the mailbox.
  void handle_received(std::uint64_t bytes) { add(received_, bytes); }

  /// The other end says so.
  void handle_taken(const amount& total) { taken_ = total; }

  /// Anything has come of the other end.
  void handle_life(steady_time now) { heard_ = now; }

  // -- results ----------------------------------------------------------------

  /// What to tell the other end, if that is time: how much was taken.
  [[nodiscard]] std::optional<amount> poll_sign(steady_time now) {
    auto much = received_.messages - told_.messages >= max_messages / 4
                || received_.bytes - told_.bytes >= max_bytes / 4;
    if (!much && now < sign_at_)
      return std::nullopt;
    sign_at_ = now + timeout_ / 8;
    told_ = received_;
    return told_;
  }

  [[nodiscard]] steady_time poll_timeout() const {
    return std::min(sign_at_, heard_ + timeout_);
  }

  // -- state ------------------------------------------------------------------

  /// Whether one more message may be sent.
  [[nodiscard]] bool has_room() const {
    return sent_.messages - taken_.messages < max_messages
           && sent_.bytes - taken_.bytes < max_bytes;
  }

  /// For how long nothing has come of the other end.
  [[nodiscard]] duration silence(steady_time now) const { return now - heard_; }

  /// The other end has been silent for too long.
  [[nodiscard]] bool lost(steady_time now) const {
    return now >= heard_ + timeout_;
  }

private:
  static void add(amount& x, std::uint64_t bytes) {
    ++x.messages;
    x.bytes += bytes;
  }

  duration timeout_;
  steady_time heard_;
  steady_time sign_at_;
  amount sent_;
  amount taken_;
  amount received_;
  amount told_;
};

} // namespace node_proxy::internal
