// An actor in the event loop.

#pragma once

#include <memory>
#include <utility>

#include <node_proxy/actors/loop/event_loop.hpp>
#include <node_proxy/actors/loop/loop_actor.hpp>

#include "actors/system_fixture.hpp"

namespace test {

/// Reports to another actor whether it runs in the loop, at first and at each
/// tick.
class tick_reporter {
public:
  explicit tick_reporter(tick_receiver::pointer) {}

  tick_receiver::base::behavior_type start(std::shared_ptr<event_loop> loop,
                                           const caf::actor& to) {
    loop_ = std::move(loop);
    auto report = [to] {
      caf::anon_send(to, in_event_loop());
    };
    report();
    return {[report](tick) {
      report();
    }};
  }

private:
  std::shared_ptr<event_loop> loop_;
};

inline tick_receiver
spawn_tick_reporter(caf::actor_system& system,
                    const std::shared_ptr<event_loop>& loop,
                    const caf::actor& to) {
  return spawn_in_loop<tick_receiver, tick_reporter>(
    system, *loop, [=](auto* self) { return state_of(self).start(loop, to); });
}

} // namespace test
