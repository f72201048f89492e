// What peers count, summed up for users.

#pragma once

#include <node_proxy/actors/exchange_messages.hpp>
#include <node_proxy/protocol/peer/peer_metrics.hpp>

namespace node_proxy::internal {

/// Adds what has been counted with one peer.
void add_to(peer_totals& totals, const peer_metrics& x);

} // namespace node_proxy::internal
