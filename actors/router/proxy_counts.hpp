// What the Node Proxies of one process have counted.

#pragma once

#include <unordered_set>
#include <vector>

#include <node_proxy/actors/exchange_messages.hpp>
#include <node_proxy/actors/proxy/node_proxy_service.hpp>
#include <node_proxy/actors/router/peer_totals.hpp>

namespace node_proxy::internal {

/// Counts what each of them has counted once: those that have ended said so,
/// those that are there are asked.
class proxy_counts {
public:
  /// Those that are there are asked, once at a time.
  void handle_asked() { asked_ = true; }

  /// One of them has ended.
  void handle_end(caf::actor_id proxy, const peer_metrics& counted) {
    add_to(ended_, counted);
    if (asked_)
      ended_since_.insert(proxy);
  }

  /// All have answered that will.
  [[nodiscard]] peer_totals
  handle_answers(const std::vector<proxy_metrics>& answers) {
    auto result = ended_;
    for (const auto& x : answers)
      if (!ended_since_.contains(x.proxy))
        add_to(result, x.counted);
    asked_ = false;
    ended_since_.clear();
    return result;
  }

private:
  peer_totals ended_;
  bool asked_ = false;
  std::unordered_set<caf::actor_id> ended_since_;
};

} // namespace node_proxy::internal
