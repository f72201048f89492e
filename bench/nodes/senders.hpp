// Engines that send as fast as a bounded number of unknown outcomes lets them.

#pragma once

#include <vector>

#include <node_proxy/actors/node_proxy.hpp>
#include <node_proxy/messages/identities.hpp>

#include "support/report.hpp"

namespace bench {

/// Engines of a remote node.
struct link_target {
  node_proxy::node_proxy_actor proxy;
  std::vector<node_proxy::engine_id> engines;
};

/// What senders do.
struct send_plan {
  node_proxy::node_id self;
  /// Each sender goes round these, one batch or message each. The messages to
  /// one of them go round its engines.
  std::vector<link_target> targets;
  std::size_t senders = 1;
  std::size_t size = 0;
  /// Messages in a batch; 0 to send them one by one.
  std::size_t batch = 0;
  /// Messages without outcome per sender, at least one batch.
  std::size_t outstanding = 1;
  bench_clock::duration how_long{0};
};

/// Spawns the senders and waits until they know the last outcome. Throws if any
/// message was not delivered.
[[nodiscard]] throughput run_senders(caf::actor_system& system,
                                     const send_plan& plan);

} // namespace bench
