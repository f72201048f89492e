// Nodes of this module, as all benchmarks make them.

#pragma once

#include <string>

#include <node_proxy/actors/node_config.hpp>

namespace bench {

/// CAF made ready for nodes; with its own settings, but for the scheduler if
/// that is asked for.
struct node_system_config : caf::actor_system_config {
  explicit node_system_config(bool sharing = false);
};

/// A new node that listens at a free port of this host.
[[nodiscard]] node_proxy::node_config make_node_config();

} // namespace bench
