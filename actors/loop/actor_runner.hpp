// Runs actors in the thread that waits for what wakes them.

#pragma once

#include <cstddef>
#include <memory>

#include <node_proxy/actors/caf/compat.hpp>
#include <node_proxy/actors/caf/running.hpp>

namespace node_proxy::internal {

/// What the threads of an `actor_runner` wait for.
class event_source {
public:
  event_source() = default;
  event_source(const event_source&) = delete;
  event_source& operator=(const event_source&) = delete;

  virtual ~event_source() = default;

  /// Waits until something has happened, or looks whether it has, and
  /// notifies the actors concerned. One thread at a time.
  virtual void wait(bool may_block) = 0;

  /// Makes `wait` return soon. From any thread.
  virtual void interrupt() noexcept = 0;
};

/// Runs actors in the thread that waited for the event: the actors that the
/// event wakes, those that they wake in turn, and those that anybody wakes by
/// `unit`. To hand them to another thread would take longer than most of them
/// run: CAF's scheduler lets a worker sleep 50 us until it looks for work
/// again.
///
/// Nobody is to suffer from an actor that takes its time. So there are two
/// threads, a leader and a follower. The leader waits for events and runs
/// actors. If it is still busy with the same actor after 10 to 20 ms, the
/// follower takes the lead.
///
/// CAF's scheduler gets
///
/// - what has waited for 10 to 20 ms because actors take their time,
/// - what has waited for 50 to 100 ms because there are many actors,
/// - for a while, an actor that was slow several times in a row.
class actor_runner {
public:
  static constexpr std::size_t threads = 2;

  actor_runner(caf::actor_system& system, std::shared_ptr<event_source> events);

  actor_runner(const actor_runner&) = delete;
  actor_runner& operator=(const actor_runner&) = delete;

  /// The threads end as soon as they are done with the actors that they run.
  /// CAF's scheduler runs what is left.
  ~actor_runner();

  /// From now on all actors run here, as nobody else does.
  void handle_system_end();

  /// No actor runs here, nor waits for its turn.
  [[nodiscard]] bool idle();

  /// What runs actors here, whoever wakes them.
  [[nodiscard]] actor_unit& unit() noexcept;

  /// Whether the calling thread is one of these, or of another runner.
  [[nodiscard]] static bool has_this_thread() noexcept;

private:
  class core;

  std::shared_ptr<core> core_;
};

} // namespace node_proxy::internal
