// What the directory of peers wants done by its shell.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <variant>

#include <node_proxy/messages/connect_reply.hpp>
#include <node_proxy/messages/identities.hpp>
#include <node_proxy/messages/node_advert.hpp>
#include <node_proxy/protocol/crypto/noise_types.hpp>
#include <node_proxy/protocol/peer/address_memory.hpp>
#include <node_proxy/protocol/peer/peer_record.hpp>
#include <node_proxy/protocol/peer/standing.hpp>

namespace node_proxy::internal {

/// Serve a peer: there is something to do with it.
struct serve_peer {
  node_id id;
  noise_public_key key{};
  /// What is remembered of it; at least an epoch.
  peer_record record;
  /// Where it may be.
  std::optional<known_node> known;
  /// It is to be kept connected.
  bool permanent = false;
  peer_standing standing = peer_standing::guest;
};

/// A peer that is served stands in another way: `peer::handle_standing`.
struct regard_peer {
  node_id id;
  peer_standing standing = peer_standing::guest;
};

/// The place of a peer that is served is for another one:
/// `peer::handle_displacement`.
struct displace_peer {
  node_id id;
};

/// Connect to a peer that is served and was lost: `peer::handle_seek`.
struct seek_peer {
  node_id id;
};

/// A peer that is served may be reached again: `peer::handle_way_back`.
struct hurry_peer {
  node_id id;
};

/// Somebody told of the advert of a peer that is served:
/// `peer::handle_introduction`.
struct introduce_peer {
  node_advert advert;
};

/// This node has a new advert: `peer::handle_local_advert` of all.
struct announce_advert {
  std::shared_ptr<const node_advert> advert;
};

/// An operator is to know that a peer is not kept connected, as it was to be.
struct report_denied {
  node_id id;
  send_error reason = send_error::denied;
};

/// An operator is to know that a node that asked for a connection was turned
/// away: `denied` by the policy of this node, or there was no room for it
/// (`over_capacity`). It has not proven that it is the one.
struct report_turned_away {
  node_id id;
  connect_reply_error reason = connect_reply_error::denied;
};

/// An operator is to know that so many events of strangers were not reported.
struct report_left_out {
  std::uint64_t events = 0;
};

using directory_action =
  std::variant<serve_peer, regard_peer, displace_peer, seek_peer, hurry_peer,
               introduce_peer, announce_advert, report_denied,
               report_turned_away, report_left_out>;

} // namespace node_proxy::internal
