// The transport for TCP (`tcp_addr`): listens, accepts and dials.

#pragma once

#include <cstddef>
#include <memory>

#include <node_proxy/actors/log/node_log.hpp>
#include <node_proxy/actors/loop/event_loop.hpp>
#include <node_proxy/actors/transport/transport_messages.hpp>

namespace node_proxy::internal {

/// What strangers, and those who lead nowhere, may take of this host.
struct tcp_limits {
  /// How many inbound connections there may be altogether from peers that have
  /// not proven themselves (`begin_stream`), until their sockets are closed.
  /// More are shut at once, so that strangers cannot use up all descriptors,
  /// however slow or fast they are.
  std::size_t max_unproven = 0;
  /// How many dials may be under way, see `dial_budget`. Others wait.
  std::size_t max_dials = 0;
};

/// Starts the TCP transport. It never looks up names and never waits for the
/// network. Send it an exit message to end it: it listens no more then, dials
/// that are under way fail with shutting_down, and connections that were closed
/// just before get a moment to end in good order.
[[nodiscard]] transport_actor
spawn_tcp_transport(caf::actor_system& system, std::shared_ptr<event_loop> loop,
                    const tcp_limits& limits, node_log log = {});

} // namespace node_proxy::internal
