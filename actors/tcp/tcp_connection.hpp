// A connection over TCP.

#pragma once

#include <memory>

#include <node_proxy/actors/loop/event_loop.hpp>
#include <node_proxy/actors/tcp/permit.hpp>
#include <node_proxy/actors/tcp/tcp_linger.hpp>
#include <node_proxy/actors/tcp/tcp_socket.hpp>
#include <node_proxy/actors/transport/connection.hpp>

namespace node_proxy::internal {

/// Makes a connection of a connected socket.
/// @param transport who waits until the peer has taken what was written last.
/// @param unproven is given back with `begin_stream`, or when the socket is
///                 closed.
[[nodiscard]] connection_ptr
make_tcp_connection(std::unique_ptr<watched_socket> socket,
                    linger_actor transport, permit unproven = {});

} // namespace node_proxy::internal
