// Questions from outside of all actors.

#pragma once

#include <chrono>
#include <utility>

#include <caf/all.hpp>

#include <node_proxy/actors/caf/sending.hpp>
#include <node_proxy/actors/error.hpp>

namespace node_proxy::internal {

/// How long to wait for an actor of our own that must answer at once.
inline constexpr std::chrono::seconds answer_timeout{30};

/// Asks an actor and waits for the answer.
template <class Answer, class Handle, class Msg>
caf::expected<Answer> ask(caf::scoped_actor& self, const Handle& to, Msg msg) {
  caf::expected<Answer> result = make_error(errc::timed_out);
  send_request(&*self, to, answer_timeout, std::move(msg))
    .receive([&](Answer& answer) { result = std::move(answer); },
             [&](caf::error& error) { result = std::move(error); });
  return result;
}

} // namespace node_proxy::internal
