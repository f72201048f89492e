// What happens to a node, for whoever operates it.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include <node_proxy/messages/connect_reply.hpp>
#include <node_proxy/messages/field.hpp>
#include <node_proxy/messages/identities.hpp>
#include <node_proxy/messages/transport_address.hpp>
#include <node_proxy/protocol/peer_status.hpp>

namespace node_proxy {

/// Connections are accepted at `address`.
struct listening_event {
  transport_address address;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(address));
  }

  friend bool operator==(const listening_event&,
                         const listening_event&) = default;
};

/// A peer has proven itself.
struct connected_event {
  node_id node;
  std::uint64_t proto_ver = 0;
  connection_direction direction = connection_direction::in;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(node), CEREAL_NVP(proto_ver), CEREAL_NVP(direction));
  }

  friend bool operator==(const connected_event&,
                         const connected_event&) = default;
};

/// Messages that a lost connection had not delivered go on.
struct resumed_event {
  node_id node;
  /// How many are sent once more.
  std::uint64_t resent = 0;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(node), CEREAL_NVP(resent));
  }

  friend bool operator==(const resumed_event&, const resumed_event&) = default;
};

/// A peer is no longer connected.
struct disconnected_event {
  node_id node;
  /// A goodbye reason, or how the connection broke.
  std::string reason;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(node), CEREAL_NVP(reason));
  }

  friend bool operator==(const disconnected_event&,
                         const disconnected_event&) = default;
};

/// A peer refused us, or this node one that called: by policy (`denied`), or
/// for want of room (`over_capacity`). Whoever calls has not proven then that
/// it is the node.
struct refused_event {
  node_id node;
  connect_reply_error reason = connect_reply_error::denied;
  refusing_side by = refusing_side::peer;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(node), CEREAL_NVP(reason), CEREAL_NVP(by));
  }

  friend bool operator==(const refused_event&, const refused_event&) = default;
};

/// Two processes at once have the key of `node`, which may be this one. Each
/// connection of one displaces that of the other.
struct key_shared_event {
  node_id node;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(node));
  }

  friend bool operator==(const key_shared_event&,
                         const key_shared_event&) = default;
};

/// The advert of a node became known in this version.
struct advert_event {
  node_id node;
  std::uint64_t version = 0;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(node), CEREAL_NVP(version));
  }

  friend bool operator==(const advert_event&, const advert_event&) = default;
};

/// Strangers, whom nobody here has introduced or who are turned away, come and
/// go too often for each visit to be reported.
struct left_out_event {
  /// How many events there were of visits that are not, since this was told
  /// last.
  std::uint64_t events = 0;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(events));
  }

  friend bool operator==(const left_out_event&,
                         const left_out_event&) = default;
};

/// All addresses of a peer were tried once, and none led to it. That is told of
/// peers only that somebody here has vouched for: with an advert that this
/// node was given, by policy, or by a permanent connection. Or the peer was
/// wanted and is not dialled, which is told once until it was connected.
struct connect_failed_event {
  node_id node;
  /// The last attempt: why, such as `connection_refused`, `timed_out` or
  /// `handshake_timeout`, and where, if that is known. Or why the peer is not
  /// dialled: an `obstacle_kind`, or the `dial_objection` to its first address.
  std::string reason;
  std::optional<transport_address> address;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(node), CEREAL_NVP(reason), CEREAL_NVP(address));
  }

  friend bool operator==(const connect_failed_event&,
                         const connect_failed_event&) = default;
};

/// An engine has got a name here, besides those that the node began with.
struct engine_registered_event {
  engine_name engine;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(engine));
  }

  friend bool operator==(const engine_registered_event&,
                         const engine_registered_event&) = default;
};

/// How an engine came to have its name no more.
enum class engine_departure : std::uint8_t {
  unregistered,
  /// It has ended.
  ended,
  /// The same with an error.
  failed,
};

template <>
inline constexpr std::array<std::string_view, 3> enum_names<engine_departure>{
  "unregistered", "ended", "failed"};

/// A name stands for an engine no more.
struct engine_gone_event {
  engine_name engine;
  engine_departure reason = engine_departure::ended;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(engine), CEREAL_NVP(reason));
  }

  friend bool operator==(const engine_gone_event&,
                         const engine_gone_event&) = default;
};

/// The Node Proxy of a peer has failed: what waited for the peer is lost. There
/// is another one when there is something to do again.
struct node_proxy_ended_event {
  node_id node;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(node));
  }

  friend bool operator==(const node_proxy_ended_event&,
                         const node_proxy_ended_event&) = default;
};

/// A limit of the node begins to be met, or does again after there was room for
/// a fifth: what goes beyond waits, is refused or makes room. Once in 10 s for
/// each.
struct limit_event {
  /// One of those of `limit_status`, but for `outbox_bytes`: that one is told
  /// to each sender.
  std::string limit;
  std::uint64_t max = 0;
  /// The process that has it for itself, if that is a worker.
  std::optional<std::uint64_t> worker = {};

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(limit), CEREAL_NVP(max), CEREAL_NVP(worker));
  }

  friend bool operator==(const limit_event&, const limit_event&) = default;
};

/// The observer was too slow for some events, and did not get them.
struct missed_event {
  std::uint64_t events = 0;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(events));
  }

  friend bool operator==(const missed_event&, const missed_event&) = default;
};

/// One event, as a message to the observers of a node.
struct node_event {
  std::variant<listening_event, connected_event, resumed_event,
               disconnected_event, refused_event, key_shared_event,
               advert_event, connect_failed_event, engine_registered_event,
               engine_gone_event, left_out_event, node_proxy_ended_event,
               limit_event, missed_event>
    what;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(what));
  }

  friend bool operator==(const node_event&, const node_event&) = default;
};

} // namespace node_proxy
