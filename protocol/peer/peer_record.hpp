// What is left to remember of a peer with which nothing is under way.

#pragma once

#include <cstdint>
#include <optional>

#include <node_proxy/messages/transport_address.hpp>
#include <node_proxy/protocol/delivery/inbox.hpp>
#include <node_proxy/protocol/delivery/outbox.hpp>
#include <node_proxy/protocol/peer/backoff.hpp>
#include <node_proxy/protocol/timestamp.hpp>
#include <node_proxy/protocol/wire/hello.hpp>

namespace node_proxy::internal {

/// All that it takes to go on with a peer where it was left: each message is
/// still delivered once. Without its record a peer begins anew, as after a
/// restart.
struct peer_record {
  /// Of this node's numbers towards the peer.
  std::uint64_t epoch = 0;
  outbox_record out = {};
  /// Absent if nothing is remembered of the peer's numbers.
  std::optional<inbox_record> in = std::nullopt;
  /// The last connection, see `hello::prev`.
  std::optional<connection_digest> last_established = std::nullopt;
  /// The peer's epoch was in use after that.
  steady_time remote_epoch_since{};
  dial_pace pace = {};
  /// Nothing of this goes on. It is worth remembering only for a peer that has
  /// been told the epoch and may be about to come.
  bool finished = false;
  /// The host from which the peer has called last, if it has.
  std::optional<ip_address> called_from = std::nullopt;

  /// Messages of these numbers were exchanged: without the record they may come
  /// twice.
  [[nodiscard]] bool used() const { return out.next > 0 || (in && in->used); }
};

} // namespace node_proxy::internal
