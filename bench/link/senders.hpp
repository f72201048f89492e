// Engines that send as fast as a bounded number of unknown outcomes lets them.

#pragma once

#include <vector>

#include <node_proxy/actors/node_proxy.hpp>

#include "support/report.hpp"

namespace bench {

/// A remote node with an engine called `sink`.
struct link_target {
  node_proxy::node_id node;
  node_proxy::node_proxy_actor proxy;
};

/// What senders do.
struct send_plan {
  node_proxy::node_id self;
  /// Each sender goes round these, one batch or message each.
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
