// A connection over TCP.

#pragma once

#include <memory>

#include <node_proxy/actors/connection.hpp>
#include <node_proxy/actors/tcp_linger.hpp>
#include <node_proxy/actors/tcp_poller.hpp>
#include <node_proxy/actors/tcp_socket.hpp>

namespace node_proxy {

/// Makes a connection of a connected socket.
/// @param poller who tells its owner that it can go on.
/// @param transport who waits until the peer has taken what was written last.
[[nodiscard]] connection_ptr
make_tcp_connection(descriptor socket, std::shared_ptr<tcp_poller> poller,
                    linger_actor transport);

} // namespace node_proxy
