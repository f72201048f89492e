// What a node keeps on disk, in a directory of its own.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <node_proxy/actors/disk/state_file.hpp>
#include <node_proxy/actors/local_messages.hpp>
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

/// What is different from now on.
struct state_changes {
  std::optional<std::uint64_t> own_version = {};
  /// Other nodes; nothing in place of one that is forgotten.
  std::unordered_map<node_id, std::optional<known_node>> nodes = {};
  /// Whether a node is a permanent peer.
  std::unordered_map<node_id, bool> permanent = {};
  /// Whether a node is connected.
  std::unordered_map<node_id, bool> connected = {};

  /// Adds changes that came after these. There is at most one for each thing;
  /// of too many nodes it is not kept which were forgotten: these are known
  /// again after a restart, and forgotten then.
  void add(const state_changes& later);

  [[nodiscard]] bool empty() const {
    return !own_version && nodes.empty() && permanent.empty()
           && connected.empty();
  }
};

/// The database `state.db` in a directory. It has an owner, who may be another
/// thread than the one that opened it. What `apply` wrote outlives the process,
/// however that ends; only if the whole machine fails the last changes may be
/// missing, never a part of one.
class node_store {
public:
  /// Opens the state of the node `self`; a directory or database that does not
  /// exist is made, with access for its owner alone. Errors: not_found (no
  /// folder for the directory), not_regular (no directory), in_use (by another
  /// process, or node of this one), damaged (also if it is that of another
  /// node, or of another version of this module), io.
  [[nodiscard]] static expected<node_store, file_error>
  open(const std::string& directory, const node_id& self);

  /// Errors: damaged, io.
  [[nodiscard]] expected<stored_state, file_error> load();

  /// Makes all changes or, on error, none. A database that somebody has removed
  /// meanwhile is written again, with all that was in it. Errors: io, damaged;
  /// in_use if there is another file in its place; those of `open` about the
  /// directory.
  [[nodiscard]] expected<void, file_error> apply(const state_changes& changes);

  /// Whether the last `apply` found that the database had been removed.
  [[nodiscard]] bool take_restored() { return file_.take_restored(); }

  [[nodiscard]] const std::string& path() const { return file_.path(); }

private:
  explicit node_store(state_file file);

  expected<void, file_error> load_ids(const std::string& table,
                                      std::vector<node_id>& ids);
  void apply_ids(const std::string& table,
                 const std::unordered_map<node_id, bool>& changes);

  state_file file_;
};

} // namespace node_proxy::internal
