// What a peer counts.

#pragma once

#include <cstdint>
#include <map>
#include <string_view>

#include <node_proxy/protocol/counts.hpp>

namespace node_proxy::internal {

/// About connections, plain counters like all of these.
struct connection_metrics {
  std::uint64_t attempts = 0;
  std::uint64_t failed_attempts = 0;
  std::uint64_t established = 0;
  /// Connections by the reason of their end: the names of each `end_reason`.
  std::map<std::string_view, std::uint64_t> ends;
};

/// About messages.
struct delivery_metrics {
  std::uint64_t messages_in = 0;
  std::uint64_t messages_out = 0;
  /// Of them, as they are encoded.
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  /// Messages that arrived and that engines have taken.
  std::uint64_t messages_taken = 0;
  std::uint64_t messages_rejected = 0;
  /// Unreliable messages that arrived and could not be taken.
  std::uint64_t unreliable_dropped = 0;
  /// Messages that went on once more on another connection.
  std::uint64_t messages_resent = 0;
  /// How long acknowledgements took that were measured (`round_trip`).
  duration_counts acknowledgements;
};

/// Since the peer was made.
struct peer_metrics : connection_metrics, delivery_metrics {
  /// Messages that engines of the peer have taken.
  std::uint64_t messages_delivered = 0;
  /// Those that failed, whether they had been queued or not, by reason.
  std::map<std::string_view, std::uint64_t> messages_failed;
  std::uint64_t frames_in = 0;
  std::uint64_t stale_adverts = 0;
  /// Those of a stranger that came too often to look at each.
  std::uint64_t unchecked_adverts = 0;
  /// Control frames of a later protocol version.
  std::uint64_t unknown_controls = 0;
};

} // namespace node_proxy::internal
