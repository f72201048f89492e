// What acceptors and the Router say to each other about connections from peers
// that are not known yet. All of it stays in the actor system.

#pragma once

#include <memory>
#include <string_view>

#include <node_proxy/actors/local_messages.hpp>
#include <node_proxy/actors/transport/transport_messages.hpp>
#include <node_proxy/messages/connect_request.hpp>
#include <node_proxy/protocol/node/admission.hpp>
#include <node_proxy/protocol/session/handshake.hpp>

namespace node_proxy::internal {

/// Somebody asks for a connection. It may be a replay, so the Router only looks
/// things up.
struct admission_request {
  connect_request request;
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

/// What acceptors ask and report to: the Router.
using admission_actor =
  actor_interface<admission(admission_request), void(proven_connection),
                  void(handshake_failed)>;

} // namespace node_proxy::internal
