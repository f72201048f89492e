// The errors that actors of this module answer with, as plain codes. As errors
// of CAF: <node_proxy/actors/error.hpp>.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include <node_proxy/base/export.hpp>

namespace node_proxy {

/// Error codes of this module. CAF wants 8 bits and keeps 0 for "no error".
enum class errc : std::uint8_t {
  // -- outcomes of a message to a remote engine: it was not delivered ---------
  /// Its expiry time came before it was transmitted.
  expired = 1,
  /// The outbox of the Node Proxy is full. Or the peer came by itself and left,
  /// and there is something to do about too many such peers
  /// (`node_config::max_peers`).
  outbox_full,
  /// The remote node has no room for another peer.
  over_capacity,
  /// Local policy or the remote node refuses the connection.
  denied,
  /// The two nodes have no protocol version in common.
  incompatible,
  /// The message is larger than the remote node or this protocol accepts.
  too_large,
  /// No advert of the target's node is known.
  unknown_node,
  /// The expiry time is too far ahead.
  bad_expiry,
  /// The remote node has no engine of that name.
  unknown_engine,
  /// The message's sender is not of this node.
  wrong_sender,
  /// The message is for another node than the one it was given to.
  wrong_target,
  /// The message cannot be encoded or decoded.
  malformed,
  /// The engine ended, or was unregistered, before it was done with the
  /// message.
  engine_gone,
  /// The remote engine could not handle the message: its handler threw or
  /// returned an error, or it has none for messages.
  engine_failed,
  /// Local shutdown came first.
  shutting_down,

  // -- outcome of a message to a remote engine: nobody knows ------------------
  /// Transmitted at least once, but not acknowledged.
  unconfirmed,

  // -- setting up -------------------------------------------------------------
  /// `node_proxy::init` was not called before the actor system was made.
  not_initialized,
  /// A setting is out of its range or contradicts another one.
  bad_config,
  /// An engine of that name is registered already.
  name_in_use,

  // -- transports -------------------------------------------------------------
  /// Somebody listens there already.
  address_in_use,
  /// The address does not belong to this host, or to this transport.
  bad_address,
  /// The operating system does not permit it.
  not_permitted,
  /// Nobody listens there.
  connection_refused,
  /// There is no route to that host.
  unreachable,
  /// The connection was not made in time.
  timed_out,
  /// The connection has ended.
  connection_closed,
  /// The operating system has no descriptors or memory left.
  out_of_resources,

  // -- state on disk ----------------------------------------------------------
  /// The state directory cannot be used, or is not that of this node.
  bad_state,
  /// Another node uses the state directory.
  state_in_use,
};

/// How many codes there are: they are the numbers from 1 to this one.
inline constexpr std::size_t errc_count =
  static_cast<std::size_t>(errc::state_in_use);

/// The name of `code`, "unknown" for values without a name, which another
/// version of this module may send.
[[nodiscard]] NODE_PROXY_EXPORT std::string to_string(errc code);

/// The code with this value. For CAF 1.x.
NODE_PROXY_EXPORT bool from_integer(std::uint8_t value, errc& code);

} // namespace node_proxy
