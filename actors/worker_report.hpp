// What a worker says to the coordinator of its node.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <node_proxy/actors/exchange_messages.hpp>
#include <node_proxy/actors/node_status.hpp>
#include <node_proxy/actors/worker_link.hpp>
#include <node_proxy/messages/connect_reply.hpp>
#include <node_proxy/messages/connection_permanence.hpp>
#include <node_proxy/messages/node_advert.hpp>
#include <node_proxy/messages/transport_address.hpp>
#include <node_proxy/protocol/node/record_form.hpp>
#include <node_proxy/protocol/peer/address_memory.hpp>
#include <node_proxy/protocol/peer/end_reason.hpp>
#include <node_proxy/protocol/peer_status.hpp>

namespace node_proxy::internal {

/// Somebody asks for a connection there (`admission_request`).
struct asked_admission {
  std::uint64_t number = 0;
  node_id id;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(number), CEREAL_NVP(id));
  }
};

/// That came to nothing (`request_ended`).
struct ended_request {
  node_id id;
  std::uint64_t epoch = 0;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(id), CEREAL_NVP(epoch));
  }
};

/// Or the peer has proven itself (`proven_connection`).
struct proven_peer {
  std::uint64_t number = 0;
  node_id id;
  std::uint64_t epoch = 0;
  std::optional<ip_address> from;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(number), CEREAL_NVP(id), CEREAL_NVP(epoch),
            CEREAL_NVP(from));
  }
};

/// There is nothing to do about a peer: see `peer_claims::handle_offer`.
struct offered_rest {
  node_id id;
  claim_id claim = 0;
  std::uint64_t handled = 0;
  record_form record;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(id), CEREAL_NVP(claim), CEREAL_NVP(handled),
            CEREAL_NVP(record));
  }
};

/// A Node Proxy has ended.
struct ended_service {
  node_id id;
  claim_id claim = 0;
  /// Nothing if it failed.
  std::optional<record_form> record;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(id), CEREAL_NVP(claim), CEREAL_NVP(record));
  }
};

// The forms of what Node Proxies say.
namespace told {

struct connected {
  std::uint64_t proto_ver = 0;
  bool dialled = false;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(proto_ver), CEREAL_NVP(dialled));
  }
};

struct resumed {
  std::uint64_t resent = 0;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(resent));
  }
};

struct disconnected {
  end_reason reason;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(reason));
  }
};

struct refused {
  connect_reply_error reason = connect_reply_error::denied;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(reason));
  }
};

struct key_shared {
  bool is_own = false;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(is_own));
  }
};

struct unreachable {
  std::variant<end_reason, obstacle_kind, dial_objection> reason;
  std::optional<transport_address> address;
  /// That led to the address, if it is not empty.
  std::string name;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(reason), CEREAL_NVP(address), CEREAL_NVP(name));
  }
};

struct connect_failed {
  std::optional<transport_address> address;
  end_reason reason;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(address), CEREAL_NVP(reason));
  }
};

/// This node's advert is not the newest (`overtaken_advert`).
struct overtaken {
  std::uint64_t version = 0;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(version));
  }
};

} // namespace told

/// What a Node Proxy says of its peer (`proxy_event`): all but its numbers.
struct told_event {
  node_id id;
  std::variant<told::connected, told::resumed, told::disconnected,
               told::refused, told::key_shared, told::unreachable,
               told::connect_failed, told::overtaken, node_advert,
               address_memory, connection_permanence>
    what;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(id), CEREAL_NVP(what));
  }
};

/// The answer to `forget_order`.
struct told_parting {
  std::uint64_t number = 0;
  /// The peer is disconnected, and nothing of it is lost.
  bool agreed = false;
  /// Messages for the peer, and of it.
  std::uint64_t waiting = 0;
  std::uint64_t untaken = 0;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(number), CEREAL_NVP(agreed), CEREAL_NVP(waiting),
            CEREAL_NVP(untaken));
  }
};

/// A `shared_engine` is known there.
struct engine_noted {
  std::uint64_t number = 0;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(number));
  }
};

/// What is counted there, since the worker was there.
struct told_numbers {
  std::uint64_t round = 0;
  std::uint64_t proven_handshakes = 0;
  duration_counts handshakes;
  std::vector<reason_count> failed_handshakes;
  std::vector<reason_count> unanswered_failures;
  std::uint64_t late_answers = 0;
  peer_totals peers;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(round), CEREAL_NVP(proven_handshakes),
            CEREAL_NVP(handshakes), CEREAL_NVP(failed_handshakes),
            CEREAL_NVP(unanswered_failures), CEREAL_NVP(late_answers),
            CEREAL_NVP(peers));
  }
};

/// How things stand there.
struct told_status {
  std::uint64_t round = 0;
  std::vector<peer_status> peers;
  /// Engines of the node of which something is known there alone: that they are
  /// typed, and what they have not taken that came by this process.
  std::vector<engine_status> engines;
  /// Those that each process has for itself.
  std::vector<limit_status> limits;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(round), CEREAL_NVP(peers), CEREAL_NVP(engines),
            CEREAL_NVP(limits));
  }
};

/// Something that this process has for itself begins to be met
/// (`limit_event`).
struct met_limit {
  std::string limit;
  std::uint64_t max = 0;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(limit), CEREAL_NVP(max));
  }
};

/// The worker is about to leave: it is to get no further peers.
struct leaving {
  template <class Archive>
  void serialize(Archive&) {}
};

/// It serves nobody any more.
struct left {
  template <class Archive>
  void serialize(Archive&) {}
};

/// Somebody there says so by the handle of a Node Proxy that has retired. To be
/// answered with `told_permanence`.
struct asked_permanence {
  std::uint64_t number = 0;
  node_id id;
  connection_permanence permanence = connection_permanence::ephemeral;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(number), CEREAL_NVP(id), CEREAL_NVP(permanence));
  }
};

} // namespace node_proxy::internal

namespace node_proxy {

/// What a worker says to its coordinator.
struct worker_report {
  std::variant<
    internal::link_sign, internal::handed_batch, internal::handed_outcome,
    internal::fence, internal::asked_admission, internal::ended_request,
    internal::proven_peer, internal::offered_rest, internal::ended_service,
    internal::told_event, internal::engine_noted, internal::told_numbers,
    internal::told_status, internal::leaving, internal::left,
    internal::asked_permanence, internal::told_parting, internal::met_limit>
    what;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(what));
  }
};

} // namespace node_proxy
