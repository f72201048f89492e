// A typed engine for a node of another process.

#pragma once

#include <memory>

#include <node_proxy/actors/engines/engine_directory.hpp>
#include <node_proxy/actors/engines/engine_lanes.hpp>
#include <node_proxy/actors/error.hpp>
#include <node_proxy/actors/log/node_log.hpp>
#include <node_proxy/actors/loop/event_loop.hpp>
#include <node_proxy/actors/router.hpp>

namespace node_proxy::internal {

/// The engine is to get nothing more. Its host ends when all that it got is
/// handled.
struct stop_engine_host {};

/// To the Router in the other process an engine like others, that takes
/// `engine_msg` and answers when it is handled. Here it is what a Node Proxy is
/// there: it decodes each message, has the engine take it, and sends the answer
/// to whoever asks. What its engine does not take it answers with an error that
/// tells the Router why (`engine_lanes`).
///
/// It ends with its engine, by an error if that does, and with the Router.
using engine_host_actor =
  actor_interface<done(engine_msg), void(engines_answered), void(engine_left),
                  void(stop_engine_host)>;

struct engine_host_config {
  std::shared_ptr<event_loop> loop;
  router_actor router;
  node_log log;
  /// The typed engine, and its name.
  register_engine engine;
};

/// Spawns a host. Errors: engine_gone if the engine has ended.
[[nodiscard]] caf::expected<engine_host_actor>
spawn_engine_host(caf::actor_system& system, const engine_host_config& config);

} // namespace node_proxy::internal
