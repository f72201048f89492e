// Acceptors: do the handshakes of inbound connections, before anybody knows who
// the peer is.

#pragma once

#include <memory>
#include <vector>

#include <node_proxy/actors/loop/event_loop.hpp>
#include <node_proxy/actors/node_config.hpp>
#include <node_proxy/actors/transport/acceptor_messages.hpp>
#include <node_proxy/actors/transport/transport_messages.hpp>

namespace node_proxy::internal {

/// Spawns a fixed number of acceptors. They have threads of their own, since a
/// handshake takes as long as hundreds of messages: those who are connected are
/// not to wait for those who want to be. A peer that has proven itself goes to
/// `router` as a `proven_connection`; all others are shut after
/// `peer_settings::handshake_timeout` at the latest.
[[nodiscard]] std::vector<inbound_handler>
spawn_acceptors(caf::actor_system& system, const node_config& config,
                admission_actor router, std::shared_ptr<event_loop> loop);

} // namespace node_proxy::internal
