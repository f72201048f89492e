// Two engines that throw a message back and forth.

#pragma once

#include <vector>

#include <node_proxy/actors/node_proxy.hpp>
#include <node_proxy/actors/router.hpp>

#include "nodes/senders.hpp"
#include "support/report.hpp"

namespace bench {

/// An engine that sends what it gets back to where it came from.
[[nodiscard]] caf::actor spawn_echo(caf::actor_system& system,
                                    const node_proxy::router_actor& router);

/// Sends messages to the first engine of `plan`, one at a time, and waits
/// for each to come back to the engine `ping` of this node. The first tenth of
/// `plan.how_long` is for warming up and not in the result.
[[nodiscard]] std::vector<bench_clock::duration>
run_ping(caf::actor_system& system, const node_proxy::router_actor& router,
         const send_plan& plan);

} // namespace bench
