// Requests for a connection that were answered, and whose initiators have not
// proven themselves yet.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>

#include <node_proxy/messages/identities.hpp>

namespace node_proxy::internal {

/// Which epoch peers have been told while their requests are open. Of each peer
/// that is one at a time: all its requests are answered with the same, so that
/// whichever of them is proven first does not make the others vain.
///
/// Each entry is a part of an open connection: anybody can make one by a
/// replay, and it ends with that connection at the latest.
class open_requests {
public:
  /// A request is answered with that epoch.
  void handle_answer(const node_id& id, std::uint64_t epoch) {
    auto& x = told_[id];
    x.epoch = epoch;
    ++x.count;
  }

  /// A request that was answered with that epoch has come to its end.
  void handle_end(const node_id& id, std::uint64_t epoch) {
    auto position = told_.find(id);
    if (position != told_.end() && position->second.epoch == epoch
        && --position->second.count == 0)
      told_.erase(position);
  }

  /// The state of which a peer was told is lost: its requests are vain, and the
  /// next ones are answered with another epoch.
  void handle_lost(const node_id& id) { told_.erase(id); }

  /// What open requests of a peer were answered with, if there are any.
  [[nodiscard]] std::optional<std::uint64_t> epoch(const node_id& id) const {
    auto position = told_.find(id);
    if (position == told_.end())
      return std::nullopt;
    return position->second.epoch;
  }

  /// Whether a peer has open requests.
  [[nodiscard]] bool contain(const node_id& id) const {
    return told_.contains(id);
  }

private:
  struct answer {
    std::uint64_t epoch = 0;
    std::size_t count = 0; // of requests
  };

  std::unordered_map<node_id, answer> told_;
};

} // namespace node_proxy::internal
