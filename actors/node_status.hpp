// How things stand with a node and its peers, for whoever operates it.

#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <node_proxy/messages/identities.hpp>
#include <node_proxy/messages/transport_address.hpp>
#include <node_proxy/protocol/peer_status.hpp>

namespace node_proxy {

/// Asks how things stand. The answer waits for what the Node Proxies say about
/// their peers, and for nothing else; for those of a worker a second at most.
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
  /// peer for which the most waits. Each process of a node has the last three
  /// for itself: this is the one of which the least is left.
  std::string name;
  std::uint64_t used = 0;
  std::uint64_t max = 0;
  /// Where that is, if it is not the coordinator.
  std::optional<std::uint64_t> worker = {};

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(name), CEREAL_NVP(used), CEREAL_NVP(max),
            CEREAL_NVP(worker));
  }

  friend bool operator==(const limit_status&, const limit_status&) = default;
};

enum class worker_stage : std::uint8_t {
  serving,
  /// It has not answered this question. After `node_config::worker_timeout` it
  /// is lost. Of its peers nothing is known but whether they are connected.
  silent,
  /// It gets no further peers, and hands over those that it has.
  leaving,
};

template <>
inline constexpr std::array<std::string_view, 3> enum_names<worker_stage>{
  "serving", "silent", "leaving"};

/// A process that serves peers for the coordinator of its node.
struct worker_status {
  /// No other one of this node has or had the same.
  std::uint64_t number = 0;
  /// Where peers reach it.
  std::vector<transport_address> addresses;
  /// How many it serves.
  std::uint64_t peers = 0;
  /// Since it joined.
  std::uint64_t age_ms = 0;
  /// Of one that is silent: since something was heard of it.
  std::optional<std::uint64_t> silent_ms = {};
  worker_stage state = worker_stage::serving;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(number), CEREAL_NVP(addresses), CEREAL_NVP(peers),
            CEREAL_NVP(age_ms), CEREAL_NVP(silent_ms), CEREAL_NVP(state));
  }

  friend bool operator==(const worker_status&, const worker_status&) = default;
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
  /// In the order in which they have joined.
  std::vector<worker_status> workers;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(node), CEREAL_NVP(age_ms), CEREAL_NVP(addresses),
            CEREAL_NVP(peers), CEREAL_NVP(engines), CEREAL_NVP(known_adverts),
            CEREAL_NVP(remembered_peers), CEREAL_NVP(limits),
            CEREAL_NVP(workers));
  }

  friend bool operator==(const node_status&, const node_status&) = default;
};

} // namespace node_proxy
