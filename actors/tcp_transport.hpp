// The transport for TCP (`tcp_addr`): listens, accepts and dials.

#pragma once

#include <node_proxy/actors/transport_messages.hpp>

namespace node_proxy {

/// Starts the TCP transport. It never looks up names and never waits for the
/// network in the thread that all brokers share. Send it an exit message to end
/// it: it listens no more then, dials that are under way fail with
/// shutting_down, and the connections that there are stay with their owners.
[[nodiscard]] transport_actor spawn_tcp_transport(caf::actor_system& system);

} // namespace node_proxy
