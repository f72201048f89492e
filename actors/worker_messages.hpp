// How a worker joins its node (`node_config::coordinator`), and all that the
// two say to each other then: `worker_report` one way, `worker_order` the
// other, so that each keeps its order, `shared_engine` and `ended_engine`.
//
// Only these send them. Yet they are not in `internal`, where what they are
// made of is: CAF finds the `inspect` of messages that cross its middleman in
// the namespace of the message.

#pragma once

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include <caf/actor.hpp>

#include <node_proxy/actors/caf/messages.hpp>
#include <node_proxy/actors/engine_messages.hpp>
#include <node_proxy/actors/worker_order.hpp>
#include <node_proxy/actors/worker_report.hpp>
#include <node_proxy/messages/identities.hpp>
#include <node_proxy/messages/node_advert.hpp>

namespace node_proxy {

/// Two processes of one node are of one version of it.
inline constexpr std::uint64_t worker_version = 6;

/// A worker introduces itself.
struct worker_hello {
  std::uint64_t version = worker_version;
  node_id self;
  /// Where others reach it.
  std::vector<weighted_address> addresses;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(version), CEREAL_NVP(self), CEREAL_NVP(addresses));
  }
};

/// Asks the Router of the coordinator to have a worker join. Its answer comes
/// when the worker has been told of all engines.
struct join_node {
  auto fields() { return std::tie(worker, hello); }

  caf::actor worker;
  worker_hello hello;
};

/// An error would not do: Routers take none from other processes.
struct node_joined {
  /// Why not, as a sentence; empty if the worker has joined.
  std::string refusal;
  /// Of the node, with the addresses of all its processes.
  node_advert advert;
  /// How long one end may be silent, in milliseconds.
  std::uint64_t timeout_ms = 0;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(refusal), CEREAL_NVP(advert), CEREAL_NVP(timeout_ms));
  }
};

/// There is an engine somewhere in the node.
struct shared_engine {
  auto fields() { return std::tie(number, engine); }

  std::uint64_t number = 0;
  register_engine engine;
};

/// An actor of another process has ended that is, or was, an engine of the
/// node, or nobody reaches it any more. CAF tells that to the process with
/// which that one is connected, and to no other. From a worker: of one that has
/// registered there.
struct ended_engine {
  auto fields() { return std::tie(engine); }

  caf::actor engine;
};

} // namespace node_proxy
