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
  if (monitored_.insert(x.address()).second)
    monitor_end(self_, x);
  return true;
}

void event_observers::handle_down(const caf::actor_addr& x) {
  monitored_.erase(x);
  remove(x);
}

void event_observers::remove(const caf::actor_addr& x) {
  auto is_same = [&x](const auto& y) {
    return y->handle.address() == x;
  };
  auto found = std::ranges::find_if(observers_, is_same);
  if (found == observers_.end())
    return;
  // Answers that it owes may still come.
  (*found)->removed = true;
  observers_.erase(found);
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
  auto ask = [&](auto timeout) {
    send_request(self_, to->handle, timeout, event)
      .then([this, to = to] { handle_handled(to); },
            [this, to = to](const caf::error& error) {
              if (error == caf::sec::request_timeout)
                remove(to->handle.address());
              handle_handled(to);
            });
  };
  // One of this process answers or ends.
  if (to->handle.node() == self_->home_system().node())
    ask(caf::infinite);
  else
    ask(patience);
}

void event_observers::handle_handled(const std::shared_ptr<observer>& by) {
  if (by->removed)
    return;
  --by->unhandled;
  if (by->missed > 0)
    send(by, {missed_event{std::exchange(by->missed, 0)}});
}

} // namespace node_proxy::internal
