// What acceptors and the Router say to each other about connections from peers
// that are not known yet. All of it stays in the actor system.

#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include <node_proxy/actors/local_messages.hpp>
#include <node_proxy/actors/transport/transport_messages.hpp>
#include <node_proxy/messages/connect_request.hpp>
#include <node_proxy/protocol/session/handshake.hpp>
#include <node_proxy/protocol/session/negotiation.hpp>

namespace node_proxy::internal {

/// Somebody asks for a connection. It may be a replay, so the Router only looks
/// things up.
struct admission_request {
  connect_request request;
};

/// What the Router knows about that peer.
struct admission {
  connect_facts facts;
  /// Of this node's numbers towards the peer.
  std::uint64_t epoch = 0;
  /// The epoch was made up for this answer: nothing is remembered of the peer.
  bool is_new = false;
};

/// A peer has proven itself on a connection.
struct proven_connection {
  std::shared_ptr<proven_session> session;
  connection_ptr connection;
  /// The epoch of the session was new, see `admission`.
  bool is_new = false;
};

/// A handshake came to nothing before its initiator had proven itself.
struct handshake_failed {
  std::string_view reason;
};

/// What acceptors ask and tell: the Router.
using admission_actor =
  actor_interface<admission(admission_request), void(proven_connection),
                  void(handshake_failed)>;

} // namespace node_proxy::internal
