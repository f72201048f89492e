// What the TCP transport has in CAF's event loop itself. A doorman of CAF's
// spins when there are no descriptors left, and no broker can learn that a
// connection that was started has been made.

#pragma once

#include <cstdint>
#include <deque>
#include <memory>

#include <caf/io/network/default_multiplexer.hpp>
#include <caf/io/network/event_handler.hpp>

#include <node_proxy/actors/tcp_socket.hpp>
#include <node_proxy/actors/transport_messages.hpp>

namespace node_proxy {

/// What an event handler tells the transport.
struct tcp_event {
  enum class kind_type : std::uint8_t {
    /// A connector is done.
    connected,
    /// A connector has had its time.
    dial_timeout,
    /// A listener has accepted something.
    accepted,
    /// A listener found no resources to accept with and has left the loop.
    accept_failed,
    /// It is time for that listener to try again.
    retry_accept,
    /// A listener is closed, or with the id 0 what nobody asks about.
    closed,
  };

  kind_type kind = kind_type::connected;
  /// Which one.
  std::uint64_t id = 0;
};

/// Common to all: being in the event loop for one kind of operation, and
/// getting out of it. Everything happens in the thread of the loop; `close` may
/// come from any, as an actor that nobody refers to any more ends anywhere.
///
/// CAF's event loop lets a request to add and a later one to remove cancel each
/// other out within one turn, and then does not say that it has removed. So
/// both are made at the start of a turn, never one by one in the same.
class tcp_event_handler
  : public caf::io::network::event_handler,
    public std::enable_shared_from_this<tcp_event_handler> {
public:
  /// Wait for reading or writing on `socket`, tell `parent` as number `id`.
  tcp_event_handler(caf::io::abstract_broker* parent, std::uint64_t id,
                    caf::io::network::operation op, descriptor socket);

  /// Get into the loop.
  void enter();

  /// Get out of the loop and close; `closed` is told when that has happened.
  void close();

  void removed_from_loop(caf::io::network::operation op) override;

  void graceful_shutdown() override { close(); }

protected:
  /// Get out of the loop from within `handle_event`.
  void leave();

  /// Tell the parent, who may be gone.
  void tell(tcp_event::kind_type kind);

  /// What to do when the loop has let go, unless it was for `close`.
  virtual void after_leaving() {}

  [[nodiscard]] bool closing() const noexcept { return closing_; }

private:
  void close_now();

  caf::actor_addr parent_;
  std::uint64_t id_;
  caf::io::network::operation op_;
  bool closing_ = false;
  // This, as long as the loop has a pointer to it.
  std::shared_ptr<tcp_event_handler> in_loop_;
};

/// Waits for a connection to be made.
class tcp_connector : public tcp_event_handler {
public:
  tcp_connector(caf::io::abstract_broker* parent, std::uint64_t id,
                descriptor socket);

  void handle_event(caf::io::network::operation op) override;

  /// After `connected`: the socket, or why there is none.
  [[nodiscard]] expected<descriptor, os_error> take_result();

private:
  void after_leaving() override;

  bool done_ = false;
  int error_ = 0;
};

/// Waits for others to connect.
class tcp_listener : public tcp_event_handler {
public:
  tcp_listener(caf::io::abstract_broker* parent, std::uint64_t id,
               descriptor socket);

  void handle_event(caf::io::network::operation op) override;

  /// After `accepted`: what was accepted, in order.
  [[nodiscard]] std::deque<accepted_socket> take_accepted();

private:
  std::deque<accepted_socket> accepted_;
};

} // namespace node_proxy
