// The Router: knows all nodes, finds or spawns the Node Proxy of each.

#pragma once

#include <memory>
#include <string_view>

#include <node_proxy/actors/acceptor_messages.hpp>
#include <node_proxy/actors/engine_messages.hpp>
#include <node_proxy/actors/event_loop.hpp>
#include <node_proxy/actors/node_config.hpp>
#include <node_proxy/actors/node_log.hpp>
#include <node_proxy/actors/node_proxy.hpp>
#include <node_proxy/actors/state_keeper.hpp>
#include <node_proxy/actors/transport_messages.hpp>
#include <node_proxy/messages/router_msg.hpp>

namespace node_proxy {

/// Asks for the Node Proxy of a node, which is spawned if need be.
/// Errors: denied, unknown_node, wrong_target, outbox_full, shutting_down.
struct lookup_node_proxy {
  node_id id;
};

struct node_proxy_found {
  node_proxy_actor proxy;
};

/// Asks for this node's present advert.
struct get_local_advert {};

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

/// A handshake came to nothing before its initiator had proven itself.
struct handshake_failed {
  std::string_view reason;
};

/// Asks for numbers about the node.
struct get_node_metrics {};

/// The handlers of `RouterMsg` (arch.node.net.router_types) come first, then
/// what local engines ask, then what belongs inside of the module.
using router_actor = actor_interface<
  delivered(node_out_msg), node_connect_reply(node_connect_request),
  node_advert_reply(node_advert), batch_outcome(node_out_batch),
  engine_registered(register_engine), engine_unregistered(unregister_engine),
  engine_found(lookup_engine), node_proxy_found(lookup_node_proxy),
  node_advert(get_local_advert), node_advert(local_addresses),
  node_metrics(get_node_metrics), router_stopped(stop_router),
  admission(admission_request), void(proven_connection), void(handshake_failed),
  void(proxy_event), void(node_proxy_dormant), void(passed_on)>;

/// What a Router and its Node Proxies work with.
struct router_services {
  transport_actor transport;
  std::shared_ptr<event_loop> loop;
  /// Writes down what changes; may be empty.
  state_keeper_actor keeper;
  node_log log = {};
};

/// Spawns a Router.
/// @param stored what was on disk.
[[nodiscard]] router_actor spawn_router(caf::actor_system& system,
                                        const node_config& config,
                                        const router_services& services,
                                        const stored_state& stored);

} // namespace node_proxy
