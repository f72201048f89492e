// What the Router and the rest of the module say to each other. All of it stays
// in the actor system.

#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include <node_proxy/actors/disk/state_keeper.hpp>
#include <node_proxy/actors/local_messages.hpp>
#include <node_proxy/actors/log/node_log.hpp>
#include <node_proxy/actors/loop/event_loop.hpp>
#include <node_proxy/actors/node_config.hpp>
#include <node_proxy/actors/proxy/node_proxy_service.hpp>
#include <node_proxy/actors/router.hpp>
#include <node_proxy/actors/transport/acceptor_messages.hpp>
#include <node_proxy/actors/transport/transport_messages.hpp>
#include <node_proxy/actors/worker_messages.hpp>

namespace node_proxy::internal {

/// This node listens at these addresses: they go into its advert.
struct local_addresses {
  std::vector<weighted_address> addresses;
};

/// Ends all connections and Node Proxies in good order, then the Router. What
/// is queued may still be sent for `grace`.
struct stop_router {
  std::chrono::nanoseconds grace{0};
};

struct router_stopped {};

/// The Router as the rest of the module knows it.
using router_service = router_actor::extend_with<actor_interface<
  node_advert(local_addresses), router_stopped(stop_router),
  connect_reply(connect_request), admission(admission_request),
  void(proven_connection), void(handshake_failed), void(request_ended),
  void(proxy_event), void(node_proxy_dormant), void(passed_on),
  void(all_peer_metrics), void(all_peer_statuses), void(engine_left),
  void(tick), node_joined(join_node), void(worker_report), void(worker_order),
  void(shared_engine), void(ended_engine)>>;

/// The Router of a worker as its coordinator knows it, and the other way round.
using worker_end =
  actor_interface<void(worker_order), void(shared_engine), void(ended_engine),
                  node_proxy_found(lookup_node_proxy)>;
using coordinator_end = router_actor::extend_with<
  actor_interface<node_joined(join_node), connect_reply(connect_request),
                  void(worker_report), void(ended_engine)>>;

/// What a Router and its Node Proxies work with.
struct router_dependencies {
  transport_actor transport;
  /// Its Node Proxies are spread over these. The Router runs in the first one.
  event_loops loops;
  /// Writes down what changes; may be empty.
  state_keeper_actor keeper;
  node_log log;
  /// Counts messages of this node that fail without anybody being told.
  std::shared_ptr<unanswered_failures> unanswered;
};

/// Spawns a Router.
/// @param stored what was on disk.
[[nodiscard]] router_service spawn_router(caf::actor_system& system,
                                          const node_config& config,
                                          const router_dependencies& services,
                                          const stored_state& stored);

} // namespace node_proxy::internal
