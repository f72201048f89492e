// Notifies actors when sockets are ready and when a time has come.

#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include <node_proxy/actors/caf/compat.hpp>
#include <node_proxy/actors/caf/running.hpp>
#include <node_proxy/actors/local_messages.hpp>
#include <node_proxy/actors/loop/actor_runner.hpp>
#include <node_proxy/actors/loop/connection_ready.hpp>
#include <node_proxy/actors/loop/descriptor.hpp>
#include <node_proxy/protocol/timestamp.hpp>

namespace node_proxy::internal {

/// The time of a `timer` has come.
struct tick {};

/// All who were about to run have had their turn, see `turn_end`.
struct turns_over {};

/// An actor that has a `turn_end`.
using turn_end_receiver = actor_interface<void(turns_over)>;

/// An actor that has a timer.
using tick_receiver = actor_interface<void(tick)>;

/// Something that has to end with its actor system, even if its owner keeps it
/// for longer.
class system_dependent {
public:
  virtual ~system_dependent() = default;

  /// The destructor of the actor system has begun, and waits for this. Called
  /// by a thread that may block. CAF's scheduler and its clock may be gone.
  virtual void handle_system_end() = 0;
};

class event_loop;

/// The event loops of an actor system, or some of them.
using event_loops = std::vector<std::shared_ptr<event_loop>>;

/// What an event loop may be used for.
enum class loop_use : std::uint8_t {
  /// A node: its Router, its transport, and whoever has not proven himself.
  home,
  /// A peer: its Node Proxy with its connections.
  peer,
};

/// What the nodes of an actor system wait with. An actor system has several, if
/// there are processors for them. What is spawned in one stays there, and runs
/// in its threads, see `loop_actor` and `actor_runner`.
class event_loop {
public:
  /// The first `count` of `system`. Each is there as long as somebody has a
  /// pointer to it. Fails if there are no descriptors left.
  [[nodiscard]] static expected<event_loops, os_error>
  of(caf::actor_system& system, std::size_t count);

  event_loop(caf::actor_system& system, descriptor epoll, descriptor waker);

  /// `x` is to be notified of the end of the actor system, if it lives until
  /// then: at once if that end has begun.
  void add_dependent(std::weak_ptr<system_dependent> x);

  /// From now on it looks for events for that long, after each one, before it
  /// sleeps, unless it does so for longer already.
  void set_busy_poll(duration how_long);

  /// For how long it did not just wait, about.
  [[nodiscard]] duration busy() const;

  /// What runs actors in its threads, whoever wakes them.
  [[nodiscard]] actor_unit& unit() noexcept { return runner_.unit(); }

  event_loop(const event_loop&) = delete;
  event_loop& operator=(const event_loop&) = delete;

private:
  friend class watched_socket;
  friend class timer;
  friend class turn_end;
  friend std::shared_ptr<event_loop> use_one_of(const event_loops& loops,
                                                loop_use what);

  class events;

  static void handle_system_end(const event_loops& loops);

  std::shared_ptr<events> events_;
  actor_runner runner_;
  // How many there are of each use.
  std::array<std::atomic<std::size_t>, 2> uses_{};
  std::mutex mutex_;
  std::vector<std::weak_ptr<system_dependent>> dependents_;
  bool system_ends_ = false;
};

/// The loop that has the fewest of a use, of several the first one. It has one
/// more until the last copy of this pointer is gone.
[[nodiscard]] std::shared_ptr<event_loop> use_one_of(const event_loops& loops,
                                                     loop_use what);

class watched_owner;

/// A socket that the event loop knows until it is closed, which happens with
/// its owner.
class watched_socket {
public:
  watched_socket(descriptor socket, std::shared_ptr<event_loop> loop);

  watched_socket(const watched_socket&) = delete;
  watched_socket& operator=(const watched_socket&) = delete;

  ~watched_socket();

  /// Names it among all of this process.
  [[nodiscard]] connection_id id() const noexcept { return id_; }

  [[nodiscard]] int get() const noexcept { return socket_.get(); }

  /// Whom to notify about it.
  void set_owner(const connection_owner& owner);

  /// From now on `loop` knows it, which has not been asked for anything. To be
  /// called before the owner that runs there is set.
  void move_to(const std::shared_ptr<event_loop>& loop);

  /// Notifies the owner once, as soon as something can be read or written,
  /// whichever is wanted, or the connection has ended.
  void wait(bool reading, bool writing);

  /// Notifies the owner each time that more can be read, or written again, and
  /// when the connection ends. It costs nothing to ask for that again. There is
  /// no notification of what the owner has left unread, nor of an end that came
  /// with the last of what was read: see `has_ended`.
  void watch(bool reading, bool writing);

  /// Whether the connection ends with what is there to read.
  [[nodiscard]] bool has_ended() const;

  /// Notifies the owner now.
  void notify();

  /// The owner is about to look at the socket. Until it says so here, it is
  /// notified once, however often there is a reason.
  void handle_notified();

private:
  descriptor socket_;
  std::shared_ptr<event_loop> loop_;
  connection_id id_;
  std::shared_ptr<watched_owner> owner_;
  // What `watch` was asked for since the last `wait`.
  std::uint32_t watched_ = 0;
};

/// Sends its owner a `tick` when the time has come: never early, and about a
/// millisecond late, or more while the loop is busy.
class timer {
public:
  timer(std::shared_ptr<event_loop> loop, const tick_receiver& owner);

  timer(const timer&) = delete;
  timer& operator=(const timer&) = delete;

  /// No tick comes any more, but for one that is in the mailbox already.
  ~timer();

  /// Asks for a tick at `at`. One that is to come earlier will come first.
  void wait_until(steady_time at);

  /// The owner has got its tick.
  void handle_tick() noexcept { armed_.reset(); }

private:
  std::shared_ptr<event_loop> loop_;
  caf::actor_addr owner_;
  std::uint64_t id_;
  std::optional<steady_time> armed_;
};

/// Sends its owner a `turns_over` as soon as the loop has run all actors that
/// are to run, and those that these wake: just before it would wait. What can
/// be done then is joined by what they have to do. While the loop is busy it
/// comes after half a millisecond and a few turns.
class turn_end {
public:
  turn_end(std::shared_ptr<event_loop> loop, const turn_end_receiver& owner);

  /// Asks for a `turns_over`; once, however often that is until it has come.
  void ask();

  /// The owner has got its `turns_over`.
  void handle() noexcept { asked_ = false; }

private:
  std::shared_ptr<event_loop> loop_;
  caf::actor_addr owner_;
  bool asked_ = false;
};

} // namespace node_proxy::internal
