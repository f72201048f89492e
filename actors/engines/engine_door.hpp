// A way for other processes of a node to a typed engine.

#pragma once

#include <memory>

#include <node_proxy/actors/engine_messages.hpp>
#include <node_proxy/actors/log/node_log.hpp>
#include <node_proxy/actors/loop/event_loop.hpp>

namespace node_proxy::internal {

struct engine_door_config {
  /// A typed engine of this process.
  register_engine engine;
  std::shared_ptr<event_loop> loop;
  /// Takes its answers.
  caf::actor_addr router;
  node_log log;
};

/// Spawns an engine that takes `engine_msg` for a typed one, whose types do not
/// leave the process: they are decoded here. A message is taken when the typed
/// engine has taken it, and fails when that does. It ends with that engine, for
/// the same reason.
[[nodiscard]] caf::actor spawn_engine_door(caf::actor_system& system,
                                           const engine_door_config& config);

} // namespace node_proxy::internal
