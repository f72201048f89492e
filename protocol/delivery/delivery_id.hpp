// How a message is called between its arrival and the engine that takes it.

#pragma once

#include <cstdint>
#include <variant>

namespace node_proxy::internal {

/// Names a reliable message.
struct reliable_id {
  /// Counts how often the peer's numbers began anew.
  std::uint64_t generation = 0;
  /// The channel that it came in, see `incoming_channel`.
  std::uint64_t channel = 0;
  /// The message's first number.
  std::uint64_t first = 0;

  friend bool operator==(const reliable_id&, const reliable_id&) = default;
};

/// Names an unreliable message.
struct unreliable_id {
  /// Counts the unreliable messages that were handed out.
  std::uint64_t number = 0;

  friend bool operator==(const unreliable_id&, const unreliable_id&) = default;
};

/// Names a message of one peer.
using delivery_id = std::variant<reliable_id, unreliable_id>;

} // namespace node_proxy::internal
