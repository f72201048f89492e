// What there is for which engine, for operators.

#pragma once

#include <vector>

#include <node_proxy/messages/basics.hpp>
#include <node_proxy/protocol/peer_status.hpp>

namespace node_proxy::internal {

/// Sums up channels by their engines, of which each may have one for either
/// ordering.
class engine_backlogs {
public:
  /// Nothing is added of a channel in which there is nothing.
  void add(const engine_name& engine, const backlog& x);

  /// Those with the most messages, the longest one first, at most
  /// `max_listed_engines`.
  [[nodiscard]] std::vector<engine_backlog> longest() &&;

private:
  std::vector<engine_backlog> all_;
};

/// Adds what there is in another place.
void add(backlog& to, const backlog& x);

} // namespace node_proxy::internal
