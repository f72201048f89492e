// An actor system for tests. Tests wait for messages, never for a time; the
// limit below only ends a test that would wait for ever.

#pragma once

#include <chrono>
#include <optional>
#include <utility>

#include <doctest/doctest.h>

#include <node_proxy/actors/caf/compat.hpp>
#include <node_proxy/actors/caf/messages.hpp>
#include <node_proxy/actors/loop/actor_runner.hpp>

#include "support/comes_true.hpp"
#include "support/scheduler_threads.hpp"

namespace test {

using namespace node_proxy;
using namespace node_proxy::internal;

/// Whether this thread is one of an event loop.
inline bool in_event_loop() {
  return actor_runner::has_this_thread();
}

/// A configuration with everything of ours registered.
struct test_config : caf::actor_system_config {
  test_config() {
    register_messages(*this);
    use_sharing_scheduler(*this);
    set_scheduler_threads(*this, 2);
  }
};

/// An actor system and, as `self`, an actor that is the test.
template <class Config>
struct basic_system_fixture {
  Config config;
  caf::actor_system system{config};
  caf::scoped_actor self{system};

  /// Sends a request and waits for its answer, a value or an error.
  template <class R, class Handle, class... Ts>
  caf::expected<R> ask(const Handle& whom, Ts&&... message) {
    caf::expected<R> result = caf::error{};
    self->request(whom, patience, std::forward<Ts>(message)...)
      .receive([&](R& answer) { result = std::move(answer); },
               [&](caf::error& error) { result = std::move(error); });
    return result;
  }

  /// As `ask`, where an error fails the test.
  template <class R, class Handle, class... Ts>
  R must(const Handle& whom, Ts&&... message) {
    auto answer = ask<R>(whom, std::forward<Ts>(message)...);
    if (!answer)
      FAIL("error instead of an answer: ", describe(answer.error()));
    return std::move(*answer);
  }

  /// Waits for the next message of type `T`; others stay in the mailbox. Fails
  /// the test if none comes.
  template <class T>
  T next() {
    std::optional<T> result;
    self->receive([&](T& message) { result = std::move(message); },
                  caf::after(patience) >> [] {});
    if (!result)
      FAIL("a message that the test waits for did not come");
    return std::move(*result);
  }

  /// Whether a message of type `T` is in the mailbox; takes it.
  template <class T>
  bool has_got() {
    bool result = false;
    self->receive([&](T&) { result = true; },
                  caf::after(std::chrono::seconds{0}) >> [] {});
    return result;
  }
};

using system_fixture = basic_system_fixture<test_config>;

} // namespace test
