// What a peer wants done by its shell.

#pragma once

#include <cstdint>
#include <optional>
#include <variant>

#include <node_proxy/messages/connect_reply.hpp>
#include <node_proxy/messages/engine_msg.hpp>
#include <node_proxy/messages/node_advert.hpp>
#include <node_proxy/protocol/delivery/delivery_id.hpp>
#include <node_proxy/protocol/delivery/outbox.hpp>
#include <node_proxy/protocol/peer/address_memory.hpp>
#include <node_proxy/protocol/peer/dialler.hpp>
#include <node_proxy/protocol/peer/end_reason.hpp>
#include <node_proxy/protocol/peer_status.hpp>
#include <node_proxy/protocol/session/session.hpp>

namespace node_proxy::internal {

/// Connect to an address; answer with `handle_dialled` or `handle_dial_failed`,
/// however long that takes. It may have to wait until others have come to their
/// end, see `dial_budget`. If it is a name (`dns_addr`), look it up, and answer
/// with `handle_hosts` or `handle_dial_failed`: see `lookup_budget`.
using dial_peer = dialler::attempt;

/// What comes of this attempt is no longer wanted. No answer has any effect.
struct cancel_dial {
  attempt_id attempt = 0;
};

/// Write whole frames, and tell with `handle_written` how much has gone.
struct transmit_frames {
  connection_id connection = 0;
  bytes frames;
};

/// Write what was handed out before, then close. Nothing is heard of this
/// connection again.
struct close_connection {
  connection_id connection = 0;
};

/// Give a message to the engine `msg.target.name`; answer with
/// `handle_finished`.
struct deliver_message {
  delivery_id id;
  engine_msg msg;
};

/// The peer has a new advert.
struct learned_advert {
  node_advert advert;
};

/// There is more to know about where the peer can be reached, or less.
struct learned_addresses {
  address_memory memory;
};

/// The peer knows a newer advert of this node than this node itself, signed by
/// this node: a still newer one is to be issued.
struct overtaken_advert {
  std::uint64_t version = 0;
};

/// The peer is connected.
struct peer_connected {
  std::uint64_t proto_ver = 0;
  connection_role role = connection_role::initiator;
};

/// Unacknowledged messages of an earlier connection go on on this one.
struct peer_resumed {
  /// Messages that are sent once more.
  std::uint64_t resent = 0;
};

/// The peer is no longer connected.
struct peer_disconnected {
  end_reason reason = close_reason::lost;
};

/// The peer refused the connection.
struct peer_refused {
  connect_reply_error reason = connect_reply_error::denied;
};

/// Two processes at once have the key of one node, and displace each other.
struct peer_key_shared {
  /// The peer says that it is the key of this node; otherwise this node has
  /// seen that it is the peer's.
  bool is_own = false;
};

/// None of the peer's addresses led to a connection.
struct peer_unreachable {
  /// How the last attempt of the round ended. If there was none, it is an
  /// obstacle, or an objection to `place`, the first of its addresses.
  std::variant<end_reason, obstacle_kind, dial_objection> reason =
    dial_error::unreachable;
  /// Where, if that is known.
  std::optional<destination> place = std::nullopt;

  /// There was no attempt.
  [[nodiscard]] bool undialled() const {
    return !std::holds_alternative<end_reason>(reason);
  }
};

/// The same of a peer that somebody here has vouched for, each time.
struct peer_connect_failed {
  std::optional<transport_address> address;
  end_reason reason = dial_error::unreachable;
};

/// Something an operator wants to know.
using peer_event =
  std::variant<peer_connected, peer_resumed, peer_disconnected, peer_refused,
               peer_key_shared, peer_unreachable, peer_connect_failed>;

/// One thing to do.
using peer_action =
  std::variant<dial_peer, cancel_dial, transmit_frames, close_connection,
               deliver_message, send_outcome, learned_advert, learned_addresses,
               overtaken_advert, peer_event>;

} // namespace node_proxy::internal
