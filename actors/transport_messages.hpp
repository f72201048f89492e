// The messages between transports, their connections, and those who own
// connections. They are the same for all transport protocols, which are told
// apart by the `transport_address` alone. All of them stay in their actor
// system.

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <variant>

#include <node_proxy/actors/caf_compat.hpp>
#include <node_proxy/actors/caf_messages.hpp>
#include <node_proxy/actors/frame_batch.hpp>
#include <node_proxy/messages/field.hpp>
#include <node_proxy/messages/transport_address.hpp>

namespace node_proxy {

/// A connection. It is an actor of its own, which cuts the stream into frames
/// and knows nothing of what is in them. It belongs to one actor at a time, its
/// owner, and shuts itself when that actor ends. Until the owner says otherwise
/// nothing is read from the peer.
using connection_actor =
  actor_interface<void(read_next), void(attach), void(write_frames),
                  void(taken), void(shut)>;

/// What an owner of a connection understands.
using connection_owner =
  actor_interface<void(frames_in), void(written), void(connection_closed)>;

/// What can be told that somebody has connected.
using inbound_handler = actor_interface<void(inbound)>;

/// A transport. One for each transport protocol.
using transport_actor =
  actor_interface<listening(listen), listening_stopped(stop_listening),
                  dialled(dial)>;

// -- to a connection ----------------------------------------------------------

/// Deliver exactly one more frame, a body of at most `limits::handshake_body`,
/// in a `frames_in`; then read no more. From now on `owner` owns the
/// connection.
struct read_next {
  connection_owner owner;
};

/// From now on deliver all frames, bodies of up to `limits::frame_body`, to
/// `owner`, who owns the connection now. Frames that have arrived and were not
/// delivered come first, in order.
struct attach {
  connection_owner owner;
};

/// Append these frames, lengths included, to the stream.
struct write_frames {
  bytes data;
  /// Tell as `written` when all of it has gone, or a part of it.
  bool report = false;
};

/// The owner has dealt with that much of what `frames_in::bytes_read` said. Not
/// for the answer to a `read_next`. The connection reads no further than
/// 1 MiB beyond what the owner has dealt with.
struct taken {
  std::size_t bytes = 0;
};

/// Less than that need not be told as `taken`.
inline constexpr std::size_t least_taken = 128 * 1024;

/// Deliver no more, send out what was written before, and end. After a few
/// seconds at the latest the connection ends anyway.
struct shut {};

// -- from a connection to its owner -------------------------------------------

/// What one read brought.
struct frames_in {
  connection_actor connection;
  /// The bodies of the frames that are complete now; maybe none.
  std::shared_ptr<const frame_batch> bodies;
  /// Octets that have arrived since the last `frames_in`, lengths included. A
  /// slow peer's progress inside of a frame is told now and then.
  std::size_t bytes_read = 0;
};

/// So many octets of what was written have gone to the operating system since
/// the last `written`. Told when `write_frames` asks for it.
struct written {
  connection_actor connection;
  std::size_t bytes = 0;
};

/// Why a connection ended.
enum class close_reason : std::uint8_t {
  /// The owner asked for it, or ended.
  shut,
  /// The peer ended the connection, or it broke.
  lost,
  /// The peer sent a frame with length zero.
  length_zero,
  /// The peer announced a frame longer than allowed.
  length_over_limit,
};

template <>
inline constexpr std::array<std::string_view, 4> enum_names<close_reason>{
  "shut", "lost", "length_zero", "length_over_limit"};

/// The connection has ended; its last message, sent exactly once.
struct connection_closed {
  connection_actor connection;
  close_reason reason = close_reason::lost;
};

// -- to and from a transport --------------------------------------------------

/// Accept connections at `address`, port 0 for any, and hand each to
/// `acceptor` as an `inbound`. Ends with the acceptor. Errors, which name the
/// address: address_in_use, bad_address, not_permitted, out_of_resources.
struct listen {
  transport_address address;
  inbound_handler acceptor;
};

/// Connections are accepted from now on.
struct listening {
  /// With the port that it got.
  transport_address address;
};

/// Accept no more connections at this address, as `listening` gave it. Those
/// that there are stay. Errors: bad_address if there is no such listener.
struct stop_listening {
  transport_address address;
};

struct listening_stopped {
  transport_address address;
};

/// Connect to `address`. Whoever asks owns the connection. Errors, which name
/// the address: bad_address, connection_refused, unreachable, timed_out,
/// not_permitted, out_of_resources.
struct dial {
  transport_address address;
  std::chrono::milliseconds timeout = std::chrono::seconds{10};
};

/// The answer to `dial`.
struct dialled {
  connection_actor connection;
};

/// Somebody has connected. Whoever was given in `listen` owns the connection.
struct inbound {
  connection_actor connection;
  /// Where the peer is.
  transport_address remote;
  /// Where it was accepted.
  transport_address local;
};

} // namespace node_proxy
