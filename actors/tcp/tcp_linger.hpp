// The end of TCP connections: what was written last still gets to the peer.

#pragma once

#include <cstddef>
#include <memory>
#include <unordered_map>

#include <node_proxy/actors/local_messages.hpp>
#include <node_proxy/actors/loop/event_loop.hpp>
#include <node_proxy/actors/tcp/tcp_socket.hpp>
#include <node_proxy/actors/transport/connection.hpp>

namespace node_proxy::internal {

/// A socket that nobody owns any more.
struct abandoned_socket {
  std::unique_ptr<watched_socket> socket;
  /// What is still to be written, from `begin` on.
  bytes unsent;
  std::size_t begin = 0;
  /// How much has been read and thrown away.
  std::size_t discarded = 0;
};

/// See to the end of a socket.
struct linger {
  std::shared_ptr<abandoned_socket> what;
};

/// The actor that takes sockets which nobody owns any more, writes what is
/// unsent, and closes them.
using linger_actor = actor_interface<void(linger)>;

/// The transport has waited long enough for one of its sockets.
struct socket_deadline {
  /// 0 for all that linger.
  connection_id socket = 0;
};

/// Sockets that are about to be closed. To close a socket with something unread
/// makes TCP throw away what the peer has not taken yet. So each is written to
/// its end, then read until the peer has closed its end, too, or has sent more
/// than anybody who reads would.
class lingering_sockets {
public:
  /// Beyond a bound it is ended at once.
  /// @param owner is notified by the event loop, and then calls
  ///              `handle_ready`.
  /// @returns whether there is something to wait for.
  bool add(std::shared_ptr<abandoned_socket> what,
           const connection_owner& owner);

  /// Something can be written or read.
  void handle_ready(connection_id id);

  /// Ends it whatever the peer has taken.
  void handle_deadline(connection_id id);

  /// Ends all of them.
  void handle_all_deadlines();

  [[nodiscard]] bool empty() const noexcept { return sockets_.empty(); }

private:
  std::unordered_map<connection_id, std::shared_ptr<abandoned_socket>> sockets_;
};

} // namespace node_proxy::internal
