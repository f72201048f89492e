// What engines and their node say to each other, besides `engine_msg` and
// `node_out_msg`.

#pragma once

#include <node_proxy/actors/caf_compat.hpp>
#include <node_proxy/actors/caf_messages.hpp>
#include <node_proxy/messages/identities.hpp>

namespace node_proxy {

// An engine is any actor that takes `engine_msg`, or `engine_msg_batch` if it
// registered for batches. A message counts as taken, and is acknowledged to its
// sender, when the engine's handler for it has returned, with whatever result.

/// Makes `engine` reachable for other nodes under `name`, until it ends or is
/// unregistered. Errors: bad_config (empty, too long or not UTF-8),
/// name_in_use.
struct register_engine {
  engine_name name;
  caf::actor engine;
  /// It takes `engine_msg_batch` instead of `engine_msg`.
  bool batches = false;
};

struct engine_registered {
  engine_name name;
};

/// The opposite. Errors: unknown_engine.
struct unregister_engine {
  engine_name name;
};

struct engine_unregistered {
  engine_name name;
};

/// Asks for the engine of that name on this node. Errors: unknown_engine.
struct lookup_engine {
  engine_name name;
};

struct engine_found {
  caf::actor engine;
};

} // namespace node_proxy
