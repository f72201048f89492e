// What happens to the node, as JSON lines.

#pragma once

#include <node_proxy/actors/caf/compat.hpp>

#include "json_lines.hpp"
#include "node_names.hpp"
#include "recent_events.hpp"

namespace node_proxy::tools {

/// Spawns an actor that writes each `node_event` to `out`, and adds it to
/// `events`, there with the name of the node; both have to live longer. It
/// ends with `caf::flush_atom`, behind
/// all events that were sent to it before.
[[nodiscard]] caf::actor spawn_observer(caf::actor_system& system,
                                        json_lines& out, recent_events& events,
                                        node_names names);

} // namespace node_proxy::tools
