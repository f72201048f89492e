// Simulated connections: two streams of octets, and what may happen to them.

#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>

#include <node_proxy/messages/basics.hpp>
#include <node_proxy/messages/transport_address.hpp>
#include <node_proxy/protocol/peer/dialler.hpp>
#include <node_proxy/protocol/peer/end_causes.hpp>
#include <node_proxy/protocol/timestamp.hpp>

namespace simulation {

using namespace node_proxy;
using namespace node_proxy::internal;

/// Who reads and writes at the ends of connections.
class stream_user {
public:
  virtual ~stream_user() = default;

  /// Somebody dialled this user.
  virtual void handle_accepted(connection_id connection) = 0;
  virtual void handle_data(connection_id connection, bytes_view data) = 0;
  virtual void handle_written(connection_id connection, std::size_t count) = 0;
  /// Nothing is heard of the connection after this.
  virtual void handle_closed(connection_id connection, close_reason reason) = 0;
};

/// One direction of a connection.
struct direction {
  duration latency = std::chrono::milliseconds{1};
  /// Octets take up to this much longer. They never overtake each other.
  duration jitter{0};
  /// 0 = without limit.
  std::uint64_t bytes_per_second = 0;
  /// Octets arrive in pieces of at most this size; 0 = as they were written.
  std::size_t piece = 0;
  /// What is written vanishes, and nobody is told.
  bool hole = false;
  /// The connection is cut when this much was sent.
  std::optional<std::uint64_t> cut_at;
  /// May alter what is sent; the number is its position in the stream.
  std::function<void(bytes&, std::uint64_t)> tamper;
  /// What was sent, if `keep` is set.
  bool keep = false;
  bytes record;

  std::uint64_t sent = 0;
  steady_time busy_until{};
  steady_time last_arrival{};
};

/// A connection. The first end and the first direction are the dialler's.
struct connection {
  struct end {
    stream_user* user = nullptr;
    bool open = true;
  };

  std::array<end, 2> ends;
  std::array<direction, 2> directions;
  /// The host from which it comes, if a node has dialled.
  std::optional<ip_address> from;
  /// What is under way is lost.
  bool cut = false;
};

} // namespace simulation
