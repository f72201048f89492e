// What users meet of the differences between CAF 0.17 (Debian, Ubuntu) and CAF
// 1.x, except for the type ids and inspection in
// <node_proxy/actors/caf/messages.hpp>.

#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <type_traits>
#include <utility>

#include <caf/actor_companion.hpp>
#include <caf/all.hpp>

#include <node_proxy/actors/caf/version_check.hpp>

namespace node_proxy {

namespace detail {

template <class Signature>
struct handler_signature;

#if CAF_MAJOR_VERSION >= 1
template <class R, class... Ts>
struct handler_signature<R(Ts...)> {
  using type = caf::result<R>(std::decay_t<Ts>...);
};

template <class... Rs, class... Ts>
struct handler_signature<caf::result<Rs...>(Ts...)> {
  using type = caf::result<Rs...>(std::decay_t<Ts>...);
};

// Whether an actor with this handler takes a message.
template <class Signature, class Msg>
inline constexpr bool is_handler_of = false;

template <class R, class Msg>
inline constexpr bool is_handler_of<R(Msg), Msg> = true;

// The end of the inputs in the text of a handler, "(x) -> (y)".
constexpr char inputs_end = ')';

#else
template <class R, class... Ts>
struct handler_signature<R(Ts...)> {
  using type = typename caf::replies_to<std::decay_t<Ts>...>::template with<R>;
};

template <class... Rs, class... Ts>
struct handler_signature<caf::result<Rs...>(Ts...)> {
  using type =
    typename caf::replies_to<std::decay_t<Ts>...>::template with<Rs...>;
};

template <class Signature, class Msg>
inline constexpr bool is_handler_of = false;

template <class R, class Msg>
inline constexpr bool
  is_handler_of<caf::typed_mpi<caf::detail::type_list<Msg>, R>, Msg> = true;

// The text is "caf::replies_to<x>::with<y>".
constexpr char inputs_end = '>';

#endif

template <class Signatures, class Msg>
inline constexpr bool any_is_handler_of = false;

template <template <class...> class List, class... Signatures, class Msg>
inline constexpr bool any_is_handler_of<List<Signatures...>, Msg> =
  (is_handler_of<Signatures, Msg> || ...);

} // namespace detail

/// A statically typed actor handle, its handlers written as function types:
/// `actor_interface<reply(request), void(notification)>`. 0.17 spells them
/// `replies_to<request>::with<reply>`, 1.x `result<reply>(request)`, which may
/// be written here with either: `caf::result<a, b>(c)` answers with several
/// values.
///
/// A handler that can fail, or answers later, replies with a struct: promises
/// of `void` cannot be fulfilled in 0.17.
template <class... Signatures>
using actor_interface =
  caf::typed_actor<typename detail::handler_signature<Signatures>::type...>;

/// Whether typed actors with handles of this type take a `Msg`.
template <class Handle, class Msg>
concept takes = detail::any_is_handler_of<typename Handle::signatures, Msg>;

/// Whether an actor may take a `Msg`: a typed one says so, of others CAF does
/// not know.
template <class Msg>
bool may_take(const caf::actor& whom) {
  auto* actor = caf::actor_cast<caf::abstract_actor*>(whom);
  auto handlers = actor->message_types();
  using example = actor_interface<Msg(Msg)>;
  auto wanted = *actor->home_system().message_types<example>().begin();
  wanted.erase(wanted.find(detail::inputs_end) + 1);
  return handlers.empty()
         || std::ranges::any_of(handlers, [&wanted](const auto& x) {
              return x.starts_with(wanted);
            });
}

/// The state of a stateful actor: a member in 0.17, a function in 1.x. Give
/// each state a constructor that takes the pointer to its actor, as 0.17 cannot
/// initialize an aggregate.
template <class State, class Base>
State& state_of(caf::stateful_actor<State, Base>* self) {
#if CAF_MAJOR_VERSION >= 1
  return self->state();
#else
  return self->state;
#endif
}

// -- replies ------------------------------------------------------------------

/// What a handler returns that answers later.
template <class R>
using promise = caf::typed_response_promise<R>;

/// Whether the message at hand wants an answer (`request`, not `send`).
template <class Self>
bool is_request(Self* self) {
  auto* element = self->current_mailbox_element();
  return element != nullptr && element->mid.is_request();
}

/// The promise to answer the message at hand. For a plain `send` it is empty,
/// since its answer would reach the sender as a message of its own, and an
/// error would kill the sender.
///
/// Fulfil every promise on every way out: a dropped one answers
/// `broken_promise` in 1.x and nothing at all in 0.17.
template <class R, class Self>
promise<R> make_promise(Self* self) {
  if (!is_request(self))
    return {};
  return self->template make_response_promise<R>();
}

/// Answers, if anybody waits for the answer. The promise is empty afterwards.
template <class R>
void fulfil(promise<R>& waiting, R answer) {
  if (waiting.pending())
    waiting.deliver(std::move(answer));
  waiting = promise<R>{};
}

/// Answers with an error, if anybody waits for the answer.
template <class R>
void fail(promise<R>& waiting, caf::error reason) {
  if (waiting.pending())
    waiting.deliver(std::move(reason));
  waiting = promise<R>{};
}

// -- messages to oneself ------------------------------------------------------

/// Sends `msg` to `self` after `delay`, by the clock of the actor system. It
/// cannot be taken back in 0.17, so keep at most one of a kind on its way. It
/// keeps the memory of the actor, not the actor, alive until then.
template <class Self, class Duration, class Msg>
void send_later(Self* self, Duration delay, Msg msg) {
  auto wait = std::chrono::duration_cast<caf::timespan>(delay);
  auto send = [&](const auto& to) {
#if CAF_MAJOR_VERSION >= 1
    self->mail(std::move(msg)).delay(wait).send(to);
#else
    self->delayed_send(to, wait, std::move(msg));
#endif
  };
  // A typed actor sends to typed handles only.
  if constexpr (requires { typename Self::actor_hdl; })
    send(caf::actor_cast<typename Self::actor_hdl>(self));
  else
    send(caf::actor_cast<caf::actor>(self));
}

// -- configuration ------------------------------------------------------------

/// Makes the threads of an actor system take their work from one queue. CAF's
/// default, work stealing, sleeps up to 10 ms when it finds nothing to do. The
/// names and types of the options differ.
inline void use_sharing_scheduler(caf::actor_system_config& cfg) {
#if CAF_MAJOR_VERSION >= 1
  cfg.set("caf.scheduler.policy", "sharing");
#else
  cfg.set("scheduler.policy", caf::atom("sharing"));
#endif
}

} // namespace node_proxy
