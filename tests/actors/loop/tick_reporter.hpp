// An actor in the event loop.

#pragma once

#include <memory>
#include <utility>

#include <node_proxy/actors/loop/event_loop.hpp>
#include <node_proxy/actors/loop/loop_actor.hpp>

#include "actors/system_fixture.hpp"

namespace test {

/// Tells another actor whether it runs in the loop, at first and at each tick.
class tick_teller {
public:
  explicit tick_teller(tick_receiver::pointer) {}

  tick_receiver::base::behavior_type start(std::shared_ptr<event_loop> loop,
                                           const caf::actor& to) {
    loop_ = std::move(loop);
    auto tell = [to] {
      caf::anon_send(to, in_event_loop());
    };
    tell();
    return {[tell](tick) {
      tell();
    }};
  }

private:
  std::shared_ptr<event_loop> loop_;
};

inline tick_receiver spawn_tick_teller(caf::actor_system& system,
                                       const std::shared_ptr<event_loop>& loop,
                                       const caf::actor& to) {
  return spawn_in_loop<tick_receiver, tick_teller>(
    system, *loop, [=](auto* self) { return state_of(self).start(loop, to); });
}

} // namespace test
