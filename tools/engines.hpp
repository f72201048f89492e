// The engines that `run` offers.

#pragma once

#include <node_proxy/actors/router.hpp>

#include "engine_option.hpp"
#include "json_lines.hpp"

namespace node_proxy::tools {

/// Spawns an engine; it is to be registered for batches. It writes to `out`,
/// which has to live longer. `caf::flush_atom` ends it, behind all messages
/// that were sent to it before. An echo engine begins its work when it gets the
/// Router of its node, as a `caf::actor`.
[[nodiscard]] caf::actor spawn_engine(caf::actor_system& system,
                                      const engine_option& what,
                                      json_lines& out);

} // namespace node_proxy::tools
