// Who gets the events of a node.

#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <set>
#include <vector>

#include <node_proxy/actors/node_event.hpp>
#include <node_proxy/actors/operator_messages.hpp>
#include <node_proxy/actors/router/router_service.hpp>

namespace node_proxy::internal {

/// Observers of a node, see `subscribe_observer`. Each event is a request, so
/// that it is known what an observer has not handled yet. One of another
/// process may vanish without a word: if it does not handle an event in
/// `patience` it is removed.
class event_observers {
public:
  static constexpr std::chrono::seconds patience{60};

  explicit event_observers(router_service::pointer self) : self_(self) {}

  /// @returns whether there is room for it.
  [[nodiscard]] bool add(const caf::actor& x);

  void remove(const caf::actor_addr& x);

  /// An actor has ended that the Router monitors.
  void handle_down(const caf::actor_addr& x);

  void report(const node_event& event);

private:
  struct observer {
    caf::actor handle;
    std::uint64_t unhandled = 0;
    std::uint64_t missed = 0;
    bool removed = false;
  };

  void send(const std::shared_ptr<observer>& to, const node_event& event);
  void handle_handled(const std::shared_ptr<observer>& by);

  router_service::pointer self_;
  std::vector<std::shared_ptr<observer>> observers_;
  // Those that have not ended, though they may have been removed: the Router
  // may monitor them as engines, and would do neither any more.
  std::set<caf::actor_addr> monitored_;
};

} // namespace node_proxy::internal
