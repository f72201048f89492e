// The acceptor: sees to inbound connections, before anybody knows who the peer
// is.

#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include <node_proxy/actors/loop/event_loop.hpp>
#include <node_proxy/actors/node_config.hpp>
#include <node_proxy/actors/transport/acceptor_messages.hpp>
#include <node_proxy/actors/transport/handshake_worker.hpp>
#include <node_proxy/actors/transport/transport_messages.hpp>

namespace node_proxy::internal {

/// Spawns the acceptor of a node. It owns all connections whose peers have not
/// proven themselves, and does what `unproven_connections` says about them. A
/// peer that has proven itself goes to `router` as a `proven_connection`.
/// @param places how many such connections there may be.
/// @param workers compute for it.
[[nodiscard]] inbound_handler
spawn_acceptor(caf::actor_system& system, std::shared_ptr<event_loop> loop,
               const node_config& config, std::size_t places,
               admission_actor router,
               const std::vector<handshake_worker>& workers);

} // namespace node_proxy::internal
