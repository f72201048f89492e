// What a node spares for the useless part of what its peers send.

#pragma once

#include <algorithm>
#include <atomic>

#include <node_proxy/protocol/peer/advert_budget.hpp>

namespace node_proxy::internal {

/// The time that a node has for what is of no use to it. All peers share it
/// that want more than each of them has anyway. May be used in several threads,
/// but for the adverts.
class spare_time {
public:
  /// Units per second: a twentieth of a processor.
  static constexpr double rate = 50e6;

  void add_claim() { claims_.fetch_add(1, std::memory_order_relaxed); }
  void remove_claim() { claims_.fetch_sub(1, std::memory_order_relaxed); }

  /// Units per second of each of those that claim it.
  [[nodiscard]] double share() const {
    return rate / std::max(claims_.load(std::memory_order_relaxed), 1);
  }

  /// What it has for the adverts of strangers.
  [[nodiscard]] advert_budget& adverts() { return adverts_; }

private:
  std::atomic<int> claims_ = 0;
  advert_budget adverts_;
};

} // namespace node_proxy::internal
