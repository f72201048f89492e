// What a worker and the coordinator of its node say to each other both ways,
// over CAF's middleman (`node_config::coordinator`). Both trust each other, and
// whatever is between them: nothing of this is encrypted. No secret is in it:
// what a connection is made of stays where the connection is, and the key of
// the node in the file that each process reads.

#pragma once

#include <cstdint>

#include <node_proxy/actors/exchange_messages.hpp>
#include <node_proxy/messages/identities.hpp>
#include <node_proxy/protocol/node/peer_claims.hpp>

namespace node_proxy::internal {

/// A sign of life, and how much has been taken since the link was there.
struct link_sign {
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(messages), CEREAL_NVP(bytes));
  }
};

/// Messages for a peer, of engines that the other process need not know. From
/// the coordinator: for a peer that the worker serves by this claim.
struct handed_batch {
  std::uint64_t number = 0;
  claim_id claim = 0;
  node_out_batch batch;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(number), CEREAL_NVP(claim), CEREAL_NVP(batch));
  }
};

struct handed_outcome {
  std::uint64_t number = 0;
  batch_outcome outcome;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(number), CEREAL_NVP(outcome));
  }
};

/// From the worker: to be sent back, see `worker_peers`.
struct fence {
  node_id id;
  claim_id claim = 0;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(id), CEREAL_NVP(claim));
  }
};

} // namespace node_proxy::internal
