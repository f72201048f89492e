// How things stand with a peer, for whoever operates a node.

#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <node_proxy/base/export.hpp>
#include <node_proxy/messages/connect_reply.hpp>
#include <node_proxy/messages/field.hpp>
#include <node_proxy/messages/identities.hpp>
#include <node_proxy/messages/transport_address.hpp>
#include <node_proxy/protocol/counts.hpp>

namespace node_proxy {

/// Who dialled.
enum class connection_direction : std::uint8_t { in, out };

template <>
inline constexpr std::array<std::string_view, 2>
  enum_names<connection_direction>{"in", "out"};

/// What there is between this node and a peer.
enum class peer_state : std::uint8_t {
  /// Messages can go.
  connected,
  /// The peer is being dialled, or a handshake is under way.
  connecting,
  /// A connection is wanted. The peer is dialled again after a while.
  retrying,
  /// A connection is wanted, and this node cannot make it: it knows no address
  /// of the peer, or may not dial a stranger. The peer may call.
  waiting,
  /// The last word of the peer, or of this node's policy, is that it does not
  /// want the connection.
  refused,
  /// Nobody wants a connection. It comes back with the next message.
  idle,
  /// This node stops.
  stopping,
};

template <>
inline constexpr std::array<std::string_view, 7> enum_names<peer_state>{
  "connected", "connecting", "retrying", "waiting",
  "refused",   "idle",       "stopping"};

/// Who does not want a connection.
enum class refusing_side : std::uint8_t {
  /// The peer: its policy, its limits or its version.
  peer,
  /// This node: its policy.
  here,
};

template <>
inline constexpr std::array<std::string_view, 2> enum_names<refusing_side>{
  "peer", "here"};

/// The connection on which messages go.
struct connection_status {
  connection_direction direction = connection_direction::in;
  /// Where the peer was dialled, or the host from which it called
  /// (`ip_addr`), if that is known.
  std::optional<transport_address> address;
  /// The name that led to that address, if one did.
  std::optional<std::string> name;
  std::uint64_t proto_ver = 0;
  std::string cipher;
  /// Since it was established.
  std::uint64_t age_ms = 0;
  /// From what this node sends to the answer that it brings about, smoothed as
  /// in RFC 6298: first that of the handshake, then those of messages, with the
  /// time that the peer's engine takes for them.
  std::optional<std::uint64_t> round_trip_us;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(direction), CEREAL_NVP(address), CEREAL_NVP(name),
            CEREAL_NVP(proto_ver), CEREAL_NVP(cipher), CEREAL_NVP(age_ms),
            CEREAL_NVP(round_trip_us));
  }

  friend bool operator==(const connection_status&,
                         const connection_status&) = default;
};

/// An attempt to connect that came to nothing.
struct failed_attempt {
  /// Where, if that is known. At a name (`dns_addr`) it was the attempt to look
  /// that up.
  std::optional<transport_address> address;
  /// The name that led to that address, if one did.
  std::optional<std::string> name;
  /// Such as `connection_refused` or `handshake_timeout`.
  std::string reason;
  std::uint64_t ago_ms = 0;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(address), CEREAL_NVP(name), CEREAL_NVP(reason),
            CEREAL_NVP(ago_ms));
  }

  friend bool operator==(const failed_attempt&,
                         const failed_attempt&) = default;
};

/// Why a peer is not dialled at an address.
enum class dial_objection : std::uint8_t {
  /// There is no way to connect to such an address.
  unsupported_transport,
  /// It does not stand for one host and port.
  no_single_host,
  /// The peer alone says that it is there, and it is neither on the Internet,
  /// nor where the peer was met, nor in `peer_settings::dial_ranges`.
  outside_dial_ranges,
};

template <>
inline constexpr std::array<std::string_view, 3> enum_names<dial_objection>{
  "unsupported_transport", "no_single_host", "outside_dial_ranges"};

/// An address of a peer that is known, and at which it is not dialled.
struct undialled_address {
  transport_address address;
  dial_objection reason = dial_objection::unsupported_transport;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(address), CEREAL_NVP(reason));
  }

  friend bool operator==(const undialled_address&,
                         const undialled_address&) = default;
};

/// Why a peer is not dialled at all.
enum class obstacle_kind : std::uint8_t {
  /// No address of it is known.
  no_address,
  /// Those that are known are not dialled.
  undialled_addresses,
  /// Nobody here has vouched for it.
  stranger,
};

template <>
inline constexpr std::array<std::string_view, 3> enum_names<obstacle_kind>{
  "no_address", "undialled_addresses", "stranger"};

/// What keeps a peer from being dialled at all: it has to call.
struct dial_obstacle {
  obstacle_kind reason = obstacle_kind::no_address;
  /// What is known of where it is, if that is `undialled_addresses`.
  std::vector<undialled_address> addresses;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(reason), CEREAL_NVP(addresses));
  }

  friend bool operator==(const dial_obstacle&, const dial_obstacle&) = default;
};

/// How the last connection ended.
struct connection_end {
  std::string reason;
  std::uint64_t ago_ms = 0;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(reason), CEREAL_NVP(ago_ms));
  }

  friend bool operator==(const connection_end&,
                         const connection_end&) = default;
};

/// Messages that wait for something.
struct backlog {
  std::uint64_t messages = 0;
  /// Of those for a peer, of memory, which is what
  /// `peer_settings::outbox_bytes` bounds; of those of a peer, what they count
  /// in its windows.
  std::uint64_t bytes = 0;
  /// How long the oldest one has waited; 0 if there is none.
  std::uint64_t oldest_ms = 0;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(messages), CEREAL_NVP(bytes), CEREAL_NVP(oldest_ms));
  }

  friend bool operator==(const backlog&, const backlog&) = default;
};

/// Those for one engine.
struct engine_backlog {
  engine_name engine;
  backlog waiting;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(engine), CEREAL_NVP(waiting));
  }

  friend bool operator==(const engine_backlog&,
                         const engine_backlog&) = default;
};

/// What has gone between this node and a peer since the peer is served here.
/// Bytes are those of encoded messages.
struct peer_traffic {
  /// Messages that arrived whole.
  std::uint64_t messages_in = 0;
  std::uint64_t bytes_in = 0;
  /// Those of them that no engine took.
  std::uint64_t rejected = 0;
  /// Unreliable ones that arrived and could not be taken.
  std::uint64_t dropped = 0;
  /// Messages that were queued for the peer.
  std::uint64_t messages_out = 0;
  std::uint64_t bytes_out = 0;
  /// Messages that engines of the peer have taken.
  std::uint64_t delivered = 0;
  /// Those that failed, with or without having been queued, by `send_error`.
  std::vector<reason_count> failed;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(messages_in), CEREAL_NVP(bytes_in), CEREAL_NVP(rejected),
            CEREAL_NVP(dropped), CEREAL_NVP(messages_out),
            CEREAL_NVP(bytes_out), CEREAL_NVP(delivered), CEREAL_NVP(failed));
  }

  friend bool operator==(const peer_traffic&, const peer_traffic&) = default;
};

/// One peer.
struct peer_status {
  node_id node;
  peer_state state = peer_state::idle;
  /// The connection is kept up for its own sake.
  bool permanent = false;
  /// Until the next attempt to connect, if one is to be made.
  std::optional<std::uint64_t> retry_ms;
  /// Why the peer refuses, or is refused, if that is the last word, and which
  /// of the two it is.
  std::optional<connect_reply_error> refusal;
  std::optional<refusing_side> refused_by;
  /// The last one since there was a connection.
  std::optional<failed_attempt> failure;
  /// What keeps this node from dialling, unless the peer is connected.
  std::optional<dial_obstacle> obstacle;
  std::optional<connection_end> last_end;
  /// There is one only while `connected`.
  std::optional<connection_status> connection;
  peer_traffic traffic;
  /// For the peer, or for its acknowledgement.
  backlog waiting;
  /// Of these, what is for which engine of the peer: those with the most
  /// messages, at most `max_listed_engines`. Unreliable messages are not among
  /// them.
  std::vector<engine_backlog> waiting_for;
  /// Messages of the peer that engines here have not taken.
  std::uint64_t untaken = 0;
  /// Of these, what which engine has: as in `waiting_for`.
  std::vector<engine_backlog> untaken_by;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(node), CEREAL_NVP(state), CEREAL_NVP(permanent),
            CEREAL_NVP(retry_ms), CEREAL_NVP(refusal), CEREAL_NVP(refused_by),
            CEREAL_NVP(failure), CEREAL_NVP(obstacle), CEREAL_NVP(last_end),
            CEREAL_NVP(connection), CEREAL_NVP(traffic), CEREAL_NVP(waiting),
            CEREAL_NVP(waiting_for), CEREAL_NVP(untaken),
            CEREAL_NVP(untaken_by));
  }

  friend bool operator==(const peer_status&, const peer_status&) = default;
};

/// See `peer_status::waiting_for` and `untaken_by`.
inline constexpr std::size_t max_listed_engines = 16;

/// The state of a peer in words for people, such as "connected for 3 h" or
/// "retrying in 12 s: connection refused by tcp://127.0.0.1:4000".
[[nodiscard]] NODE_PROXY_EXPORT std::string describe(const peer_status& x);

/// An attempt in words, such as "connection refused by tcp://127.0.0.1:4000".
[[nodiscard]] NODE_PROXY_EXPORT std::string describe(const failed_attempt& x);

/// A duration in words, in the largest unit that it has one of: "0.4 ms",
/// "12 s", "3 min", "5 h", "2 d".
[[nodiscard]] NODE_PROXY_EXPORT std::string
duration_text(std::uint64_t microseconds);

} // namespace node_proxy
