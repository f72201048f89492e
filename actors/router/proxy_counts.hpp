// What the Node Proxies of one process have counted.

#pragma once

#include <cstdint>
#include <unordered_set>

#include <node_proxy/actors/exchange_messages.hpp>
#include <node_proxy/actors/proxy/node_proxy_service.hpp>
#include <node_proxy/actors/router/peer_totals.hpp>

namespace node_proxy::internal {

/// Counts what each of them has counted once: those that have ended said so,
/// those that are there are asked.
class proxy_counts {
public:
  /// Those that are there are asked.
  void handle_asked(std::uint64_t round) { asked_ = round; }

  /// One of them has ended.
  void handle_end(caf::actor_id proxy, const peer_metrics& counted) {
    add_to(ended_, counted);
    if (asked_ > 0)
      ended_since_.insert(proxy);
  }

  /// All have answered that will.
  [[nodiscard]] peer_totals handle_answers(const all_peer_metrics& said) {
    auto result = ended_;
    for (const auto& x : said.answers)
      if (!ended_since_.contains(x.proxy))
        add_to(result, x.counted);
    // Of a round that was given up, others may be under way.
    if (said.round == asked_) {
      asked_ = 0;
      ended_since_.clear();
    }
    return result;
  }

private:
  peer_totals ended_;
  std::uint64_t asked_ = 0; // the last round; 0: all have answered
  std::unordered_set<caf::actor_id> ended_since_;
};

} // namespace node_proxy::internal
