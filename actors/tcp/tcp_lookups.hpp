// The names that the TCP transport looks up.

#pragma once

#include <map>
#include <memory>
#include <optional>
#include <utility>

#include <node_proxy/actors/caf/compat.hpp>
#include <node_proxy/actors/error.hpp>
#include <node_proxy/actors/tcp/host_resolver.hpp>
#include <node_proxy/protocol/node/lookup_budget.hpp>
#include <node_proxy/protocol/timestamp.hpp>

namespace node_proxy::internal {

/// A lookup has come to its end, in its own thread.
struct lookup_ended {
  lookup_id lookup = 0;
  hosts_found found;
};

/// Who has names looked up: the transport.
using lookup_end_receiver = actor_interface<void(lookup_ended)>;

/// Requests to look up names, as many at once as the `lookup_budget` has it,
/// each in a thread of its own: nobody else waits for a resolver. Nor does
/// whoever asked, beyond `max_time`, nor the end of the transport; a thread
/// that is stuck in the resolver then goes on for nobody.
class tcp_lookups {
public:
  /// From the request to the answer.
  static constexpr duration max_time = std::chrono::seconds{10};

  tcp_lookups(host_resolver resolver, lookup_end_receiver to);

  tcp_lookups(const tcp_lookups&) = delete;
  tcp_lookups& operator=(const tcp_lookups&) = delete;

  // -- events -----------------------------------------------------------------

  void handle_wanted(const find_hosts& msg, caf::actor_id owner,
                     promise<hosts_found> answer, steady_time now);

  /// Nobody wants that any more. The request is answered nonetheless.
  void handle_unwanted(caf::actor_id owner, attempt_id attempt);

  void handle_owner_gone(caf::actor_id owner);

  /// A thread has come to its end.
  void handle_end(lookup_ended msg);

  void handle_timeout(steady_time now);

  /// The transport ends. No thread sends it anything any more.
  void handle_shutdown();

  // -- results ----------------------------------------------------------------

  /// When to call `handle_timeout`.
  [[nodiscard]] std::optional<steady_time> poll_timeout() const;

private:
  struct outlet;

  struct request {
    find_hosts what;
    caf::actor_id owner;
    promise<hosts_found> answer;
    steady_time deadline{};
  };

  // All have the same time, so the oldest one ends first.
  using request_map = std::map<lookup_id, request>;

  void go_on();
  void begin(lookup_id id);
  void give_up(request_map::iterator position, errc code);
  void answer(request_map::iterator position, hosts_found found);

  host_resolver resolver_;
  std::shared_ptr<outlet> outlet_;
  lookup_budget budget_;
  request_map requests_;
  lookup_id last_ = 0;
};

} // namespace node_proxy::internal
