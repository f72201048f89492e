// What each process of a node has for itself of what is limited.

#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include <node_proxy/actors/node_status.hpp>
#include <node_proxy/protocol/delivery/window_shares.hpp>
#include <node_proxy/protocol/node/peer_claims.hpp>
#include <node_proxy/protocol/settings.hpp>

namespace node_proxy::internal {

/// How much is used of what is limited.
struct limit_use {
  std::string_view name;
  std::uint64_t used = 0;
  std::uint64_t max = 0;
  /// How often the rest was less than somebody needed.
  std::uint64_t shortages = 0;
};

/// What there is for messages of peers.
[[nodiscard]] std::array<limit_use, 2>
budgets_in_use(const receive_budget& budget);

/// The outbox of the peer for which the most waits.
[[nodiscard]] limit_use fullest_outbox(const std::vector<peer_status>& peers,
                                       const peer_settings& settings);

/// The same as operators see it.
[[nodiscard]] limit_status status_of(const limit_use& x);

/// A worker has something of the same for itself. What counts is where the
/// least of it is left: nobody has anything of what another process has.
void add_limit(std::vector<limit_status>& to, limit_status x, worker_id worker);

} // namespace node_proxy::internal
