// What ends a connection, or an attempt at one, but for what its other end says
// or does wrong.

#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include <node_proxy/messages/field.hpp>

namespace node_proxy::internal {

/// Why a connection came to its end without its owner's doing.
enum class close_reason : std::uint8_t {
  /// The peer ended the connection, or it broke.
  lost,
  /// The peer sent a frame with length zero.
  length_zero,
  /// The peer announced a frame longer than allowed.
  length_over_limit,
};

/// Why an attempt has no connection.
enum class dial_error : std::uint8_t {
  // -- at an address ----------------------------------------------------------
  /// There is no route to that host.
  unreachable,
  /// Nobody listens there.
  connection_refused,
  /// The answer did not come in time, of a host or of those who know names.
  timed_out,
  /// The address is none to connect to.
  bad_address,
  /// The operating system does not permit it.
  not_permitted,
  /// The operating system has no descriptors or memory left.
  out_of_resources,
  /// This node stops.
  shutting_down,
  /// There can be no handshake with the key of the peer.
  bad_key,

  // -- at a name --------------------------------------------------------------
  /// No host has that name.
  unknown_name,
  /// Nobody answers for the name at present.
  no_name_server,
  /// It cannot be looked up.
  resolver_failed,
  /// Too many others wait to be looked up.
  too_many_names,
  /// It stands for addresses only at which the peer is not dialled.
  forbidden_addresses,
};

/// What did not come in time on a connection.
enum class missed_deadline : std::uint8_t {
  /// The end of the handshake.
  handshake_timeout,
  /// The answer to a goodbye.
  goodbye_timeout,
  /// Any sign of life.
  dead_peer,
};

/// What became of who served a peer: its connection went with it.
enum class service_loss : std::uint8_t {
  /// The process is gone.
  worker_lost,
  /// The Node Proxy has ended.
  node_proxy_ended,
};

} // namespace node_proxy::internal

namespace node_proxy {

template <>
inline constexpr std::array<std::string_view, 3>
  enum_names<internal::close_reason>{"lost", "length_zero",
                                     "length_over_limit"};

template <>
inline constexpr std::array<std::string_view, 13>
  enum_names<internal::dial_error>{"unreachable",        "connection_refused",
                                   "timed_out",          "bad_address",
                                   "not_permitted",      "out_of_resources",
                                   "shutting_down",      "bad_key",
                                   "unknown_name",       "no_name_server",
                                   "resolver_failed",    "too_many_names",
                                   "forbidden_addresses"};

template <>
inline constexpr std::array<std::string_view, 3>
  enum_names<internal::missed_deadline>{"handshake_timeout", "goodbye_timeout",
                                        "dead_peer"};

template <>
inline constexpr std::array<std::string_view, 2>
  enum_names<internal::service_loss>{"worker_lost", "node_proxy_ended"};

} // namespace node_proxy
