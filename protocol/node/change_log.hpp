// What is to be on disk, and when.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_set>

#include <node_proxy/messages/identities.hpp>
#include <node_proxy/protocol/node/stored_state.hpp>
#include <node_proxy/protocol/timestamp.hpp>
#include <node_proxy/protocol/token_bucket.hpp>

namespace node_proxy::internal {

/// Gathers changes. What strangers cause does not have the disk written all the
/// time: some of it may be written at once, the rest waits for what joins it,
/// and of each node only what it came to is written. What has to go from the
/// disk goes first, and what has never been there costs nothing: however fast
/// strangers come and go, there is not more of them on disk than the node
/// knows, and a little. All else is not delayed. Time never runs backwards from
/// call to call.
class change_log {
public:
  /// How many changes that strangers cause are written at once, and each
  /// second.
  static constexpr double max = 256;
  static constexpr double rate = 8;

  /// How long those that have to wait are gathered.
  static constexpr duration interval = std::chrono::seconds{5};

  explicit change_log(const stored_state& on_disk);

  // -- events -----------------------------------------------------------------

  void handle_own_version(std::uint64_t version) {
    urgent_.own_version = version;
  }

  void handle_permanence(const node_id& id, bool permanent) {
    urgent_.permanent[id] = permanent;
  }

  /// What is known of a node; nothing if it is forgotten.
  /// @param by_stranger the node is a stranger.
  void handle_node(const node_id& id, std::optional<known_node> known,
                   bool by_stranger);

  void handle_connected(const node_id& id, bool connected, bool by_stranger);

  // -- results ----------------------------------------------------------------

  /// What is to be written now. What waits is asked for whenever something else
  /// happens, and no timer is kept for it.
  /// @param all nothing may wait.
  [[nodiscard]] std::optional<state_changes> poll(steady_time now, bool all);

private:
  void release(steady_time now, bool all);
  state_changes take_urgent();

  state_changes urgent_;
  state_changes waiting_; // of strangers
  // What was on disk, or handed out to be written.
  std::unordered_set<node_id> stored_nodes_;
  std::unordered_set<node_id> stored_connected_;
  token_bucket budget_{max, rate};
  steady_time not_before_{};
};

} // namespace node_proxy::internal
