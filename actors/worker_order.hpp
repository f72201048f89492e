// What the coordinator of a node says to a worker.

#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include <node_proxy/actors/worker_link.hpp>
#include <node_proxy/messages/connection_permanence.hpp>
#include <node_proxy/messages/node_advert.hpp>
#include <node_proxy/protocol/delivery/send_error.hpp>
#include <node_proxy/protocol/node/admission.hpp>
#include <node_proxy/protocol/node/record_form.hpp>
#include <node_proxy/protocol/peer/address_memory.hpp>
#include <node_proxy/protocol/peer/standing.hpp>

namespace node_proxy::internal {

/// The answer to `asked_admission`: an `admission`.
struct told_admission {
  std::uint64_t number = 0;
  std::uint64_t min_version = 0;
  std::uint64_t max_version = 0;
  bool allowed = false;
  bool twin_connected = false;
  bool over_capacity = false;
  std::uint64_t own_advert = 0;
  std::uint64_t known_advert = 0;
  std::uint64_t epoch = 0;
  bool known = false;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(number), CEREAL_NVP(min_version),
            CEREAL_NVP(max_version), CEREAL_NVP(allowed),
            CEREAL_NVP(twin_connected), CEREAL_NVP(over_capacity),
            CEREAL_NVP(own_advert), CEREAL_NVP(known_advert), CEREAL_NVP(epoch),
            CEREAL_NVP(known));
  }
};

/// Serve a peer, see `serve_peer`.
struct serve_order {
  node_id id;
  claim_id claim = 0;
  record_form record;
  std::optional<node_advert> advert;
  address_memory addresses;
  bool permanent = false;
  peer_standing standing = peer_standing::guest;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(id), CEREAL_NVP(claim), CEREAL_NVP(record),
            CEREAL_NVP(advert), CEREAL_NVP(addresses), CEREAL_NVP(permanent),
            CEREAL_NVP(standing));
  }
};

/// Take what has proven itself (`proven_peer`), or why not.
struct take_peer {
  std::uint64_t number = 0;
  node_id id;
  claim_id claim = 0;
  std::optional<arrival_error> error;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(number), CEREAL_NVP(id), CEREAL_NVP(claim),
            CEREAL_NVP(error));
  }
};

/// Something to tell the Node Proxy of a peer.
struct peer_order {
  /// What needs no more than its name.
  enum class plain : std::uint8_t {
    connect,
    seek,
    way_back,
    displace,
    disconnect
  };

  node_id id;
  claim_id claim = 0;
  std::variant<plain, peer_standing, connection_permanence, node_advert> what;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(id), CEREAL_NVP(claim), CEREAL_NVP(what));
  }
};

/// Disconnect a peer that is to be forgotten, unless that loses messages.
/// Answer with `told_parting`.
struct forget_order {
  std::uint64_t number = 0;
  node_id id;
  claim_id claim = 0;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(number), CEREAL_NVP(id), CEREAL_NVP(claim));
  }
};

/// Forget a peer: what was offered has come.
struct retire_order {
  node_id id;
  claim_id claim = 0;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(id), CEREAL_NVP(claim));
  }
};

/// The node has another advert.
struct new_advert {
  node_advert advert;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(advert));
  }
};

/// An engine has no name any more. What it has got it may still take.
struct forget_engine {
  engine_name name;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(name));
  }
};

/// Answer with `told_numbers`.
struct tell_numbers {
  std::uint64_t round = 0;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(round));
  }
};

/// Answer with `told_status`.
struct tell_status {
  std::uint64_t round = 0;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(round));
  }
};

/// Nothing that the worker has not got will be handed to it: it may go on with
/// `leaving`.
struct may_leave {
  template <class Archive>
  void serialize(Archive&) {}
};

/// The node stops. What is queued may still be sent for `grace`.
struct leave_now {
  std::uint64_t grace_ms = 0;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(grace_ms));
  }
};

/// The worker was given up for lost. What it serves is served elsewhere.
struct dismissed {
  template <class Archive>
  void serialize(Archive&) {}
};

/// The answer to `asked_permanence`.
struct told_permanence {
  std::uint64_t number = 0;
  /// Why the peer is not served.
  std::optional<send_error> error;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(number), CEREAL_NVP(error));
  }
};

} // namespace node_proxy::internal

namespace node_proxy {

/// What a coordinator says to a worker.
struct worker_order {
  std::variant<
    internal::link_sign, internal::handed_batch, internal::handed_outcome,
    internal::fence, internal::told_admission, internal::serve_order,
    internal::take_peer, internal::peer_order, internal::retire_order,
    internal::new_advert, internal::forget_engine, internal::tell_numbers,
    internal::tell_status, internal::may_leave, internal::leave_now,
    internal::dismissed, internal::told_permanence, internal::forget_order>
    what;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(what));
  }
};

template <>
inline constexpr std::array<std::string_view, 5>
  enum_names<internal::peer_order::plain>{"connect", "seek", "way_back",
                                          "displace", "disconnect"};

} // namespace node_proxy
