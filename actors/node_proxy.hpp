// The Node Proxy: serves one remote node.

#pragma once

#include <node_proxy/actors/caf/compat.hpp>
#include <node_proxy/actors/caf/messages.hpp>

namespace node_proxy {

/// One handler for each variant of `NodeProxyMsg`
/// (arch.node.net.node_proxy_messages), in its order; these are in
/// <node_proxy/messages/node_proxy_msg.hpp>.
///
/// - `node_out_msg` is answered when the remote engine has taken the message,
///   or with one of the errors of `send_error`. A plain `send` that fails is
///   counted only (`node_metrics::unanswered_failures`).
/// - `node_msg` is a sealed message of the peer that arrived by another way
///   than a connection of this Node Proxy. Errors: connection_closed if no
///   connection is established, malformed if it cannot be encoded.
/// - `connect_request` is answered as the handshake would answer the peer.
/// - `connect_reply` is taken as the peer's word: an error ends or delays what
///   is queued, as in the handshake.
/// - `node_advert` is checked, used and forwarded to the Router.
/// - `connection_permanence` switches the connection either way.
///
/// A Node Proxy with which nothing is under way retires: the Router remembers
/// its peer and spawns another one when there is something to do again. A
/// handle that a user has got stays good; what is sent to it is passed on. Its
/// messages may come from other processes over CAF's middleman, too.
using node_proxy_actor =
  actor_interface<delivered(node_out_msg), node_msg_taken(node_msg),
                  connect_reply(connect_request), done(connect_reply),
                  node_advert_reply(node_advert), done(connection_permanence),
                  batch_outcome(node_out_batch)>;

} // namespace node_proxy
