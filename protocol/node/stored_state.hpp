// What a node keeps across restarts, and how it changes.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include <node_proxy/messages/identities.hpp>
#include <node_proxy/protocol/peer/address_memory.hpp>

namespace node_proxy::internal {

/// What a node found when it started.
struct stored_state {
  /// The version of its own advert, 0 = none.
  std::uint64_t own_version = 0;
  /// Those of other nodes, the one that was written first comes first, and
  /// where else these may be reached.
  std::vector<known_node> nodes;
  std::vector<node_id> permanent_peers;
  /// Those that were connected when the last process ended.
  std::vector<node_id> connected_peers;
};

/// What is different from now on. There is at most one change for each thing.
struct state_changes {
  /// Beyond so many changes of nodes those are dropped that only spare room.
  static constexpr std::size_t max_nodes = 65'536;

  std::optional<std::uint64_t> own_version = {};
  /// Other nodes; nothing in place of one that is forgotten.
  std::unordered_map<node_id, std::optional<known_node>> nodes = {};
  /// Whether a node is a permanent peer.
  std::unordered_map<node_id, bool> permanent = {};
  /// Whether a node is connected.
  std::unordered_map<node_id, bool> connected = {};

  /// Adds changes that came after these. However long nothing can be written,
  /// they do not grow for ever: of too many nodes it is not kept which were
  /// forgotten (these are known again after a restart, and forgotten then) or
  /// connected.
  void add(const state_changes& later);

  [[nodiscard]] bool empty() const {
    return !own_version && nodes.empty() && permanent.empty()
           && connected.empty();
  }
};

} // namespace node_proxy::internal
