// Timers. Sockets: test_tcp_connection.cpp, test_tcp_transport.cpp.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <limits>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include <node_proxy/actors/loop/event_loop.hpp>
#include <node_proxy/actors/loop/loop_actor.hpp>

#include "tick_reporter.hpp"

namespace node_proxy::internal {

namespace {

using namespace test;
using namespace std::chrono_literals;

steady_time now() {
  return std::chrono::steady_clock::now().time_since_epoch();
}

/// What this process has used of processors.
duration cpu_time() {
  timespec used{};
  REQUIRE(::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) == 0);
  return std::chrono::seconds{used.tv_sec}
         + std::chrono::nanoseconds{used.tv_nsec};
}

/// How much it uses from now on while this thread sleeps.
duration cpu_time_in(duration how_long) {
  auto before = cpu_time();
  std::this_thread::sleep_for(how_long);
  return cpu_time() - before;
}

/// Counts a number down to 0 together with another actor of the loop, and asks
/// for the end of turns before. Tells `to` each number, and then that end.
class countdown {
public:
  static constexpr auto end_of_turns =
    std::numeric_limits<std::uint64_t>::max();

  explicit countdown(caf::event_based_actor* self) : self_{self} {}

  caf::behavior start(const std::shared_ptr<event_loop>& loop,
                      const caf::actor& to) {
    end_.emplace(loop, caf::actor_cast<turn_end_receiver>(self_));
    other_ = spawn_open_in_loop<other>(
      self_->system(), *loop,
      [me = caf::actor_cast<caf::actor_addr>(self_)](auto*) -> caf::behavior {
        return {[me](std::uint64_t left) {
          caf::anon_send(caf::actor_cast<caf::actor>(me), left - 1);
        }};
      });
    return {
      [this](tick, std::uint64_t from) {
        end_->ask();
        self_->send(other_, from);
      },
      [this, to](std::uint64_t left) {
        caf::anon_send(to, left);
        if (left > 0)
          self_->send(other_, left);
      },
      [this, to](turns_over) {
        end_->handle();
        caf::anon_send(to, std::uint64_t{end_of_turns});
      },
    };
  }

private:
  struct other {
    explicit other(caf::event_based_actor*) {}
  };

  caf::event_based_actor* self_;
  std::optional<turn_end> end_;
  caf::actor other_;
};

/// Waits for the end of turns and for a time. Tells `to` of each when it comes,
/// whether it was the former.
class racer {
public:
  explicit racer(caf::event_based_actor* self) : self_{self} {}

  caf::behavior start(const std::shared_ptr<event_loop>& loop,
                      const caf::actor& to) {
    end_.emplace(loop, caf::actor_cast<turn_end_receiver>(self_));
    time_.emplace(loop, caf::actor_cast<tick_receiver>(self_));
    return {
      [this](done) {
        end_->ask();
        time_->wait_until(now() + 200us);
      },
      [this, to](turns_over) {
        end_->handle();
        caf::anon_send(to, true);
      },
      [this, to](tick) {
        time_->handle_tick();
        caf::anon_send(to, false);
      },
    };
  }

private:
  caf::event_based_actor* self_;
  std::optional<turn_end> end_;
  std::optional<timer> time_;
};

struct fixture : system_fixture {
  std::shared_ptr<event_loop> loop = event_loop::of(system, 1).value().front();
  tick_receiver owner =
    spawn_tick_reporter(system, loop, caf::actor_cast<caf::actor>(self));

  // That it begins is no tick.
  fixture() { next<bool>(); }

  ~fixture() { caf::anon_send_exit(owner, caf::exit_reason::user_shutdown); }

  /// Waits for a tick. @returns whether the owner ran in the loop's thread.
  bool next_tick() { return next<bool>(); }
};

} // namespace

TEST_CASE_FIXTURE(fixture, "an actor system has the same loops for all") {
  auto all = event_loop::of(system, 3).value();
  REQUIRE(all.size() == 3);
  CHECK(all[0] == loop);
  CHECK(all[1] != loop);
  CHECK(all[2] != loop);
  CHECK(all[2] != all[1]);
  CHECK(event_loop::of(system, 3).value() == all);
  test_config other_config;
  caf::actor_system other{other_config};
  CHECK(event_loop::of(other, 1).value().front() != loop);
}

TEST_CASE_FIXTURE(fixture, "of several loops that with the fewest is used") {
  auto loops = event_loop::of(system, 2).value();
  auto first = use_one_of(loops, loop_use::peer);
  CHECK(first == loops[0]);
  auto second = use_one_of(loops, loop_use::peer);
  CHECK(second == loops[1]);
  // What they are used for otherwise does not matter.
  CHECK(use_one_of(loops, loop_use::home) == loops[0]);
  auto copy = second;
  second.reset();
  auto third = use_one_of(loops, loop_use::peer);
  CHECK(third == loops[0]);
  copy.reset();
  CHECK(use_one_of(loops, loop_use::peer) == loops[1]);
}

TEST_CASE_FIXTURE(fixture, "each loop has its own times") {
  auto other = event_loop::of(system, 2).value().back();
  auto owner_there =
    spawn_tick_reporter(system, other, caf::actor_cast<caf::actor>(self));
  next<bool>();
  timer here{loop, owner};
  timer there{other, owner_there};
  here.wait_until(now() + 1ms);
  there.wait_until(now() + 1ms);
  next_tick();
  next_tick();
  caf::anon_send_exit(owner_there, caf::exit_reason::user_shutdown);
}

TEST_CASE_FIXTURE(fixture, "a tick comes when it is time, in the loop") {
  timer uut{loop, owner};
  auto at = now() + 20ms;
  uut.wait_until(at);
  CHECK(next_tick());
  CHECK(now() >= at);
}

TEST_CASE_FIXTURE(fixture, "what is over is told at once") {
  timer uut{loop, owner};
  uut.wait_until(now() - 1h);
  next_tick();
  uut.handle_tick();
  uut.wait_until(now());
  next_tick();
}

TEST_CASE_FIXTURE(fixture, "the earliest time counts") {
  timer uut{loop, owner};
  uut.wait_until(now() + 1h);
  uut.wait_until(now() + 10ms);
  uut.wait_until(now() + 2h);
  next_tick();
}

TEST_CASE_FIXTURE(fixture, "each timer has its own time") {
  // The loop waits for the second one when the first one is set.
  timer late{loop, owner};
  late.wait_until(now() + 50ms);
  timer early{loop, owner};
  early.wait_until(now() + 1ms);
  next_tick();
  next_tick();
}

TEST_CASE_FIXTURE(fixture, "nobody is told by a timer that is gone") {
  auto at = now() + 20ms;
  std::optional<timer> gone{std::in_place, loop, owner};
  gone->wait_until(at);
  gone.reset();
  // It would have come first.
  timer after{loop, owner};
  after.wait_until(at + 1ms);
  next_tick();
  CHECK_FALSE(has_got<bool>());
}

TEST_CASE_FIXTURE(fixture, "an owner may be gone") {
  auto at = now() + 1ms;
  auto short_lived =
    system.spawn([](tick_receiver::pointer) -> tick_receiver::behavior_type {
      return {[](tick) {
      }};
    });
  timer of_gone{loop, short_lived};
  short_lived = nullptr;
  of_gone.wait_until(at);
  timer after{loop, owner};
  after.wait_until(at + 1ms);
  next_tick();
}

TEST_CASE_FIXTURE(fixture, "turns end when all who are to run have had one") {
  auto uut = spawn_open_in_loop<countdown>(system, *loop, [this](auto* x) {
    return state_of(x).start(loop, caf::actor_cast<caf::actor>(self));
  });
  // Whoever had to wait for 10 ms is left to CAF's scheduler: then the loop has
  // nothing to do meanwhile.
  for (auto tries = 20;; --tries) {
    REQUIRE(tries > 0);
    self->send(uut, tick{}, std::uint64_t{10});
    std::vector<std::uint64_t> told;
    while (told.size() < 11)
      told.push_back(next<std::uint64_t>());
    CHECK(std::ranges::count(told, countdown::end_of_turns) == 1);
    if (told.back() == countdown::end_of_turns)
      break;
  }
  caf::anon_send_exit(uut, caf::exit_reason::user_shutdown);
}

TEST_CASE_FIXTURE(fixture, "turns end though others are always to run") {
  auto uut = spawn_open_in_loop<countdown>(system, *loop, [this](auto* x) {
    return state_of(x).start(loop, caf::actor_cast<caf::actor>(self));
  });
  constexpr std::uint64_t long_time = 1'000'000;
  self->send(uut, tick{}, long_time);
  std::uint64_t before = 0;
  while (next<std::uint64_t>() != countdown::end_of_turns)
    ++before;
  CHECK(before < long_time);
  caf::anon_send_exit(uut, caf::exit_reason::kill);
}

TEST_CASE_FIXTURE(fixture, "a loop that waits is woken for the end of turns") {
  auto uut = system.spawn(
    [to = caf::actor_cast<caf::actor>(self)](
      turn_end_receiver::pointer) -> turn_end_receiver::behavior_type {
      return {[to](turns_over) {
        caf::anon_send(to, true);
      }};
    });
  turn_end end{loop, uut};
  for (int i = 0; i < 100; ++i) {
    end.ask();
    end.ask();
    next<bool>();
    end.handle();
  }
  CHECK_FALSE(has_got<bool>());
}

TEST_CASE_FIXTURE(fixture,
                  "a loop that looks for events tells that turns end") {
  loop->set_busy_poll(100ms);
  auto uut = spawn_open_in_loop<racer>(system, *loop, [this](auto* x) {
    return state_of(x).start(loop, caf::actor_cast<caf::actor>(self));
  });
  // The time is less than turns may go on, and more than a wait that does not
  // block; but others may take the processor.
  int first = 0;
  for (int i = 0; i < 20; ++i) {
    self->send(uut, done{});
    first += next<bool>();
    next<bool>();
  }
  CHECK(first > 10);
  caf::anon_send_exit(uut, caf::exit_reason::kill);
}

TEST_CASE_FIXTURE(fixture, "who asked for it looks for events, and sleeps") {
  loop->set_busy_poll(100ms);
  loop->set_busy_poll(1ms);
  timer uut{loop, owner};
  auto busy = duration{0};
  for (int i = 0; i < 100 && busy < 10ms; ++i) {
    // The loop is woken to wait for this.
    uut.wait_until(now() + 1h - i * 1s);
    busy = std::max(busy, cpu_time_in(20ms));
  }
  CHECK(busy >= 10ms);
  auto idle = busy;
  for (int i = 0; i < 100 && idle > 2ms; ++i)
    idle = cpu_time_in(20ms);
  CHECK(idle <= 2ms);
}

} // namespace node_proxy::internal
