#include <node_proxy/actors/router/event_observers.hpp>

#include <algorithm>
#include <utility>

#include <node_proxy/actors/caf/sending.hpp>

namespace node_proxy::internal {

bool event_observers::add(const caf::actor& x) {
  auto is_same = [&x](const auto& y) {
    return y->handle == x;
  };
  if (std::ranges::any_of(observers_, is_same))
    return true;
  if (observers_.size() >= max_observers)
    return false;
  observers_.push_back(std::make_shared<observer>(observer{x}));
  monitor_end(self_, x);
  return true;
}

void event_observers::remove(const caf::actor_addr& x) {
  auto is_same = [&x](const auto& y) {
    return y->handle.address() == x;
  };
  if (std::erase_if(observers_, is_same) > 0)
    demonitor_end(self_, x);
}

void event_observers::report(const node_event& event) {
  for (const auto& x : observers_)
    if (x->unhandled < max_unhandled_events)
      send(x, event);
    else
      ++x->missed;
}

void event_observers::send(const std::shared_ptr<observer>& to,
                           const node_event& event) {
  ++to->unhandled;
  // Whatever it answers, it has handled the event.
  auto handled = [this, to] {
    --to->unhandled;
    if (to->missed > 0)
      send(to, {missed_event{std::exchange(to->missed, 0)}});
  };
  send_request(self_, to->handle, caf::infinite, event)
    .then([handled] { handled(); },
          [handled](const caf::error&) { handled(); });
}

} // namespace node_proxy::internal
