// What the TCP transport dials.

#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include <node_proxy/actors/error.hpp>
#include <node_proxy/actors/loop/event_loop.hpp>
#include <node_proxy/actors/transport/transport_messages.hpp>
#include <node_proxy/protocol/node/dial_budget.hpp>

namespace node_proxy::internal {

/// What came of a dial is proven, or has come to its end.
struct dial_ended {
  dial_id dial = 0;
};

/// Whose dials these are: the transport.
using dial_end_receiver = actor_interface<void(dial_ended)>;

/// Requests to dial, as many at once as a `dial_budget` has it, and the sockets
/// that these are on the way with. Each call may answer requests.
class tcp_dials {
public:
  using socket_ptr = std::unique_ptr<watched_socket>;

  /// Has a socket watched by the event loop, for the transport.
  using watch_function = std::function<socket_ptr(descriptor)>;

  /// Makes a connection of a socket. When it is proven, or its socket closed,
  /// `handle_end` has to follow.
  using connect_function = std::function<connection_ptr(socket_ptr, dial_id)>;

  tcp_dials(std::size_t max, watch_function watch, connect_function connect)
    : budget_{max}, watch_{std::move(watch)}, connect_{std::move(connect)} {}

  tcp_dials(const tcp_dials&) = delete;
  tcp_dials& operator=(const tcp_dials&) = delete;

  // -- events -----------------------------------------------------------------

  /// Somebody wants to be connected to a TCP address.
  void handle_wanted(const dial& msg, caf::actor_id owner,
                     promise<dialled> answer, steady_time now);

  /// Nobody wants that any more. The request is answered nonetheless.
  void handle_unwanted(caf::actor_id owner, attempt_id attempt,
                       steady_time now);

  void handle_owner_gone(caf::actor_id owner, steady_time now);

  /// What came of a dial is proven, or has come to its end.
  void handle_end(dial_id id, steady_time now);

  /// A socket has arrived, or failed.
  /// @returns false if it belongs to none of the dials.
  bool handle_ready(connection_id socket, steady_time now);

  void handle_timeout(steady_time now);

  /// The transport ends, and all of this with it.
  void handle_shutdown();

  // -- results ----------------------------------------------------------------

  /// When to call `handle_timeout`.
  [[nodiscard]] std::optional<steady_time> poll_timeout() const;

private:
  // Who has dialled, and waits for an answer.
  struct request {
    dial what;
    caf::actor_id owner;
    promise<dialled> answer;
    // There are several if the interface is not known over which the peer can
    // be reached; the last one to fail is the answer.
    std::vector<socket_ptr> sockets = {};
    steady_time deadline{};
  };

  using request_map = std::unordered_map<dial_id, request>;
  using owner_key = std::pair<caf::actor_id, attempt_id>;

  void go_on(steady_time now);
  void begin(dial_id id, steady_time now);
  void succeed(request_map::iterator position, socket_ptr socket);
  void fail_with(request_map::iterator position, const caf::error& error);
  void give_up(dial_id id, errc code, std::string_view text);
  request extract(request_map::iterator position);

  dial_budget budget_;
  watch_function watch_;
  connect_function connect_;
  request_map requests_;
  std::multimap<owner_key, dial_id> by_owner_;
  std::unordered_map<connection_id, dial_id> by_socket_;
  std::multimap<steady_time, dial_id> deadlines_;
  dial_id last_ = 0;
};

/// An error that names an address.
[[nodiscard]] caf::error address_error(errc code,
                                       const transport_address& address,
                                       std::string_view text);
[[nodiscard]] caf::error address_error(os_error error,
                                       const transport_address& address);

} // namespace node_proxy::internal
