#include <memory>

#include "tick_reporter.hpp"

namespace node_proxy::internal {

namespace {

using namespace test;

struct fixture : system_fixture {
  std::shared_ptr<event_loop> loop = event_loop::of(system, 1).value().front();

  /// Whether an actor begins in the loop and goes on there, though it is never
  /// the loop that wakes it.
  bool stays_in_loop() {
    auto uut =
      spawn_tick_reporter(system, loop, caf::actor_cast<caf::actor>(self));
    auto result = next<bool>();
    self->send(uut, tick{});
    result = next<bool>() && result;
    caf::anon_send_exit(uut, caf::exit_reason::user_shutdown);
    return result;
  }
};

} // namespace

TEST_CASE_FIXTURE(fixture, "it runs in the loop, whoever wakes it") {
  // What had to wait for 10 ms is left to CAF's scheduler.
  auto tries = 20;
  while (!stays_in_loop())
    REQUIRE(--tries > 0);
}

} // namespace node_proxy::internal
