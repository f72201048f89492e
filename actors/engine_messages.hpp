// What engines and their node say to each other, besides `engine_msg` and
// `node_out_msg`.

#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <node_proxy/actors/caf_compat.hpp>
#include <node_proxy/actors/caf_messages.hpp>
#include <node_proxy/messages/engine_msg.hpp>
#include <node_proxy/messages/node_out_msg.hpp>
#include <node_proxy/protocol/send_error.hpp>

namespace node_proxy {

// An engine is any actor that takes `engine_msg`, or `engine_msg_batch` if it
// registered for batches. A message counts as taken, and is acknowledged to its
// sender, when the engine's handler for it has returned, with whatever result.

/// The answer to `node_out_msg`: the remote engine has taken the message.
struct delivered {
  template <class Archive>
  void serialize(Archive&) {}

  friend bool operator==(delivered, delivered) = default;
};

/// Messages to one node that are answered together. All of them name the same
/// target node.
struct node_out_batch {
  std::vector<node_out_msg> msgs;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(msgs));
  }

  friend bool operator==(const node_out_batch&, const node_out_batch&)
    = default;
};

/// What became of one message of a batch that was not delivered.
struct batch_failure {
  /// Its place in `node_out_batch::msgs`.
  std::uint64_t index = 0;
  send_error error = send_error::unconfirmed;
  send_failure::unconfirmed_cause cause = send_failure::unconfirmed_cause::none;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(index), CEREAL_NVP(error), CEREAL_NVP(cause));
  }

  friend bool operator==(const batch_failure&, const batch_failure&) = default;
};

/// The answer to `node_out_batch`.
struct batch_outcome {
  /// How many messages were taken by the remote engines.
  std::uint64_t delivered = 0;
  /// The others, in no particular order.
  std::vector<batch_failure> failures;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(delivered), CEREAL_NVP(failures));
  }

  friend bool operator==(const batch_outcome&, const batch_outcome&) = default;
};

/// Messages for one engine, in order.
struct engine_msg_batch {
  std::vector<engine_msg> msgs;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(msgs));
  }

  friend bool operator==(const engine_msg_batch&, const engine_msg_batch&)
    = default;
};

/// Makes `engine` reachable for other nodes under `name`, until it ends or is
/// unregistered. Errors: bad_config (empty, too long or not UTF-8), name_in_use.
struct register_engine {
  engine_name name;
  caf::actor engine;
  /// It takes `engine_msg_batch` instead of `engine_msg`.
  bool batches = false;
};

struct engine_registered {
  engine_name name;
};

/// The opposite. Errors: unknown_engine.
struct unregister_engine {
  engine_name name;
};

struct engine_unregistered {
  engine_name name;
};

/// Asks for the engine of that name on this node. Errors: unknown_engine.
struct lookup_engine {
  engine_name name;
};

struct engine_found {
  caf::actor engine;
};

} // namespace node_proxy
