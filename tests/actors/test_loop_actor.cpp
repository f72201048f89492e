#include <memory>
#include <utility>

#include <node_proxy/actors/loop_actor.hpp>

#include "system_fixture.hpp"

namespace node_proxy {

namespace {

using namespace test;

/// Tells another actor whether it runs in the loop, at first and at each tick.
class teller {
public:
  explicit teller(tick_receiver::pointer) {}

  tick_receiver::base::behavior_type start(std::shared_ptr<event_loop> loop,
                                           const caf::actor& to) {
    loop_ = std::move(loop);
    auto tell = [to] {
      caf::anon_send(to, actor_runner::unit_of_this_thread() != nullptr);
    };
    tell();
    return {[tell](tick) {
      tell();
    }};
  }

private:
  std::shared_ptr<event_loop> loop_;
};

} // namespace

TEST_CASE_FIXTURE(system_fixture, "CAF's scheduler need not run it") {
  busy_scheduler busy{system};
  auto loop = event_loop::of(system).value();
  auto to = caf::actor_cast<caf::actor>(self);
  auto uut =
    spawn_in_loop<tick_receiver, teller>(system, *loop, [=](auto* state) {
      return state_of(state).start(loop, to);
    });
  CHECK(next<bool>());
  // The loop may be busy, too, or wait.
  for (int i = 0; i < 2; ++i) {
    self->send(uut, tick{});
    CHECK(next<bool>());
  }
  caf::anon_send_exit(uut, caf::exit_reason::user_shutdown);
  self->wait_for(uut);
}

} // namespace node_proxy
