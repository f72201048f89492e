// A TCP connection as an actor: a broker of CAF's that cuts the stream into
// frames. All brokers share one thread, so it does nothing else.

#pragma once

#include <node_proxy/actors/tcp_socket.hpp>
#include <node_proxy/actors/transport_messages.hpp>

namespace node_proxy {

/// Tells a connection that closing has taken long enough.
struct close_deadline {};

/// Makes a connection of a connected socket.
/// @param system where it lives; has the middleman loaded.
/// @param owner who owns it.
[[nodiscard]] connection_actor
spawn_tcp_connection(caf::actor_system& system, descriptor socket,
                     const connection_owner& owner);

/// Makes a connection that has no owner yet.
/// @param guardian who sees to it that somebody becomes the owner; if it ends
///        before that, so does the connection.
[[nodiscard]] connection_actor
spawn_tcp_connection(caf::actor_system& system, descriptor socket,
                     const inbound_handler& guardian);

} // namespace node_proxy
