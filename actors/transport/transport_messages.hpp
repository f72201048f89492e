// The messages between transports and those who own connections. They are the
// same for all transport protocols, which are told apart by the
// `transport_address` alone. All of them stay in their actor system.

#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include <node_proxy/actors/caf/compat.hpp>
#include <node_proxy/actors/local_messages.hpp>
#include <node_proxy/actors/transport/connection.hpp>
#include <node_proxy/messages/transport_address.hpp>
#include <node_proxy/protocol/ids.hpp>
#include <node_proxy/protocol/peer/end_causes.hpp>
#include <node_proxy/protocol/peer/standing.hpp>

namespace node_proxy::internal {

/// Who is notified that somebody has connected: the acceptor.
using inbound_handler = actor_interface<void(inbound), room_made(make_room)>;

/// A transport. One for each transport protocol.
using transport_actor =
  actor_interface<listening(listen), listening_stopped(stop_listening),
                  dialled(dial), hosts_found(find_hosts), void(stop_dialling)>;

// -- to and from a transport --------------------------------------------------

/// Accept connections at `address`, port 0 for any, and report them to the
/// acceptor as `inbound`. The transport stops listening there once that has
/// ended. Errors, which name the address: address_in_use, bad_address,
/// bad_config if there is no acceptor, not_permitted, out_of_resources.
struct listen {
  transport_address address;
  inbound_handler acceptor;
};

/// Connections are accepted from now on.
struct listening {
  /// With the port that it got.
  transport_address address;
};

/// Accept no more connections at this address, as `listening` gave it.
/// Connections that were accepted before are not touched. Errors: bad_address
/// if there is no such listener.
struct stop_listening {
  transport_address address;
};

struct listening_stopped {
  transport_address address;
};

/// Connect to `address`, as soon as there is room for that: see `dial_budget`.
/// Whoever asks is to own it. Errors, which name the address: bad_address,
/// connection_refused, unreachable, timed_out, not_permitted, out_of_resources,
/// shutting_down, connection_closed after `stop_dialling`.
struct dial {
  transport_address address;
  /// From when the dial is under way.
  std::chrono::milliseconds timeout = std::chrono::seconds{10};
  peer_standing standing = peer_standing::guest;
  /// By which the asker knows it.
  attempt_id attempt = 0;
};

/// Look up the hosts that a name stands for, as soon as there is room for that:
/// see `lookup_budget`. Errors: shutting_down, connection_closed after
/// `stop_dialling`.
struct find_hosts {
  std::string name;
  peer_standing standing = peer_standing::guest;
  /// By which the asker knows it.
  attempt_id attempt = 0;
};

/// The answer to `find_hosts`.
struct hosts_found {
  /// The best one first.
  std::vector<ip_address> hosts;
  /// If there are none, why: unknown_name, no_name_server, resolver_failed,
  /// timed_out, too_many_names, out_of_resources.
  dial_error failure = dial_error::unknown_name;
};

/// The asker of a `dial` or `find_hosts` does not want it any more.
struct stop_dialling {
  attempt_id attempt = 0;
};

/// The answer to `dial`.
struct dialled {
  connection_ptr connection;
};

/// Somebody has connected. The acceptor is to own the connection.
struct inbound {
  connection_ptr connection;
  /// The host from which it comes.
  ip_address from;
};

/// There are no descriptors for those who want to connect: close some
/// connections that are worth less.
struct make_room {};

struct room_made {
  /// How many were closed.
  std::size_t count = 0;
};

} // namespace node_proxy::internal
