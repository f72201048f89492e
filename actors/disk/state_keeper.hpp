// The actor that writes a node's state to disk.

#pragma once

#include <node_proxy/actors/caf/compat.hpp>
#include <node_proxy/actors/exchange_messages.hpp>
#include <node_proxy/actors/local_messages.hpp>
#include <node_proxy/actors/log/node_log.hpp>
#include <node_proxy/protocol/node/stored_state.hpp>

namespace node_proxy::internal {

class node_store;

/// Time has come to write again what could not be written.
struct retry_write {};

/// Takes changes one after the other, each answered once it is written. One
/// that cannot be written is answered, too: it is kept, with all that come
/// after it, and they are tried again until they can, the last time when the
/// keeper ends. The log says when that begins and when it is over.
using state_keeper_actor =
  actor_interface<done(state_changes), void(retry_write)>;

/// Spawns it with a thread of its own, since disks can be slow. It closes the
/// database when it ends.
[[nodiscard]] state_keeper_actor spawn_state_keeper(caf::actor_system& system,
                                                    node_store store,
                                                    node_log log = {});

} // namespace node_proxy::internal
