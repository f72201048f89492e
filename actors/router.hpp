// The Router: knows all nodes, finds or spawns the Node Proxy of each.

#pragma once

#include <tuple>

#include <node_proxy/actors/engine_messages.hpp>
#include <node_proxy/actors/exchange_messages.hpp>
#include <node_proxy/actors/node_proxy.hpp>
#include <node_proxy/messages/router_msg.hpp>

namespace node_proxy {

/// Asks for the Node Proxy of a node, which is spawned if need be.
/// Errors: denied, unknown_node, wrong_target, outbox_full, shutting_down.
struct lookup_node_proxy {
  node_id id;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(id));
  }
};

struct node_proxy_found {
  auto fields() { return std::tie(proxy); }

  node_proxy_actor proxy;
};

/// Asks for this node's present advert.
struct get_local_advert {
  template <class Archive>
  void serialize(Archive&) {}
};

/// Asks for numbers about the node. The answer waits for what the Node Proxies
/// say about their peers, and for nothing else.
struct get_node_metrics {
  template <class Archive>
  void serialize(Archive&) {}
};

/// The handlers of `RouterMsg` (arch.node.net.router_types) come first, then
/// what local engines ask, and operators, whose messages are in
/// <node_proxy/actors/operator_messages.hpp> and
/// <node_proxy/actors/node_status.hpp>. Its messages may come from other
/// processes over CAF's middleman, too.
using router_actor = actor_interface<
  delivered(node_out_msg), node_connect_reply(node_connect_request),
  node_advert_reply(node_advert), batch_outcome(node_out_batch),
  engine_registered(register_engine), engine_unregistered(unregister_engine),
  engine_found(lookup_engine), node_proxy_found(lookup_node_proxy),
  node_advert(get_local_advert), node_metrics(get_node_metrics),
  node_status(get_node_status), node_parting(disconnect_node),
  node_parting(forget_node), node_advert(get_node_advert),
  connected_nodes(get_connected_nodes), done(subscribe_observer),
  done(unsubscribe_observer)>;

} // namespace node_proxy
