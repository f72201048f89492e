// How actors of the module send, and what they do about messages of CAF, in
// both versions of CAF.

#pragma once

#include <utility>

#include <caf/all.hpp>

namespace node_proxy::internal {

// -- messages -----------------------------------------------------------------

// 0.17 has `send`, `request` and so on. 1.x calls these deprecated and has a
// message begin with `mail`.

/// Sends in the name of `self`, the actor that runs.
template <class Self, class Handle, class Msg>
void send_message(Self* self, const Handle& to, Msg&& msg) {
#if CAF_MAJOR_VERSION >= 1
  self->mail(std::forward<Msg>(msg)).send(to);
#else
  self->send(to, std::forward<Msg>(msg));
#endif
}

/// Sends in nobody's name. From any thread.
template <class Handle, class... Parts>
void send_anonymously(const Handle& to, Parts&&... parts) {
#if CAF_MAJOR_VERSION >= 1
  caf::anon_mail(std::forward<Parts>(parts)...).send(to);
#else
  caf::anon_send(to, std::forward<Parts>(parts)...);
#endif
}

/// Asks in the name of `self`. The result has `then` or, if that is an actor
/// that blocks, `receive`.
template <class Self, class Handle, class Duration, class Msg>
[[nodiscard]] auto send_request(Self* self, const Handle& to, Duration timeout,
                                Msg&& msg) {
#if CAF_MAJOR_VERSION >= 1
  return self->mail(std::forward<Msg>(msg)).request(to, timeout);
#else
  return self->request(to, timeout, std::forward<Msg>(msg));
#endif
}

/// Hands the message at hand on as `msg`: the answer goes to its sender.
template <class Self, class Handle, class Msg>
auto delegate_message(Self* self, const Handle& to, Msg&& msg) {
#if CAF_MAJOR_VERSION >= 1
  return self->make_response_promise().delegate(to, std::forward<Msg>(msg));
#else
  return self->delegate(to, std::forward<Msg>(msg));
#endif
}

/// Whether `whom` has sent the message at hand.
template <class Self, class Handle>
bool is_sender(Self* self, const Handle& whom) {
  return caf::actor_cast<caf::strong_actor_ptr>(whom) == self->current_sender();
}

// -- what comes without a handler ---------------------------------------------

// 1.x prefers a handler for each actor that is monitored, and has others among
// the behavior. 0.17 has neither, so this is the older way, which 1.x has, too.
#if CAF_MAJOR_VERSION >= 1
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
#endif

/// What becomes of messages that no handler takes: `caf::drop` or `caf::skip`.
template <class Self, class F>
void set_fallback(Self* self, F f) {
  self->set_default_handler(f);
}

/// Has `f` called for each message that no handler takes. A request is then
/// answered with `unexpected_message`.
template <class Self, class F>
void set_unexpected_handler(Self* self, F f) {
  self->set_default_handler(caf::scheduled_actor::default_handler{
    [f](caf::scheduled_actor* whom, auto& content) {
      f();
      return caf::drop(whom, content);
    }});
}

/// Has `f` called with the content of each message that no handler takes. If it
/// does not return true, a request is answered with `unexpected_message`.
template <class Self, class F>
void set_content_handler(Self* self, F f) {
  auto handle = [f = std::move(f)](const auto& content) {
    using result = caf::scheduled_actor::default_handler::result_type;
    return f(content) ? result{caf::delegated<caf::message>{}}
                      : result{caf::make_error(caf::sec::unexpected_message)};
  };
#if CAF_MAJOR_VERSION >= 1
  self->set_default_handler(caf::scheduled_actor::default_handler{
    [handle](caf::scheduled_actor*, caf::message& msg) {
      return handle(msg);
    }});
#else
  self->set_default_handler(caf::scheduled_actor::default_handler{
    [handle](caf::scheduled_actor*, caf::message_view& msg) {
      return handle(msg.content());
    }});
#endif
}

/// Errors that come as messages of their own do not end `self`.
template <class Self>
void ignore_errors(Self* self) {
  self->set_error_handler([](const caf::error&) {
    // nop
  });
}

/// Has `f` called with the `down_msg` of whomever `self` monitors.
template <class Self, class F>
void set_down_handler(Self* self, F f) {
  self->set_down_handler(std::move(f));
}

/// Has `f` called with each `exit_msg`; it decides whether `self` ends.
template <class Self, class F>
void set_exit_handler(Self* self, F f) {
  self->set_exit_handler(std::move(f));
}

/// The end of `whom` is a `down_msg`.
template <class Self, class Handle>
void monitor_end(Self* self, const Handle& whom) {
  self->monitor(whom);
}

/// It is no more.
template <class Self, class Handle>
void demonitor_end(Self* self, const Handle& whom) {
  self->demonitor(whom);
}

#if CAF_MAJOR_VERSION >= 1
#pragma GCC diagnostic pop
#endif

} // namespace node_proxy::internal
