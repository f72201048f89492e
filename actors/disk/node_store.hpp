// What a node keeps on disk, in a directory of its own.

#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include <node_proxy/actors/disk/state_file.hpp>
#include <node_proxy/actors/local_messages.hpp>
#include <node_proxy/messages/identities.hpp>
#include <node_proxy/protocol/node/stored_state.hpp>

namespace node_proxy::internal {

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
