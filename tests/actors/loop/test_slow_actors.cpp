#include <node_proxy/actors/loop/slow_actors.hpp>

#include <atomic>
#include <chrono>
#include <future>
#include <thread>

#include <doctest/doctest.h>
#include <sched.h>

#include <node_proxy/actors/loop/now.hpp>
#include <node_proxy/actors/loop/stopwatch.hpp>

using namespace node_proxy::internal;
using namespace std::chrono_literals;

namespace {

/// Two actors, by their addresses.
constexpr int actors[2] = {};
constexpr auto one = &actors[0];
constexpr auto other = &actors[1];

/// From now on this thread, and those that it starts, share one processor.
class one_processor {
public:
  one_processor() {
    ::sched_getaffinity(0, sizeof(before_), &before_);
    cpu_set_t mask;
    CPU_ZERO(&mask);
    CPU_SET(::sched_getcpu(), &mask);
    REQUIRE(::sched_setaffinity(0, sizeof(mask), &mask) == 0);
  }

  one_processor(const one_processor&) = delete;
  one_processor& operator=(const one_processor&) = delete;

  ~one_processor() { ::sched_setaffinity(0, sizeof(before_), &before_); }

private:
  cpu_set_t before_{};
};

/// Works until others have had the processor for so long.
void work_beside_others(node_proxy::duration how_long) {
  auto lost = 0ns;
  for (auto last = steady_now(); lost < how_long;) {
    auto now = steady_now();
    // Nothing of ours takes that long.
    if (now - last > 500us)
      lost += now - last;
    last = now;
  }
}

/// Sleeps until another thread has seen so much time pass.
void wait_for_another(node_proxy::duration how_long) {
  std::async(std::launch::async, [until = steady_now() + how_long] {
    while (steady_now() < until) {
      // The clock is all that it looks at.
    }
  }).wait();
}

} // namespace

TEST_CASE("who took long three times in a row is slow for a second") {
  slow_actors uut;
  uut.handle_turn(one, 5ms, 0s);
  uut.handle_turn(one, 5ms, 0s);
  CHECK(uut.suspects(one));
  CHECK_FALSE(uut.contain(one, 0s));
  uut.handle_turn(one, 5ms, 1s);
  CHECK(uut.contain(one, 1s));
  CHECK(uut.contain(one, 1999ms));
  CHECK_FALSE(uut.contain(one, 2s));
  CHECK_FALSE(uut.suspects(other));
}

TEST_CASE("whoever is quick once is suspected no more") {
  slow_actors uut;
  for (int i = 0; i < 2; ++i) {
    uut.handle_turn(one, 6ms, 0s);
    uut.handle_turn(one, 6ms, 0s);
    uut.handle_turn(one, 4ms, 0s);
    CHECK_FALSE(uut.suspects(one));
  }
  CHECK_FALSE(uut.contain(one, 0s));
}

TEST_CASE("what others take of the processor does not count on a close look") {
  one_processor only;
  std::atomic<bool> done = false;
  std::jthread rival{[&done] {
    while (!done) {
      // It only wants the processor.
    }
  }};
  auto begun = steady_now();
  stopwatch close{begun, true};
  stopwatch plain{begun, false};
  work_beside_others(20ms);
  auto now = steady_now();
  done = true;
  CHECK(plain.elapsed(now) == now - begun);
  CHECK(close.elapsed(now) < now - begun - 15ms);
}

TEST_CASE("what a thread waits for counts") {
  auto begun = steady_now();
  stopwatch close{begun, true};
  wait_for_another(6ms);
  CHECK(close.elapsed(steady_now()) >= 6ms);
}

TEST_CASE("all counts if a thread has waited and others were in its way") {
  one_processor only;
  std::atomic<bool> done = false;
  std::jthread rival{[&done] {
    while (!done) {
      // It only wants the processor.
    }
  }};
  auto begun = steady_now();
  stopwatch close{begun, true};
  work_beside_others(5ms);
  // The other one may be done before this one waits, but not each time.
  for (int i = 0; i < 50; ++i)
    wait_for_another(100us);
  auto now = steady_now();
  done = true;
  CHECK(close.elapsed(now) == now - begun);
}
