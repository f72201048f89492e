// The actor that writes a node's state to disk.

#pragma once

#include <node_proxy/actors/caf_compat.hpp>
#include <node_proxy/actors/caf_messages.hpp>
#include <node_proxy/actors/node_store.hpp>

namespace node_proxy {

/// Takes changes one after the other, each answered once it is written or, as
/// the log tells then, cannot be.
using state_keeper_actor = actor_interface<done(state_changes)>;

/// Spawns it with a thread of its own, since disks can be slow. It closes the
/// database when it ends.
[[nodiscard]] state_keeper_actor spawn_state_keeper(caf::actor_system& system,
                                                    node_store store);

} // namespace node_proxy
