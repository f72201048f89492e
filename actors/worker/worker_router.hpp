// The Router of a worker.

#pragma once

#include <node_proxy/actors/router/router_service.hpp>

namespace node_proxy::internal {

/// Spawns the Router of a worker: it carries out what the Router of its
/// coordinator decides, and is to the Node Proxies, the acceptor and the
/// engines of its process what the other one is to those of the coordinator.
/// It joins when it is told where this process listens (`local_addresses`).
[[nodiscard]] router_service
spawn_worker_router(caf::actor_system& system, const node_config& config,
                    const router_dependencies& services);

} // namespace node_proxy::internal
