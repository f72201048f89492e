// What the acceptor and the Router say to each other about connections from
// peers that are not known yet. All of it stays in the actor system.

#pragma once

#include <cstdint>
#include <memory>
#include <variant>

#include <node_proxy/actors/local_messages.hpp>
#include <node_proxy/actors/transport/transport_messages.hpp>
#include <node_proxy/messages/connect_reply.hpp>
#include <node_proxy/messages/connect_request.hpp>
#include <node_proxy/protocol/node/admission.hpp>
#include <node_proxy/protocol/node/unproven_connections.hpp>
#include <node_proxy/protocol/peer/end_causes.hpp>
#include <node_proxy/protocol/session/handshake.hpp>

namespace node_proxy::internal {

/// Somebody asks for a connection. It may be a replay, so the Router only looks
/// things up. Its answer holds until `proven_connection` or `request_ended`, of
/// which one has to follow.
struct admission_request {
  connect_request request;
};

/// A peer has proven itself on a connection.
struct proven_connection {
  std::shared_ptr<proven_session> session;
  connection_ptr connection;
  /// Since the connection was accepted.
  duration took{0};
};

/// Why a handshake came to nothing for its responder.
using handshake_failure =
  std::variant<close_reason, handshake_error, unproven_end, connect_reply_error,
               arrival_error>;

/// A handshake came to nothing before its initiator had proven itself.
struct handshake_failed {
  handshake_failure reason;
};

/// A request that the Router has answered came to nothing.
struct request_ended {
  node_id from;
  /// Of this node's numbers towards the peer.
  std::uint64_t epoch = 0;
};

/// What the acceptor asks and reports to: the Router.
using admission_actor =
  actor_interface<admission(admission_request), void(proven_connection),
                  void(handshake_failed), void(request_ended)>;

} // namespace node_proxy::internal
