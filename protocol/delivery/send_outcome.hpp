// What becomes of messages that were to be sent.

#pragma once

#include <cstdint>
#include <optional>

#include <node_proxy/protocol/delivery/send_error.hpp>

namespace node_proxy::internal {

/// What the caller of a send is told about its message later.
using send_token = std::uint64_t;

/// The end of the way of messages with consecutive tokens; no failure means
/// that their engines took them.
struct send_outcome {
  /// Of the first of them.
  send_token token = 0;
  std::optional<send_failure> failure;
  std::uint64_t count = 1;

  /// Takes in the message with the token `next` if it is the next one and ended
  /// in the same way.
  [[nodiscard]] bool extend(send_token next,
                            const std::optional<send_failure>& how) {
    if (next != token + count || how != failure)
      return false;
    ++count;
    return true;
  }

  friend bool operator==(const send_outcome&, const send_outcome&) = default;
};

} // namespace node_proxy::internal
