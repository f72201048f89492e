// Messages from engines of a node to engines of the same node.

#pragma once

#include <chrono>
#include <memory>

#include <node_proxy/actors/engines/engine_lanes.hpp>
#include <node_proxy/actors/engines/unanswered_failures.hpp>
#include <node_proxy/actors/log/node_log.hpp>
#include <node_proxy/actors/loop/event_loop.hpp>
#include <node_proxy/actors/proxy/node_proxy_service.hpp>

namespace node_proxy::internal {

/// End once everything is answered, or the grace is over.
struct stop_local_delivery {
  std::chrono::nanoseconds grace{0};
};

/// What a Node Proxy is for another node: an engine need not know whether the
/// one that it sends to lives on its own node. Outcomes, expiry and bounds are
/// the same, and so is what counts as taken.
using local_delivery_actor =
  actor_interface<delivered(routed_msg), batch_outcome(routed_batch),
                  void(stop_local_delivery), void(engines_answered),
                  void(engine_left), void(tick)>;

struct local_delivery_config {
  /// The node.
  node_id self;
  peer_settings settings;
  std::shared_ptr<event_loop> loop;
  std::shared_ptr<engine_directory> engines;
  node_log log;
  std::shared_ptr<unanswered_failures> unanswered;
};

/// Spawns the only one of a node. It ends some time after
/// `stop_local_delivery`.
[[nodiscard]] local_delivery_actor
spawn_local_delivery(caf::actor_system& system,
                     const local_delivery_config& config);

} // namespace node_proxy::internal
