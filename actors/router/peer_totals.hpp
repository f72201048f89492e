// What peers count, summed up for users.

#pragma once

#include <vector>

#include <node_proxy/actors/exchange_messages.hpp>
#include <node_proxy/actors/worker_report.hpp>
#include <node_proxy/protocol/peer/peer_metrics.hpp>

namespace node_proxy::internal {

/// Adds what has been counted with one peer.
void add_to(peer_totals& totals, const peer_metrics& x);

/// The same for what another process has summed up.
void add_to(peer_totals& totals, const peer_totals& x);

/// Adds counts by their reasons.
void add_to(std::vector<reason_count>& counts,
            const std::vector<reason_count>& x);

/// Adds all that a worker has counted.
void add_to(told_numbers& numbers, const told_numbers& x);

} // namespace node_proxy::internal
