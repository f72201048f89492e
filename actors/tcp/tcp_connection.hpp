// A connection over TCP.

#pragma once

#include <memory>
#include <optional>

#include <node_proxy/actors/loop/event_loop.hpp>
#include <node_proxy/actors/tcp/permit_pool.hpp>
#include <node_proxy/actors/tcp/tcp_linger.hpp>
#include <node_proxy/actors/tcp/tcp_socket.hpp>
#include <node_proxy/actors/transport/connection.hpp>

namespace node_proxy::internal {

/// Makes a connection of a connected socket.
/// @param transport who waits until the peer has taken what was written last.
/// @param unproven is given back with `begin_stream`, or when the socket is
///                 closed.
/// @param from the host at its other end, if that has called and is known.
[[nodiscard]] connection_ptr
make_tcp_connection(std::unique_ptr<watched_socket> socket,
                    linger_actor transport, permit unproven = {},
                    std::optional<ip_address> from = std::nullopt);

} // namespace node_proxy::internal
