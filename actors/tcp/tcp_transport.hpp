// The transport for TCP (`tcp_addr`): listens, accepts and dials.

#pragma once

#include <cstddef>
#include <memory>

#include <node_proxy/actors/log/node_log.hpp>
#include <node_proxy/actors/loop/event_loop.hpp>
#include <node_proxy/actors/tcp/host_resolver.hpp>
#include <node_proxy/actors/transport/transport_messages.hpp>

namespace node_proxy::internal {

/// Starts the TCP transport. It never waits for the network, nor for who looks
/// up names. Send it an exit message to end it: it listens no more then, dials
/// that are under way fail with shutting_down, and connections that were closed
/// just before get a moment to end in good order.
/// @param max_dials how many dials may be under way, see `dial_budget`. Others
///        wait.
/// @param resolver looks up names, in threads of its own.
[[nodiscard]] transport_actor
spawn_tcp_transport(caf::actor_system& system, std::shared_ptr<event_loop> loop,
                    std::size_t max_dials, node_log log = {},
                    host_resolver resolver = find_hosts_of);

} // namespace node_proxy::internal
