// What operators ask of a Router, besides how things stand (`node_status.hpp`).

#pragma once

#include <tuple>
#include <vector>

#include <node_proxy/actors/caf/compat.hpp>
#include <node_proxy/messages/identities.hpp>
#include <node_proxy/protocol/node_parting.hpp>

namespace node_proxy {

/// Ends the connection to a peer in good order, and attempts to connect to it.
/// It is connected again as soon as there is something to send, or when it
/// calls; `policy::deny` keeps it away. The answer is a `node_parting`: ok even
/// if it was not connected, unknown, or permanent if its connection is to be
/// kept up: `connection_permanence::ephemeral` comes first then.
struct disconnect_node {
  node_id id;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(id));
  }
};

/// The same, and all that is remembered of the peer is dropped as soon as the
/// connection has ended: its advert, that it was permanent, and which messages
/// were exchanged with it, so that it counts as new when it comes again. The
/// answer is a `node_parting`: ok, unknown, or under_way if messages wait for
/// it, it has sent some that are not taken, or the worker that serves it is
/// lost meanwhile; nothing has changed then. Whoever wants it connected before
/// the end keeps it, and who has got its Node Proxy delays the end by
/// `peer_settings::idle_timeout` at most.
struct forget_node {
  node_id id;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(id));
  }
};

/// Asks for the advert of a node, as it is known here. The answer is a
/// `node_advert`. Errors: unknown_node.
struct get_node_advert {
  node_id id;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(id));
  }
};

/// Asks which peers are connected.
struct get_connected_nodes {
  template <class Archive>
  void serialize(Archive&) {}
};

/// The answer, by id.
struct connected_nodes {
  std::vector<node_id> nodes;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(nodes));
  }
};

/// Has an actor get each `node_event` from now on, until it ends. It should
/// handle them soon: of more than `max_unhandled_events` it gets a
/// `missed_event` in their place, and one of another process that has not
/// handled an event in 60 s gets no more. Once more is as good as once. Errors:
/// out_of_resources if there are `max_observers`.
struct subscribe_observer {
  auto fields() { return std::tie(observer); }

  caf::actor observer;
};

/// Has an actor get no further events. One that gets none is no error.
struct unsubscribe_observer {
  auto fields() { return std::tie(observer); }

  caf::actor observer;
};

inline constexpr std::size_t max_observers = 64;
inline constexpr std::uint64_t max_unhandled_events = 1'024;

} // namespace node_proxy
