// Tells the owners of TCP connections when they can go on.

#pragma once

#include <memory>

#include <node_proxy/actors/connection.hpp>
#include <node_proxy/actors/tcp_event_handlers.hpp>

namespace node_proxy {

/// Watches sockets. The owners of connections use it from their own threads;
/// what it finds it finds in CAF's event loop, to which all of it is one
/// descriptor.
class tcp_poller {
public:
  /// @param parent a broker, for its event loop. It may end before this.
  /// @param epoll from `open_epoll`.
  tcp_poller(caf::io::abstract_broker* parent, descriptor epoll);

  tcp_poller(const tcp_poller&) = delete;
  tcp_poller& operator=(const tcp_poller&) = delete;

  /// The loop lets go of it soon after.
  ~tcp_poller();

private:
  friend class watched_socket;

  class watch_list;
  class loop_handler;

  std::shared_ptr<watch_list> list_;
  std::shared_ptr<loop_handler> handler_;
};

class watched_owner;

/// A socket that a poller knows until it is closed, which happens with its
/// owner.
class watched_socket {
public:
  watched_socket(descriptor socket, std::shared_ptr<tcp_poller> poller);

  watched_socket(const watched_socket&) = delete;
  watched_socket& operator=(const watched_socket&) = delete;

  ~watched_socket();

  /// Names it among all of this process.
  [[nodiscard]] connection_id id() const noexcept { return id_; }

  [[nodiscard]] int get() const noexcept { return socket_.get(); }

  /// Whom to tell about it.
  void set_owner(const connection_owner& owner);

  /// Tells the owner as soon as something can be read or written, whichever is
  /// wanted, or the connection has ended.
  void wait(bool reading, bool writing);

  /// Tells the owner now.
  void tell();

  /// The owner is about to look at the socket. Before that it is told once.
  void handle_told();

private:
  descriptor socket_;
  std::shared_ptr<tcp_poller> poller_;
  connection_id id_;
  std::shared_ptr<watched_owner> owner_;
};

} // namespace node_proxy
