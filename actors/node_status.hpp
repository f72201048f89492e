// How things stand with a node and its peers, for whoever operates it.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <node_proxy/messages/identities.hpp>
#include <node_proxy/messages/transport_address.hpp>
#include <node_proxy/protocol/peer_status.hpp>

namespace node_proxy {

/// Asks how things stand. The answer waits for what the Node Proxies say about
/// their peers, and for nothing else.
struct get_node_status {
  template <class Archive>
  void serialize(Archive&) {}
};

/// An engine that is registered here.
struct engine_status {
  engine_name name;
  /// It has an interface, see <node_proxy/actors/typed_engine.hpp>.
  bool typed = false;
  /// Messages for it that have arrived, of this node's engines or of others,
  /// and that it has not taken.
  std::uint64_t untaken = 0;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(name), CEREAL_NVP(typed), CEREAL_NVP(untaken));
  }

  friend bool operator==(const engine_status&, const engine_status&) = default;
};

/// Something of which there is not more than so much.
struct limit_status {
  /// One of `peers`, `guests`, `remembered_peers`, `kept_adverts`,
  /// `receive_bytes`, `stranger_bytes` and `outbox_bytes`, which is that of the
  /// peer for which the most waits.
  std::string name;
  std::uint64_t used = 0;
  std::uint64_t max = 0;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(name), CEREAL_NVP(used), CEREAL_NVP(max));
  }

  friend bool operator==(const limit_status&, const limit_status&) = default;
};

/// The answer to `get_node_status`.
struct node_status {
  node_id node;
  /// Since it was started.
  std::uint64_t age_ms = 0;
  /// What it tells others of where it is.
  std::vector<transport_address> addresses;
  /// Peers with something under way, and those that somebody here has vouched
  /// for or wants connected, by id. Of others nothing is left but a record.
  std::vector<peer_status> peers;
  /// By name.
  std::vector<engine_status> engines;
  /// Other nodes whose adverts are known.
  std::uint64_t known_adverts = 0;
  /// Peers with nothing under way of which something is remembered.
  std::uint64_t remembered_peers = 0;
  std::vector<limit_status> limits;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(node), CEREAL_NVP(age_ms), CEREAL_NVP(addresses),
            CEREAL_NVP(peers), CEREAL_NVP(engines), CEREAL_NVP(known_adverts),
            CEREAL_NVP(remembered_peers), CEREAL_NVP(limits));
  }

  friend bool operator==(const node_status&, const node_status&) = default;
};

} // namespace node_proxy
