// Who runs where, and what becomes of others when an actor is slow.

#include <array>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <node_proxy/actors/loop/actor_runner.hpp>

#include "actors/system_fixture.hpp"

namespace node_proxy::internal {

namespace {

using namespace test;

/// Events that the test makes up.
class made_up_events : public event_source {
public:
  void add(std::function<void()> event) {
    {
      std::lock_guard guard{mutex_};
      events_.push_back(std::move(event));
    }
    interrupt();
  }

  void wait(bool may_block) override {
    std::unique_lock guard{mutex_};
    if (may_block)
      changed_.wait(guard, [this] { return interrupted_; });
    interrupted_ = false;
    auto events = std::exchange(events_, {});
    guard.unlock();
    for (auto& event : events)
      event();
  }

  void interrupt() noexcept override {
    {
      std::lock_guard guard{mutex_};
      interrupted_ = true;
    }
    changed_.notify_one();
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool interrupted_ = false;
  std::deque<std::function<void()>> events_;
};

/// Keeps a thread busy.
void work(std::chrono::microseconds how_long) {
  auto until = std::chrono::steady_clock::now() + how_long;
  while (std::chrono::steady_clock::now() < until)
    std::this_thread::yield();
}

/// Where a handler ran.
struct place {
  bool in_runner = actor_runner::has_this_thread();
  std::thread::id thread = std::this_thread::get_id();
};

/// Tells the test, once, that something happens, and where.
class report {
public:
  void send() const { promise_->set_value({}); }

  /// Waits for that.
  place get() const {
    if (future_.wait_for(patience) != std::future_status::ready)
      FAIL("what the test waits for does not happen");
    return future_.get();
  }

private:
  // Whoever sends may still be at it when the test has got it.
  std::shared_ptr<std::promise<place>> promise_ =
    std::make_shared<std::promise<place>>();
  std::shared_future<place> future_{promise_->get_future()};
};

struct fixture : system_fixture {
  std::shared_ptr<made_up_events> events = std::make_shared<made_up_events>();
  std::optional<actor_runner> runner{std::in_place, system, events};

  /// Spawns an actor that CAF's scheduler need not run first.
  template <class F>
  caf::actor spawn_idle(F f) {
    return system.spawn<caf::lazy_init>(std::move(f));
  }

  /// An actor that does `work` when it gets a number.
  caf::actor worker(const std::function<void()>& work) {
    return spawn_idle([work](caf::event_based_actor*) -> caf::behavior {
      return {[work](int) {
        work();
      }};
    });
  }

  /// One that reports, once.
  caf::actor reporter(const report& to) {
    return worker([to] { to.send(); });
  }

  /// One that reports and does not go on before it is `released`.
  caf::actor blocker(const report& to, const report& released) {
    return worker([to, released] {
      to.send();
      released.get();
    });
  }

  /// One that passes a number on.
  caf::actor forwarder(const caf::actor& to) {
    return forwarder(std::vector{to});
  }

  /// One that passes a number on to all of them.
  caf::actor forwarder(const std::vector<caf::actor>& all) {
    return spawn_idle([all](caf::event_based_actor* self) -> caf::behavior {
      return {[self, all](int x) {
        for (const auto& to : all)
          self->send(to, x);
      }};
    });
  }

  /// Sends a number in this thread, so that the receiver runs in the runner.
  void send(const caf::actor& to) {
    enqueue(to, &runner->unit(), nullptr, caf::make_message_id(), 1);
  }

  /// Sends it in the runner, where that is what has happened.
  void wake(const caf::actor& who) {
    events->add([this, who] { send(who); });
  }

  /// Wakes `count` actors that all work for `how_long`, and somebody behind
  /// them. @returns where that one runs.
  place wake_behind(int count, std::chrono::microseconds how_long) {
    report waited;
    std::vector<caf::actor> all;
    while (count-- > 0)
      all.push_back(worker([how_long] { work(how_long); }));
    all.push_back(reporter(waited));
    wake(forwarder(all));
    return waited.get();
  }

  /// Three actors block, one after the other.
  void
  check_blocking(const std::function<void(const caf::actor&)>& wake_blocker) {
    // One in the runner, two in CAF's scheduler, which has two threads here.
    std::array<report, 3> blocks;
    report released;
    int in_runner = 0;
    for (const auto& x : blocks) {
      wake_blocker(blocker(x, released));
      in_runner += x.get().in_runner ? 1 : 0;
    }
    CHECK(in_runner == 1);
    report later;
    wake(reporter(later));
    CHECK(later.get().in_runner);
    released.send();
  }
};

} // namespace

TEST_CASE_FIXTURE(fixture, "who is woken runs in the thread that waited") {
  report waited;
  report told;
  report woken;
  auto first = reporter(told);
  auto second = forwarder(reporter(woken));
  events->add([this, waited, first, second] {
    waited.send();
    send(first);
    send(second);
  });
  auto thread = waited.get().thread;
  CHECK(told.get().thread == thread);
  CHECK(woken.get().thread == thread);
}

TEST_CASE_FIXTURE(fixture, "other threads can have an actor run here") {
  // The second time the runner waits for events, maybe for the first time.
  for (int i = 0; i < 2; ++i) {
    report told;
    send(reporter(told));
    CHECK(told.get().in_runner);
  }
}

TEST_CASE_FIXTURE(fixture, "an actor that blocks holds up nobody") {
  report blocks;
  report released;
  report waited;
  report later;
  auto slow = blocker(blocks, released);
  auto behind = reporter(waited);
  // Both are woken in one turn, the second one after the first.
  wake(forwarder({slow, behind}));
  CHECK(blocks.get().in_runner);
  waited.get();
  wake(reporter(later));
  CHECK(later.get().in_runner);
  released.send();
}

TEST_CASE_FIXTURE(fixture, "no more than one blocks") {
  check_blocking([this](const auto& who) { wake(forwarder(who)); });
}

TEST_CASE_FIXTURE(fixture, "no more than one blocks that other threads wake") {
  check_blocking([this](const auto& who) { send(who); });
}

TEST_CASE_FIXTURE(fixture, "a slow actor is left to CAF's scheduler") {
  auto tester = caf::actor_cast<caf::actor>(self);
  auto slow = worker([tester] {
    work(std::chrono::milliseconds{6});
    caf::anon_send(tester, place{}.in_runner);
  });
  auto somebody = forwarder(slow);
  int turns = 0;
  do {
    wake(somebody);
    REQUIRE(++turns < 100);
  } while (next<bool>());
  CHECK(turns > 3);
}

TEST_CASE_FIXTURE(fixture, "nobody waits behind many who take their time") {
  // None of them is slow, but together they take 90 ms.
  CHECK_FALSE(wake_behind(30, std::chrono::milliseconds{3}).in_runner);
}

TEST_CASE_FIXTURE(fixture, "nobody waits for long behind ever so many") {
  // A second in all.
  CHECK_FALSE(wake_behind(2'500, std::chrono::microseconds{400}).in_runner);
}

TEST_CASE_FIXTURE(fixture, "what is left at the end runs all the same") {
  report blocks;
  report released;
  report waited;
  auto slow = blocker(blocks, released);
  auto behind = reporter(waited);
  events->add([this, slow, behind] {
    send(slow);
    send(behind);
  });
  CHECK(blocks.get().in_runner);
  runner.reset();
  CHECK_FALSE(waited.get().in_runner);
  released.send();
}

} // namespace node_proxy::internal
