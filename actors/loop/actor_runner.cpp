#include <node_proxy/actors/loop/actor_runner.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <utility>

#include <node_proxy/actors/loop/now.hpp>
#include <node_proxy/actors/loop/slow_actors.hpp>
#include <node_proxy/actors/loop/stopwatch.hpp>

namespace node_proxy::internal {

namespace {

thread_local actor_unit* this_unit = nullptr;

using namespace std::chrono_literals;

// How long an actor goes on while others wait, about.
constexpr auto turn = 250us;

// So many messages at most are handled between two looks at the clock, however
// quick those before were: one that reads from a connection takes long.
constexpr std::size_t messages_between_looks = 32;

// After so many turns the leader asks for events.
constexpr int turns_between_polls = 4;

// How often the thread that stands by looks whether it is needed.
constexpr auto watch_interval = 10ms;

// If turns take that long on average, nobody is to wait for a whole interval.
// With shorter ones the leader has just much to do: somebody else would do it
// sooner only if there was a processor to spare. That is to be so only if the
// leader does not catch up for some time.
constexpr auto long_turn = 1ms;
constexpr int catch_up_intervals = 5;

/// Runs an actor for a turn. How long its messages take shows from the first
/// ones.
caf::resumable::resume_result run(caf::resumable& job, actor_unit& unit,
                                  steady_time until) {
  auto result = caf::resumable::resume_later;
  for (std::size_t count = 1; result == caf::resumable::resume_later
                              && (count == 1 || steady_now() < until);
       count = std::min(2 * count, messages_between_looks))
    result = job.resume(&unit, count);
  return result;
}

} // namespace

class actor_runner::core : public std::enable_shared_from_this<core> {
public:
  core(caf::actor_system& system, std::shared_ptr<event_source> events)
    : system_{system}, events_{std::move(events)}, any_thread_{system, *this} {}

  [[nodiscard]] actor_unit& any_thread() noexcept { return any_thread_; }

  /// What either thread does until `stop`.
  void serve();

  void stop();

  void handle_system_end() {
    lock guard{mutex_};
    is_last_ = true;
  }

  [[nodiscard]] bool idle() {
    lock guard{mutex_};
    return jobs_.empty() && running_ == nullptr;
  }

private:
  using lock = std::unique_lock<std::mutex>;

  /// A thread, ours or any, as actors see it.
  class thread_unit final : public actor_unit {
  public:
    thread_unit(caf::actor_system& system, core& parent)
      : actor_unit{system}, parent_{parent} {}

    void run_later(caf::resumable* job) override {
      parent_.add_job(*this, job);
    }

  private:
    core& parent_;
  };

  void lead(thread_unit& me, lock& guard);
  void run_next(thread_unit& me, lock& guard);
  void stand_by(lock& guard);
  void watch(lock& guard);
  void add_job(const thread_unit& by, caf::resumable* job);
  void hand_over(std::uint64_t until);

  [[nodiscard]] bool is_slow(const caf::resumable* x) const {
    return slow_.suspects(x) && slow_.contain(x, steady_now());
  }

  [[nodiscard]] bool leads(const actor_unit& x) const {
    return !stopping_ && leader_ == &x;
  }

  caf::actor_system& system_;
  std::shared_ptr<event_source> events_;
  // What actors get to run in, whichever thread wakes them.
  thread_unit any_thread_;

  std::mutex mutex_;
  const thread_unit* leader_ = nullptr;
  // The leader has nothing to do but wait for events.
  bool waits_ = false;
  bool stopping_ = false;
  // CAF runs nothing any more.
  bool is_last_ = false;

  // Who waits for a turn; how many jobs ever came into this queue, and how many
  // of them have left it.
  std::deque<caf::resumable*> jobs_;
  std::uint64_t added_ = 0;
  std::uint64_t taken_ = 0;
  // Whom the leader runs, nobody while it waits for events; and how many turns
  // it has begun.
  const caf::resumable* running_ = nullptr;
  std::uint64_t turns_ = 0;

  // The thread that does not lead stands by, unless it was the leader and is
  // still busy. It rests while there is nothing to watch.
  std::condition_variable follower_;
  bool has_follower_ = true;
  bool rests_ = false;
  slow_actors slow_;
};

void actor_runner::core::serve() {
  thread_unit me{system_, *this};
  this_unit = &me;
  lock guard{mutex_};
  while (!stopping_) {
    if (leader_ == nullptr)
      lead(me, guard);
    else
      stand_by(guard);
  }
  this_unit = nullptr;
}

void actor_runner::core::stop() {
  {
    lock guard{mutex_};
    stopping_ = true;
    hand_over(added_);
  }
  follower_.notify_all();
  events_->interrupt();
}

// -- leading ------------------------------------------------------------------

void actor_runner::core::lead(thread_unit& me, lock& guard) {
  leader_ = &me;
  while (leads(me)) {
    for (int i = 0; i < turns_between_polls && !jobs_.empty() && leads(me); ++i)
      run_next(me, guard);
    if (!leads(me))
      return;
    waits_ = jobs_.empty();
    auto may_block = waits_;
    guard.unlock();
    events_->wait(may_block);
    guard.lock();
    waits_ = false;
  }
}

void actor_runner::core::run_next(thread_unit& me, lock& guard) {
  auto job = jobs_.front();
  jobs_.pop_front();
  ++taken_;
  ++turns_;
  running_ = job;
  auto watches_closely = slow_.suspects(job);
  guard.unlock();
  auto begun = steady_now();
  stopwatch watch{begun, watches_closely};
  auto result = run(*job, me, begun + turn);
  auto now = steady_now();
  auto took = watch.elapsed(now);
  guard.lock();
  slow_.handle_turn(job, took, now);
  guard.unlock();
  if (result == caf::resumable::resume_later)
    add_job(me, job);
  else
    caf::intrusive_ptr_release(job);
  guard.lock();
  // Somebody else may lead by now.
  if (leader_ == &me)
    running_ = nullptr;
}

void actor_runner::core::add_job(const thread_unit& by, caf::resumable* job) {
  // As soon as the job is in its place it may run, and be the last one that
  // needed all this.
  auto kept = shared_from_this();
  auto by_any = &by == &any_thread_;
  auto wakes_follower = false;
  auto wakes_leader = false;
  {
    lock guard{mutex_};
    auto by_leader = this_unit != nullptr && leads(*this_unit);
    auto runs_here = by_leader || ((by_any || is_last_) && !stopping_);
    auto is_event = by_leader && running_ == nullptr;
    // Actors that others woke may be slow, which takes somebody to notice.
    auto may_be_slow = is_event || is_last_;
    if (runs_here && (may_be_slow || (has_follower_ && !is_slow(job)))) {
      jobs_.push_back(job);
      ++added_;
      job = nullptr;
      wakes_follower = !is_event && std::exchange(rests_, false);
      wakes_leader = !by_leader && std::exchange(waits_, false);
    }
  }
  if (job != nullptr)
    schedule(system_, job);
  if (wakes_follower)
    follower_.notify_one();
  if (wakes_leader)
    events_->interrupt();
}

// -- standing by --------------------------------------------------------------

/// Returns when there is no leader any more.
void actor_runner::core::stand_by(lock& guard) {
  has_follower_ = true;
  for (;;) {
    watch(guard);
    if (stopping_ || leader_ == nullptr)
      return;
    rests_ = true;
    follower_.wait(guard, [this] { return stopping_ || !rests_; });
  }
}

/// Returns when there is nothing to watch, or no leader any more.
void actor_runner::core::watch(lock& guard) {
  auto long_ago = added_;
  for (std::uint64_t interval = 1;; ++interval) {
    auto turns = turns_;
    auto added = added_;
    follower_.wait_for(guard, watch_interval, [this] { return stopping_; });
    if (stopping_)
      return;
    // What has waited all that time.
    if ((turns_ - turns) * long_turn < watch_interval)
      hand_over(added);
    if (interval % catch_up_intervals == 0)
      hand_over(std::exchange(long_ago, added_));
    if (turns_ != turns)
      continue;
    if (running_ == nullptr && jobs_.empty())
      return;
    if (running_ == nullptr)
      continue;
    // It is still at it.
    hand_over(added_);
    has_follower_ = false;
    running_ = nullptr;
    leader_ = nullptr;
    return;
  }
}

/// Gives CAF's scheduler what waits, of the first `until` that there ever were.
void actor_runner::core::hand_over(std::uint64_t until) {
  if (is_last_ && !stopping_)
    return;
  for (; taken_ < until; ++taken_) {
    schedule(system_, jobs_.front());
    jobs_.pop_front();
  }
}

// -- actor_runner -------------------------------------------------------------

actor_runner::actor_runner(caf::actor_system& system,
                           std::shared_ptr<event_source> events)
  : core_{std::make_shared<core>(system, std::move(events))} {
  // CAF waits for its threads in the end, which it knows if they are actors.
  try {
    for (std::size_t i = 0; i < threads; ++i)
      system.spawn<caf::detached + caf::hidden>(
        [core = core_](caf::blocking_actor*) { core->serve(); });
  } catch (...) {
    // There may be one thread already.
    core_->stop();
    throw;
  }
}

actor_runner::~actor_runner() {
  core_->stop();
}

actor_unit& actor_runner::unit() noexcept {
  return core_->any_thread();
}

void actor_runner::handle_system_end() {
  core_->handle_system_end();
}

bool actor_runner::idle() {
  return core_->idle();
}

bool actor_runner::has_this_thread() noexcept {
  return this_unit != nullptr;
}

} // namespace node_proxy::internal
