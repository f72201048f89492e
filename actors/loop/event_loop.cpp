#include <node_proxy/actors/loop/event_loop.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <map>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include <sys/epoll.h>

#include <node_proxy/actors/caf/sending.hpp>
#include <node_proxy/actors/loop/now.hpp>

namespace node_proxy::internal {

namespace {

// At most so many owners are notified before they have their turn.
constexpr std::size_t events_per_turn = 64;

// What the waker is called in the epoll set. Connections have other ids.
constexpr connection_id waker_id = 0;

constexpr std::uint32_t end_events = EPOLLRDHUP | EPOLLHUP | EPOLLERR;

std::uint32_t events_of(bool reading, bool writing) {
  return (reading ? EPOLLIN | EPOLLRDHUP : 0u) | (writing ? EPOLLOUT : 0u);
}

std::uint64_t next_id() {
  static std::atomic<std::uint64_t> last = waker_id;
  return ++last;
}

} // namespace

/// Whom to notify about a socket. However often there is a reason, the owner
/// has one message of it in its mailbox.
class watched_owner {
public:
  explicit watched_owner(connection_id id) : id_{id} {}

  void set(connection_owner owner) {
    {
      std::lock_guard guard{mutex_};
      // The handle of the earlier owner is released without the lock.
      std::swap(owner_, owner);
      is_notified_ = false;
    }
    // Nobody else notifies it of what cannot be watched.
    if (is_lost_)
      notify();
  }

  /// The system cannot watch the socket: that counts as its end.
  void handle_lost() {
    is_lost_ = true;
    has_ended_ = true;
  }

  /// @param at_end whether the connection has ended, or the peer's half of it.
  void handle_event(bool at_end) {
    if (at_end)
      has_ended_ = true;
    notify();
  }

  void notify() {
    std::lock_guard guard{mutex_};
    if (owner_ && !is_notified_.exchange(true))
      send_anonymously(owner_, connection_ready{id_});
  }

  void handle_notified() { is_notified_ = false; }

  [[nodiscard]] bool has_ended() const { return has_ended_; }

private:
  connection_id id_;
  std::mutex mutex_;
  connection_owner owner_;
  std::atomic<bool> is_notified_ = false;
  std::atomic<bool> has_ended_ = false;
  std::atomic<bool> is_lost_ = false;
};

namespace {

/// The sockets and their owners.
class watch_list {
public:
  watch_list(descriptor epoll, descriptor waker)
    : epoll_{std::move(epoll)}, waker_{std::move(waker)} {
    control(EPOLL_CTL_ADD, waker_id, waker_.get(), EPOLLIN);
  }

  /// @returns whether the system has room to watch it.
  bool add(connection_id id, int socket, std::shared_ptr<watched_owner> owner) {
    {
      std::lock_guard guard{mutex_};
      owners_.emplace(id, std::move(owner));
    }
    // epoll reports an end even now, and over and over again but for this.
    return control(EPOLL_CTL_ADD, id, socket, EPOLLONESHOT);
  }

  void change(connection_id id, int socket, std::uint32_t events) const {
    control(EPOLL_CTL_MOD, id, socket, events);
  }

  void remove(connection_id id, int socket) {
    control(EPOLL_CTL_DEL, id, socket, 0);
    std::lock_guard guard{mutex_};
    owners_.erase(id);
  }

  /// Waits for at most `timeout` milliseconds, or for any time if that is -1.
  /// @returns whether something has happened.
  bool notify_owners(int timeout) {
    std::array<epoll_event, events_per_turn> events;
    auto count =
      ::epoll_wait(epoll_.get(), events.data(), events_per_turn, timeout);
    for (int i = 0; i < count; ++i) {
      const auto& event = events[static_cast<std::size_t>(i)];
      if (event.data.u64 == waker_id)
        reset_waker(waker_.get());
      else if (auto owner = owner_of(event.data.u64))
        owner->handle_event((event.events & end_events) != 0);
    }
    return count > 0;
  }

  /// Ends `notify_owners`, now or the next time.
  void interrupt() const noexcept { wake(waker_.get()); }

private:
  bool control(int operation, connection_id id, int socket,
               std::uint32_t events) const {
    epoll_event event{};
    event.events = events;
    event.data.u64 = id;
    return ::epoll_ctl(epoll_.get(), operation, socket, &event) == 0;
  }

  std::shared_ptr<watched_owner> owner_of(connection_id id) {
    std::lock_guard guard{mutex_};
    auto position = owners_.find(id);
    return position == owners_.end() ? nullptr : position->second;
  }

  descriptor epoll_;
  descriptor waker_;
  std::mutex mutex_;
  std::unordered_map<connection_id, std::shared_ptr<watched_owner>> owners_;
};

/// The times that timers wait for.
class time_list {
public:
  /// @returns whether somebody waits for a later one.
  bool add(steady_time at, std::uint64_t id, caf::actor_addr owner) {
    std::lock_guard guard{mutex_};
    owners_.emplace(std::pair{at, id}, std::move(owner));
    return at < std::exchange(waited_for_, std::min(at, waited_for_));
  }

  void remove(steady_time at, std::uint64_t id) {
    std::lock_guard guard{mutex_};
    owners_.erase({at, id});
  }

  /// Milliseconds until the first one, which is waited for from now on; -1 if
  /// there is none.
  int begin_wait() {
    std::lock_guard guard{mutex_};
    waited_for_ =
      owners_.empty() ? steady_time::max() : owners_.begin()->first.first;
    if (owners_.empty())
      return -1;
    // An hour is as good as a month, and fits.
    auto wait = std::clamp<steady_time>(waited_for_ - steady_now(), duration{0},
                                        std::chrono::hours{1});
    return static_cast<int>(
      std::chrono::ceil<std::chrono::milliseconds>(wait).count());
  }

  void notify_owners() {
    for (const auto& owner : take_due())
      if (auto to = caf::actor_cast<caf::actor>(owner))
        send_anonymously(to, tick{});
  }

private:
  std::vector<caf::actor_addr> take_due() {
    std::vector<caf::actor_addr> result;
    std::lock_guard guard{mutex_};
    // Nobody has to be woken until the next wait.
    waited_for_ = steady_time::min();
    if (owners_.empty())
      return result;
    auto now = steady_now();
    while (!owners_.empty() && owners_.begin()->first.first <= now) {
      result.push_back(std::move(owners_.begin()->second));
      owners_.erase(owners_.begin());
    }
    return result;
  }

  std::mutex mutex_;
  std::map<std::pair<steady_time, std::uint64_t>, caf::actor_addr> owners_;
  steady_time waited_for_ = steady_time::min();
};

/// Who is to be told when the loop has nothing else to do.
class turn_list {
public:
  /// @returns whether the loop waits.
  bool add(caf::actor_addr owner) {
    std::lock_guard guard{mutex_};
    if (owners_.empty())
      since_ = steady_now();
    owners_.push_back(std::move(owner));
    return waits_;
  }

  /// The loop is about to look for events.
  /// @param is_idle whether nobody is to run.
  /// @param may_wait whether it would wait for events then.
  /// @returns whether it does: nobody is told anything.
  bool begin_wait(bool is_idle, bool may_wait) {
    std::unique_lock guard{mutex_};
    if (owners_.empty()) {
      waits_ = may_wait;
      return may_wait;
    }
    if (!is_idle && steady_now() - since_ < patience)
      return false;
    auto owners = std::exchange(owners_, {});
    guard.unlock();
    for (const auto& owner : owners)
      if (auto to = caf::actor_cast<caf::actor>(owner))
        send_anonymously(to, turns_over{});
    return false;
  }

  void end_wait() {
    std::lock_guard guard{mutex_};
    waits_ = false;
  }

private:
  // How long others come first.
  static constexpr duration patience = std::chrono::microseconds{500};

  std::mutex mutex_;
  std::vector<caf::actor_addr> owners_;
  steady_time since_{}; // of the first one
  bool waits_ = false;
};

} // namespace

class event_loop::events : public event_source {
public:
  events(descriptor epoll, descriptor waker)
    : sockets{std::move(epoll), std::move(waker)} {}

  void wait(bool may_block) override {
    auto how_long = busy_poll.load(std::memory_order_relaxed);
    auto is_busy =
      how_long > duration{0} && steady_now() - last_event_ < how_long;
    auto waits = turns.begin_wait(may_block, may_block && !is_busy);
    auto timeout = waits ? times.begin_wait() : 0;
    auto begun = waits ? steady_now() : steady_time{0};
    waits_since_.store(begun, std::memory_order_relaxed);
    if (sockets.notify_owners(timeout) && how_long > duration{0})
      last_event_ = steady_now();
    if (waits) {
      idle_ = idle_.load(std::memory_order_relaxed) + (steady_now() - begun);
      waits_since_.store(steady_time{0}, std::memory_order_relaxed);
      turns.end_wait();
    }
    times.notify_owners();
  }

  [[nodiscard]] duration busy() const {
    auto now = steady_now();
    auto since = waits_since_.load(std::memory_order_relaxed);
    auto waits = since == steady_time{0} ? duration{0} : now - since;
    return now - begun_ - waits - idle_.load(std::memory_order_relaxed);
  }

  void interrupt() noexcept override { sockets.interrupt(); }

  watch_list sockets;
  time_list times;
  turn_list turns;
  std::atomic<duration> busy_poll{duration{0}};

private:
  steady_time last_event_{0}; // while it is asked for
  steady_time begun_ = steady_now();
  // How long it has waited so far, and since when it waits now, if it does.
  std::atomic<duration> idle_{duration{0}};
  std::atomic<steady_time> waits_since_{steady_time{0}};
};

// -- event_loop ---------------------------------------------------------------

event_loop::event_loop(caf::actor_system& system, descriptor epoll,
                       descriptor waker)
  : events_{std::make_shared<events>(std::move(epoll), std::move(waker))},
    runner_{system, events_} {}

void event_loop::set_busy_poll(duration how_long) {
  auto& present = events_->busy_poll;
  for (auto known = present.load(); known < how_long;)
    present.compare_exchange_weak(known, how_long);
}

duration event_loop::busy() const {
  return events_->busy();
}

namespace {

/// The loops of all actor systems. These have modules for such things, but CAF
/// numbers its own and leaves no place for others. Never destroyed, as a static
/// actor system may end later than anything that could be.
struct loop_registry {
  static loop_registry& instance() {
    static auto& result = *new loop_registry;
    return result;
  }

  using known_loops = std::vector<std::weak_ptr<event_loop>>;

  std::mutex mutex;
  // There is an entry as long as there is the actor system.
  std::map<const caf::actor_system*, known_loops> loops;
};

expected<std::shared_ptr<event_loop>, os_error>
make_loop(caf::actor_system& system) {
  auto epoll = open_epoll();
  if (!epoll)
    return unexpected{epoll.error()};
  auto waker = open_waker();
  if (!waker)
    return unexpected{waker.error()};
  return std::make_shared<event_loop>(system, std::move(*epoll),
                                      std::move(*waker));
}

} // namespace

expected<event_loops, os_error> event_loop::of(caf::actor_system& system,
                                               std::size_t count) {
  auto& registry = loop_registry::instance();
  std::lock_guard guard{registry.mutex};
  auto [position, is_new] = registry.loops.try_emplace(&system);
  if (is_new)
    at_end_of(system, [&registry, key = &system] {
      std::unique_lock lock{registry.mutex};
      auto ended = registry.loops.extract(key);
      lock.unlock();
      event_loops loops;
      for (const auto& x : ended.mapped())
        if (auto loop = x.lock())
          loops.push_back(std::move(loop));
      handle_system_end(loops);
    });
  auto& known = position->second;
  known.resize(std::max(known.size(), count));
  event_loops result;
  for (std::size_t i = 0; i < count; ++i) {
    auto loop = known[i].lock();
    if (!loop) {
      auto made = make_loop(system);
      if (!made)
        return unexpected{made.error()};
      loop = std::move(*made);
      known[i] = loop;
    }
    result.push_back(std::move(loop));
  }
  return result;
}

void event_loop::add_dependent(std::weak_ptr<system_dependent> x) {
  std::unique_lock guard{mutex_};
  if (!system_ends_) {
    std::erase_if(dependents_, [](const auto& y) { return y.expired(); });
    dependents_.push_back(std::move(x));
    return;
  }
  guard.unlock();
  if (auto dependent = x.lock())
    dependent->handle_system_end();
}

namespace {

/// How long the scheduler of CAF goes on for the sake of actors that end.
constexpr std::chrono::seconds end_patience{5};

/// Waits until the actors that are to end have ended, while CAF's clock goes:
/// that of 0.17 has no room for the ends of more than 63 when it has stopped,
/// and whoever comes then waits for ever.
template <class Condition>
void wait_for_ends(Condition ended) {
  // This may be the thread that is to run them.
  if (actor_runner::has_this_thread())
    return;
  for (auto until = steady_now() + end_patience;
       !ended() && steady_now() < until;)
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
}

} // namespace

/// The actor system waits for the threads of the loops, and these for those who
/// depend on them. The caller must not wait for ever: it may be what they wait
/// for.
void event_loop::handle_system_end(const event_loops& loops) {
  for (const auto& loop : loops)
    loop->runner_.handle_system_end();
  auto told = std::make_shared<std::atomic<bool>>(false);
  std::thread{[loops, told] {
    for (const auto& loop : loops) {
      std::unique_lock guard{loop->mutex_};
      loop->system_ends_ = true;
      auto dependents = std::exchange(loop->dependents_, {});
      guard.unlock();
      for (const auto& x : dependents)
        if (auto dependent = x.lock())
          dependent->handle_system_end();
    }
    *told = true;
  }}.detach();
  wait_for_ends([&loops, &told] {
    return *told && std::ranges::all_of(loops, [](const auto& loop) {
      return loop->runner_.idle();
    });
  });
}

std::shared_ptr<event_loop> use_one_of(const event_loops& loops,
                                       loop_use what) {
  auto uses = [what](const std::shared_ptr<event_loop>& x) -> auto& {
    return x->uses_[static_cast<std::size_t>(what)];
  };
  auto loop = *std::ranges::min_element(
    loops, {}, [&uses](const auto& x) { return uses(x).load(); });
  ++uses(loop);
  return {loop.get(), [loop, &count = uses(loop)](event_loop*) {
            --count;
          }};
}

// -- watched_socket -----------------------------------------------------------

watched_socket::watched_socket(descriptor socket,
                               std::shared_ptr<event_loop> loop)
  : socket_{std::move(socket)}, loop_{std::move(loop)}, id_{next_id()},
    owner_{std::make_shared<watched_owner>(id_)} {
  if (!loop_->events_->sockets.add(id_, get(), owner_))
    owner_->handle_lost();
}

watched_socket::~watched_socket() {
  loop_->events_->sockets.remove(id_, get());
}

void watched_socket::set_owner(const connection_owner& owner) {
  owner_->set(owner);
}

void watched_socket::move_to(const std::shared_ptr<event_loop>& loop) {
  if (loop == loop_)
    return;
  loop_->events_->sockets.remove(id_, get());
  loop_ = loop;
  watched_ = 0;
  if (!loop_->events_->sockets.add(id_, get(), owner_))
    owner_->handle_lost();
}

void watched_socket::wait(bool reading, bool writing) {
  watched_ = 0;
  loop_->events_->sockets.change(id_, get(),
                                 events_of(reading, writing) | EPOLLONESHOT);
}

void watched_socket::watch(bool reading, bool writing) {
  auto wanted = watched_ | events_of(reading, writing);
  if (wanted != std::exchange(watched_, wanted))
    loop_->events_->sockets.change(id_, get(), wanted | EPOLLET);
}

bool watched_socket::has_ended() const {
  return owner_->has_ended();
}

void watched_socket::notify() {
  owner_->notify();
}

void watched_socket::handle_notified() {
  owner_->handle_notified();
}

// -- timer --------------------------------------------------------------------

timer::timer(std::shared_ptr<event_loop> loop, const tick_receiver& owner)
  : loop_{std::move(loop)}, owner_{owner.address()}, id_{next_id()} {}

timer::~timer() {
  if (armed_)
    loop_->events_->times.remove(*armed_, id_);
}

void timer::wait_until(steady_time at) {
  if (armed_ && *armed_ <= at)
    return;
  auto& events = *loop_->events_;
  if (armed_)
    events.times.remove(*armed_, id_);
  armed_ = at;
  if (events.times.add(at, id_, owner_))
    events.interrupt();
}

// -- turn_end -----------------------------------------------------------------

turn_end::turn_end(std::shared_ptr<event_loop> loop,
                   const turn_end_receiver& owner)
  : loop_{std::move(loop)}, owner_{owner.address()} {}

void turn_end::ask() {
  if (std::exchange(asked_, true))
    return;
  // Another thread may run the owner, while the loop waits.
  if (loop_->events_->turns.add(owner_))
    loop_->events_->interrupt();
}

} // namespace node_proxy::internal
