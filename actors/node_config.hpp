// What a node is made from.

#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include <node_proxy/messages/node_advert.hpp>
#include <node_proxy/messages/transport_address.hpp>
#include <node_proxy/protocol/crypto/identity.hpp>
#include <node_proxy/protocol/node/policy.hpp>
#include <node_proxy/protocol/settings.hpp>

#include <node_proxy/actors/caf/compat.hpp>
#include <node_proxy/actors/engine_messages.hpp>
#include <node_proxy/actors/router.hpp>

namespace spdlog {
class logger;
}

namespace node_proxy {

/// What `spawn_node` needs to know. Only `self` has no default.
struct node_config {
  /// Who this node is. See `load_identity` and `make_identity`.
  std::shared_ptr<const identity> self;
  /// Where to accept connections; port 0 for any. May be empty. A link-local
  /// IPv6 address needs its interface (`ipv6::scope`).
  std::vector<transport_address> listen;
  /// What the advert of this node says: addresses of one host each, with a port
  /// and without an interface, or names of hosts with a port. If it is empty:
  /// where it listens, as far as that tells others which host it is, which "any
  /// address" and link-local ones do not.
  std::vector<weighted_address> advertised;
  /// Adverts of nodes that are known from the beginning. What they name is
  /// dialled even if the nodes themselves have said something newer meanwhile.
  std::vector<node_advert> adverts;
  /// Engines that are registered before anybody can connect, so that no message
  /// finds them missing.
  std::vector<register_engine> engines;
  /// Who may connect, and be connected to.
  policy admission;
  /// Most peers that may be connected at once. Of more, the one has to leave
  /// that has the least standing: permanent peers and those that `admission`
  /// names come first, then those of which an advert was given, then those that
  /// an earlier process knew, then all others. As many of these may have left
  /// while there is something to do about them, engines that have not taken
  /// what they sent or answers that wait for them; then an address that has a
  /// 64th of that gets no further ones.
  std::size_t max_peers = default_max_peers;
  /// Most inbound connections whose peer has not proven itself, but no more
  /// than half of the descriptors that this process may have. The next one
  /// takes the place of another one.
  std::size_t max_unproven = 2'048;
  /// Most attempts to connect to others that go on at once, until the peer has
  /// proven itself or the socket is closed. Others wait for their turn, and a
  /// fourth is for peers that nobody here has introduced.
  std::size_t max_dials = 256;
  /// How many adverts of nodes are known that are neither named by
  /// `adverts` or `admission`, nor permanent peers, nor have anything under
  /// way.
  advert_book_limits adverts_kept;
  /// Of how many peers that are not connected it is remembered which messages
  /// they have got, and for how long. One that is forgotten counts as new.
  peer_book_limits peers_kept;
  /// The directory in which the node keeps what is to survive a restart, for
  /// itself alone: adverts and where their nodes were met, the list of
  /// permanent peers, the version of its own advert. It is made if it is
  /// missing. Empty: nothing survives.
  std::string state;
  /// How long `node::shutdown` lets queued messages go on.
  duration shutdown_grace = std::chrono::seconds{5};
  /// By how many event loops the peers of this node are served, up to
  /// `max_event_loops`; 0 for as many as there are processors. All nodes of an
  /// actor system share them. One suffices for most: more of them let many
  /// peers have more than one processor, and one peer has one.
  std::size_t event_loops = 0;
  static constexpr std::size_t max_event_loops = 64;
  /// How long an event loop looks for events before it sleeps, after each one:
  /// what comes within that time is handled some 20 us sooner, and the
  /// processor is busy meanwhile. 0 to 100 ms; some hundred microseconds are
  /// plenty where there are processors to spare, and nothing else helps where
  /// there are not. All nodes of an actor system have the longest one that any
  /// of them asked for.
  duration busy_poll{0};
  /// How many other processes may serve peers of this node: its *workers*. They
  /// find it by its `node::router`, which is to be published with CAF's
  /// middleman for this. What goes between them is not encrypted, and whoever
  /// reaches that port may do all that engines of this node may, and serve its
  /// peers: so the port is for this host, or a network, that is trusted. 0 for
  /// none. Its advert has `limits::advert_addresses` at most, those of all
  /// workers included.
  std::size_t max_workers = 0;
  static constexpr std::size_t max_workers_limit = 64;
  /// A worker that is silent for longer is given up: what it serves is served
  /// by others then. 1 s to 1 h. Workers have the value of their coordinator.
  duration worker_timeout = std::chrono::seconds{10};
  static constexpr duration min_worker_timeout = std::chrono::seconds{1};
  static constexpr duration max_worker_timeout = std::chrono::hours{1};
  /// The `node::router` of a node with `max_workers`, in another process, found
  /// with CAF's middleman: this process is a worker of that node, and has the
  /// same `self`. It listens at its own addresses. What is known of peers, who
  /// is admitted, and what is reported is the coordinator's affair: `adverts`,
  /// `engines`, `state` and `max_workers` must not be set here, `admission` and
  /// the limits of peers have no effect. When the coordinator is lost, the
  /// worker says goodbye to its peers, and its Router ends. A worker that is
  /// shut down hands its peers over first: they go on with others.
  router_actor coordinator;
  /// Whether AES-256-GCM is offered where this machine can do it. Otherwise all
  /// is encrypted with ChaCha20-Poly1305.
  bool use_aes = true;
  peer_settings settings;
  /// Where the node says in words what an operator should know. Without one it
  /// says nothing. Any thread may write to it, so its sinks must be those for
  /// several threads (`_mt`), and should not block.
  std::shared_ptr<spdlog::logger> logger;
  /// Gets a `node_event` for whatever happens, from the start on, if it is set.
  /// Others come with `subscribe_observer`, whose comment is true of this one,
  /// too.
  caf::actor observer;
};

} // namespace node_proxy
