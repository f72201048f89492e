// Asking actors from outside of all actors.

#pragma once

#include <chrono>
#include <optional>
#include <stdexcept>
#include <utility>

#include <node_proxy/actors/caf/compat.hpp>
#include <node_proxy/actors/error.hpp>

namespace bench {

/// Sends a request and waits for the answer. Throws what the actor says, or
/// that it says nothing.
template <class Answer, class Handle, class Msg>
Answer ask(caf::scoped_actor& self, const Handle& to, Msg msg) {
  std::optional<Answer> result;
  self->request(to, std::chrono::seconds{30}, std::move(msg))
    .receive([&](Answer& answer) { result = std::move(answer); },
             [](const caf::error& error) {
               throw std::runtime_error{node_proxy::describe(error)};
             });
  return std::move(*result);
}

/// The value, or throws what kept us from having one.
template <class T>
T value_of(caf::expected<T> x) {
  if (!x)
    throw std::runtime_error{node_proxy::describe(x.error())};
  return std::move(*x);
}

} // namespace bench
