// The actor behind a handle for an engine of another node.

#pragma once

#include <memory>

#include <node_proxy/actors/engine_interface.hpp>
#include <node_proxy/actors/engines/unanswered_failures.hpp>
#include <node_proxy/actors/loop/event_loop.hpp>
#include <node_proxy/actors/node_access.hpp>

namespace node_proxy::internal {

struct engine_client_config {
  /// Where it runs. Like the Router, null if the node has been shut down.
  std::shared_ptr<event_loop> loop;
  node_id self;
  engine_id whom;
  remote_options options;
  std::shared_ptr<const engine_interface> types;
  router_actor router;
  std::shared_ptr<unanswered_failures> unanswered;
};

/// Spawns an actor that takes what the interface of the engine says, and sends
/// it there: all that is in its mailbox at a time as one batch. Ends as
/// `node::remote` says.
[[nodiscard]] caf::actor spawn_engine_client(caf::actor_system& system,
                                             engine_client_config config);

} // namespace node_proxy::internal
