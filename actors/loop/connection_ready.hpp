// How owners of connections are notified.

#pragma once

#include <node_proxy/actors/caf/compat.hpp>
#include <node_proxy/actors/local_messages.hpp>
#include <node_proxy/protocol/ids.hpp>

namespace node_proxy::internal {

/// There may be something to read again, or room to write. It may come for no
/// reason, and to an earlier owner.
struct connection_ready {
  connection_id connection = 0;
};

/// What an owner of connections understands.
using connection_owner = actor_interface<void(connection_ready)>;

} // namespace node_proxy::internal
