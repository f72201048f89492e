// What was reported to operators about peers that cannot be connected.

#pragma once

#include <cstddef>
#include <optional>
#include <unordered_map>
#include <utility>

#include <node_proxy/messages/connect_reply.hpp>
#include <node_proxy/messages/identities.hpp>

namespace node_proxy::internal {

/// Attempts to connect go on and on; what comes of them is news once, and again
/// after the peer was connected.
class trouble_log {
public:
  /// About how many peers it is known what was reported. Of more, some are
  /// reported twice.
  static constexpr std::size_t max_peers = 1'024;

  /// @returns whether that is news.
  [[nodiscard]] bool handle_refused(const node_id& id,
                                    connect_reply_error reason) {
    return std::exchange(entry_of(id).refused, reason) != reason;
  }

  /// None of its addresses answered, or it has none to dial.
  /// @returns whether that is news.
  [[nodiscard]] bool handle_unreachable(const node_id& id, bool undialled) {
    return std::exchange(entry_of(id).undialled, undialled) != undialled;
  }

  void handle_connected(const node_id& id) { entries_.erase(id); }
  void handle_forgotten(const node_id& id) { entries_.erase(id); }

private:
  struct entry {
    // The peer's last word.
    std::optional<connect_reply_error> refused = std::nullopt;
    // Whether it was dialled in vain, or not at all.
    std::optional<bool> undialled = std::nullopt;
  };

  entry& entry_of(const node_id& id) {
    if (entries_.size() >= max_peers && !entries_.contains(id))
      entries_.clear();
    return entries_[id];
  }

  std::unordered_map<node_id, entry> entries_;
};

} // namespace node_proxy::internal
