// The transport for TCP (`tcp_addr`): listens, accepts and dials.

#pragma once

#include <node_proxy/actors/tcp_socket.hpp>
#include <node_proxy/actors/transport_messages.hpp>

namespace node_proxy {

/// Starts the TCP transport. It never looks up names and never waits for the
/// network in the thread that all brokers share. Send it an exit message to end
/// it: it listens no more then, dials that are under way fail with
/// shutting_down, and connections that were closed just before get a moment to
/// end in good order. Fails if there are no descriptors left.
[[nodiscard]] expected<transport_actor, os_error>
spawn_tcp_transport(caf::actor_system& system);

} // namespace node_proxy
