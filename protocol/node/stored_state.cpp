#include <node_proxy/protocol/node/stored_state.hpp>

namespace node_proxy::internal {

void state_changes::add(const state_changes& later) {
  if (later.own_version)
    own_version = later.own_version;
  for (const auto& [id, node] : later.nodes)
    nodes.insert_or_assign(id, node);
  for (const auto& [id, is_permanent] : later.permanent)
    permanent.insert_or_assign(id, is_permanent);
  for (const auto& [id, is_connected] : later.connected)
    connected.insert_or_assign(id, is_connected);
  // Each is at most a needless attempt, or a missing one.
  if (connected.size() > max_nodes)
    connected.clear();
  if (nodes.size() > max_nodes)
    std::erase_if(nodes, [](const auto& x) { return !x.second; });
}

} // namespace node_proxy::internal
