// What a Node Proxy and the rest of the module say to each other. All of it
// stays in the actor system.

#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <variant>

#include <node_proxy/actors/engines/engine_directory.hpp>
#include <node_proxy/actors/engines/engine_requests.hpp>
#include <node_proxy/actors/engines/unanswered_failures.hpp>
#include <node_proxy/actors/local_messages.hpp>
#include <node_proxy/actors/log/node_log.hpp>
#include <node_proxy/actors/loop/event_loop.hpp>
#include <node_proxy/actors/node_config.hpp>
#include <node_proxy/actors/node_proxy.hpp>
#include <node_proxy/actors/proxy/roll_call.hpp>
#include <node_proxy/actors/transport/transport_messages.hpp>
#include <node_proxy/messages/connection_permanence.hpp>
#include <node_proxy/protocol/peer/peer_action.hpp>
#include <node_proxy/protocol/peer/peer_metrics.hpp>
#include <node_proxy/protocol/peer/peer_record.hpp>
#include <node_proxy/protocol/peer/spare_time.hpp>
#include <node_proxy/protocol/peer_status.hpp>
#include <node_proxy/protocol/session/handshake.hpp>

namespace node_proxy::internal {

/// A message for the peer, handed on by the Router.
struct routed_msg {
  node_out_msg msg;
};

/// Messages for the peer, handed on by the Router.
struct routed_batch {
  node_out_batch batch;
};

/// The peer has dialled us and proven itself. Whoever gets this takes the
/// session out of it.
struct attach_session {
  std::shared_ptr<proven_session> session;
  connection_ptr connection;
};

/// This node's own advert is another one now.
struct local_advert_changed {
  std::shared_ptr<const node_advert> advert;
};

/// Somebody wants the peer connected.
struct connect_now {};

/// The network may be back: see `peer::handle_way_back`.
struct way_back {};

/// The peer was lost: see `seek_peer`.
struct seek {};

/// A user has asked for this Node Proxy and may send to it directly.
struct looked_up {};

/// Comes after a message that users send, too, so that this one is counted as
/// well.
struct routed_mark {};

/// This node knows the peer in another way: see `peer::handle_standing`.
struct regarded {
  peer_standing standing = peer_standing::guest;
};

/// The place of the peer is for another one: see `peer::handle_displacement`.
struct displaced {};

/// The peer is to be disconnected, or forgotten: see `peer::handle_parting`.
struct part_from_peer {
  bool forget = false;
};

/// The answer.
struct parted {
  /// Messages for the peer, and of it.
  std::uint64_t waiting = 0;
  std::uint64_t untaken = 0;
  bool refused = false;
};

/// What a Node Proxy has counted since it was spawned.
struct proxy_metrics {
  caf::actor_id proxy = 0;
  peer_metrics counted;
};

/// The answer of all Node Proxies of a process.
struct all_peer_metrics {
  std::uint64_t round = 0;
  std::vector<proxy_metrics> answers;
};

/// Asks what has been counted.
struct get_peer_metrics {
  std::shared_ptr<roll_call<all_peer_metrics>> call;
};

/// How things stand with the peers of all Node Proxies of a process.
struct all_peer_statuses {
  std::uint64_t round = 0;
  std::vector<peer_status> answers;
};

/// Asks how things stand with the peer.
struct get_peer_status {
  std::shared_ptr<roll_call<all_peer_statuses>> call;
};

/// Nothing is under way with the peer: the Node Proxy could end.
struct node_proxy_dormant {
  node_id remote;
  /// How many messages of the Router it has handled, see `router_retirement`.
  std::uint64_t handled = 0;
  /// What is left of the peer.
  peer_record record;
  /// What has been counted since the Node Proxy was spawned.
  peer_metrics metrics;
};

/// The Router has sent nothing that the Node Proxy has not got, and will not
/// send it anything any more. Whoever still does is passed on.
struct retire {};

/// What a user sent to a Node Proxy that has retired.
struct passed_on {
  node_id remote;
  caf::message content;
};

/// End the connection in good order, then the Node Proxy. What is queued may
/// still be sent for `grace`.
struct stop_node_proxy {
  std::chrono::nanoseconds grace{0};
  /// Another process goes on with the peer.
  bool hands_over = false;
};

/// What the Router has a Node Proxy do.
struct proxy_order {
  std::variant<attach_session, local_advert_changed, connect_now, way_back,
               seek, regarded, displaced, looked_up, routed_mark,
               stop_node_proxy>
    what;
};

/// What a Node Proxy reports to the Router about its peer.
struct proxy_event {
  node_id remote;
  // Metrics are those of one that ends, a record is what is left of one that
  // was stopped.
  std::variant<peer_event, learned_advert, learned_addresses, overtaken_advert,
               connection_permanence, proxy_metrics, peer_record>
    what;
};

/// Everything that was queued before this is to be sent.
struct flush_queued {};

/// A Node Proxy as the rest of the module knows it.
using node_proxy_service = node_proxy_actor::extend_with<actor_interface<
  delivered(routed_msg), batch_outcome(routed_batch), void(proxy_order),
  parted(part_from_peer), void(retire), void(get_peer_metrics),
  void(get_peer_status), void(engine_left), void(connection_ready),
  void(engines_answered), void(tick), void(flush_queued), void(turns_over)>>;

/// What a Node Proxy reports to: the Router.
using node_proxy_supervisor =
  actor_interface<void(proxy_event), void(node_proxy_dormant)>;

/// What all Node Proxies of a node have in common.
struct node_proxy_dependencies {
  std::shared_ptr<const identity> self;
  std::shared_ptr<const peer_settings> settings;
  transport_actor transport;
  node_proxy_supervisor router;
  std::shared_ptr<engine_directory> engines;
  node_log log;
  std::shared_ptr<unanswered_failures> unanswered;
  /// For what all peers may have outstanding here.
  std::shared_ptr<receive_budget> budget;
  /// For what is of no use of all that the peers send.
  std::shared_ptr<spare_time> spare;
};

/// What a Node Proxy is spawned with.
struct node_proxy_config {
  std::shared_ptr<const node_proxy_dependencies> services;
  node_id remote;
  noise_public_key remote_key{};
  /// What is remembered of it; at least an epoch.
  peer_record record;
  secret_key seed;
  std::shared_ptr<event_loop> loop;
  std::shared_ptr<const node_advert> local_advert;
  peer_standing standing = peer_standing::guest;
  /// What is known of the remote node, if anything.
  std::optional<known_node> remote_known;
};

/// Spawns the Node Proxy of one remote node. Users get one from the Router.
[[nodiscard]] node_proxy_service spawn_node_proxy(caf::actor_system& system,
                                                  node_proxy_config config);

} // namespace node_proxy::internal
