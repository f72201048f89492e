// What lies below the actors of CAF, for both of its versions: what runs them,
// and how messages get to them. Not documented by CAF, so others get at it by
// what is here, and only where no documented way does the same.

#pragma once

#include <utility>

#include <caf/actor_companion.hpp>
#include <caf/all.hpp>

#include <node_proxy/actors/caf/noted_element.hpp>

namespace node_proxy::internal {

#if CAF_MAJOR_VERSION >= 1
// What runs actors.
using unit = caf::scheduler;

// Whether the receiver was there to take the message.
using enqueue_result = bool;

template <class Msg>
caf::mailbox_element_ptr make_element(caf::strong_actor_ptr from,
                                      caf::message_id id, Msg msg) {
  return caf::make_mailbox_element(std::move(from), id, std::move(msg));
}
#else
using unit = caf::execution_unit;
using enqueue_result = void;

template <class Msg>
caf::mailbox_element_ptr make_element(caf::strong_actor_ptr from,
                                      caf::message_id id, Msg msg) {
  return caf::make_mailbox_element(std::move(from), id, {}, std::move(msg));
}
#endif

/// Sends `msg` in the name of `from`, by the thread `by`.
template <class Handle, class Msg>
void enqueue(const Handle& to, unit* by, caf::strong_actor_ptr from,
             caf::message_id id, Msg msg) {
  caf::actor_cast<caf::abstract_actor*>(to)->enqueue(
    make_element(std::move(from), id, std::move(msg)), by);
}

// -- requests in the name of another actor ------------------------------------

/// Names a request of `from` that is not sent yet.
inline caf::message_id new_request_id(caf::actor_companion& from) {
  return from.new_request_id(caf::message_priority::normal);
}

/// Sends `msg` to `to` as the request `id` of `from`, to whom the answer will
/// go. `self` is the actor that runs.
template <class Self, class Msg>
void send_as_request(Self* self, const caf::actor& from, caf::message_id id,
                     const caf::actor& to, Msg msg) {
  enqueue(to, self->context(), caf::actor_cast<caf::strong_actor_ptr>(from), id,
          std::move(msg));
}

/// The same in whatever thread, for a companion that asks once.
template <class Msg>
void send_as_request(const caf::actor& from, const caf::actor& to, Msg msg) {
  auto& companion = *static_cast<caf::actor_companion*>(
    caf::actor_cast<caf::abstract_actor*>(from));
  enqueue(to, nullptr, caf::actor_cast<caf::strong_actor_ptr>(from),
          new_request_id(companion), std::move(msg));
}

/// As the first one with a note, see `make_noted_element`.
template <class Self, class Msg, class Note>
void send_as_request(Self* self, const caf::actor& from, caf::message_id id,
                     const caf::actor& to, Msg msg, Note note) {
  caf::actor_cast<caf::abstract_actor*>(to)->enqueue(
    make_noted_element(caf::actor_cast<caf::strong_actor_ptr>(from), id,
                       std::move(msg), std::move(note)),
    self->context());
}

/// Whether an actor lives in another process.
inline bool is_remote(const caf::actor& whom) {
  auto* actor = caf::actor_cast<caf::abstract_actor*>(whom);
  return actor->node() != actor->home_system().node();
}

/// Whether an actor that ends may leave requests without an answer, and keep
/// them: 0.17 forgets what a blocking actor has skipped, and what was sent to
/// another process is there.
inline bool may_lose_requests(const caf::actor& whom) {
  auto* actor = caf::actor_cast<caf::abstract_actor*>(whom);
  return is_remote(whom)
         || dynamic_cast<caf::blocking_actor*>(actor) != nullptr;
}

/// What an address stands for, or nothing if that has ended. In 1.x an address
/// also leads to an actor that is being destroyed, which answers with
/// `request_receiver_down`.
inline caf::actor living(const caf::actor_addr& whom) {
  auto result = caf::actor_cast<caf::actor>(whom);
#if CAF_MAJOR_VERSION >= 1
  auto* actor = dynamic_cast<caf::scheduled_actor*>(
    caf::actor_cast<caf::abstract_actor*>(result));
  if (actor != nullptr && actor->mailbox().closed())
    return {};
#endif
  return result;
}

/// Ends a companion, which no thread runs and which would otherwise stay in the
/// registry of the actor system if an engine behind CAF's middleman was asked.
inline void end_companion(caf::actor_companion& who) {
  who.on_enqueue(nullptr);
  who.cleanup(caf::exit_reason::user_shutdown, nullptr);
}

/// The same while it hands on a message.
inline void end_companion_later(caf::actor who) {
  auto& system = caf::actor_cast<caf::abstract_actor*>(who)->home_system();
  system.spawn<caf::hidden>([who = std::move(who)](caf::event_based_actor*) {
    end_companion(*static_cast<caf::actor_companion*>(
      caf::actor_cast<caf::abstract_actor*>(who)));
  });
}

// -- running actors -----------------------------------------------------------

/// What runs actors, as they see it: 1.x calls that a scheduler.
class actor_unit : public unit {
public:
#if CAF_MAJOR_VERSION >= 1
  explicit actor_unit(caf::actor_system&) {}

  void schedule(caf::resumable* job) final {
    run_later(job);
  }
  void delay(caf::resumable* job) final {
    run_later(job);
  }
  void start() final {}
  void stop() final {}
#else
  explicit actor_unit(caf::actor_system& system)
    : caf::execution_unit{&system} {}

  void exec_later(caf::resumable* job) final {
    run_later(job);
  }
#endif

  /// `job` was woken.
  virtual void run_later(caf::resumable* job) = 0;
};

/// Has CAF's scheduler run `job`.
inline void schedule(caf::actor_system& system, caf::resumable* job) {
#if CAF_MAJOR_VERSION >= 1
  system.scheduler().schedule(job);
#else
  system.scheduler().enqueue(job);
#endif
}

// -- the end of an actor system -----------------------------------------------

template <class F>
class end_hook : public caf::attachable {
public:
  explicit end_hook(F f) : f_{std::move(f)} {}

  void actor_exited(const caf::error&, unit*) override { f_(); }

private:
  F f_;
};

/// Has `f` called, by whatever thread, when the destructor of an actor system
/// has begun: once it has waited for the actors that it waits for.
template <class F>
void at_end_of(caf::actor_system& system, F f) {
  // An actor of CAF's own that lives as long as its system.
  caf::actor_cast<caf::abstract_actor*>(system.config_serv())
    ->attach(caf::attachable_ptr{new end_hook<F>{std::move(f)}});
}

} // namespace node_proxy::internal
