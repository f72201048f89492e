// What can become of a message that was to be sent.

#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include <node_proxy/messages/field.hpp>

namespace node_proxy {

/// Why a message was not delivered. All but `unconfirmed` are definite: no
/// engine of the peer has handled the message, and none will. With
/// `engine_gone` and `engine_failed` one may have begun to.
enum class send_error : std::uint8_t {
  /// It expired before it was transmitted.
  expired,
  /// Too many messages or bytes wait for this peer already.
  outbox_full,
  /// The peer had no room for a connection until the message expired.
  over_capacity,
  /// The peer's policy or ours forbids the connection.
  denied,
  /// No common protocol version.
  incompatible,
  /// The message is larger than the peer takes.
  too_large,
  /// No address of the peer is known.
  unknown_node,
  /// The expiry lies further ahead than `limits::expiry_seconds`.
  bad_expiry,
  /// This node is about to stop.
  shutting_down,
  /// The peer has no engine of that name.
  unknown_engine,
  /// The sender is not on this node.
  wrong_sender,
  /// The target is not on the peer.
  wrong_target,
  /// The peer could not read the message.
  malformed,
  /// The engine ended, or was unregistered, before it was done with the
  /// message.
  engine_gone,
  /// The engine could not handle the message: its handler threw or returned an
  /// error, or it has none for messages.
  engine_failed,
  /// It was transmitted at least once, and what became of it is not known.
  unconfirmed,
};

template <>
inline constexpr std::array<std::string_view, 16> enum_names<send_error>{
  "expired",       "outbox_full",    "over_capacity", "denied",
  "incompatible",  "too_large",      "unknown_node",  "bad_expiry",
  "shutting_down", "unknown_engine", "wrong_sender",  "wrong_target",
  "malformed",     "engine_gone",    "engine_failed", "unconfirmed"};

/// An error and, if it is `unconfirmed`, what kept the answer from coming.
struct send_failure {
  /// Why the caller should not wait any longer for the outcome.
  enum class unconfirmed_cause : std::uint8_t {
    /// It does not apply.
    none,
    /// The message expired before it was acknowledged.
    expired,
    /// The peer became unreachable for good.
    unreachable,
    /// This node stops.
    shutting_down,
    /// Unreliable messages are never acknowledged.
    unreliable,
    /// The process of this node that served the peer was lost.
    worker_lost,
  };

  send_error error = send_error::unconfirmed;
  unconfirmed_cause cause = unconfirmed_cause::none;
  /// It was this node that did not want it, and not the peer.
  bool here = false;

  friend bool operator==(const send_failure&, const send_failure&) = default;
};

template <>
inline constexpr std::array<std::string_view, 6>
  enum_names<send_failure::unconfirmed_cause>{"none",        "expired",
                                              "unreachable", "shutting_down",
                                              "unreliable",  "worker_lost"};

} // namespace node_proxy
