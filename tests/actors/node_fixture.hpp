// Nodes for tests, each in an actor system of its own.

#pragma once

#include <memory>
#include <string>
#include <utility>

#include <node_proxy/actors/loop/os_random.hpp>
#include <node_proxy/actors/node.hpp>
#include <node_proxy/actors/node_event.hpp>
#include <node_proxy/actors/node_status.hpp>
#include <node_proxy/actors/operator_messages.hpp>
#include <node_proxy/protocol/crypto/crypto_init.hpp>

#include "actors/reason.hpp"
#include "support/scheduler_threads.hpp"
#include "system_fixture.hpp"

namespace test {

/// A fresh identity.
inline std::shared_ptr<const identity> fresh_identity() {
  static_cast<void>(init_crypto());
  return std::make_shared<identity>(identity::from_seed(os_random_key()));
}

/// TCP on this host, any port.
inline transport_address any_port() {
  ipv4 loopback{{std::byte{127}, std::byte{0}, std::byte{0}, std::byte{1}}};
  return tcp_addr{loopback, 0};
}

/// A configuration for a fresh node that listens on this host.
inline node_config local_config() {
  node_config result;
  result.self = fresh_identity();
  result.listen = {any_port()};
  return result;
}

/// Makes CAF ready for nodes.
struct node_system_config : caf::actor_system_config {
  node_system_config() {
    node_proxy::init(*this);
    use_sharing_scheduler(*this);
    set_scheduler_threads(*this, 2);
  }
};

/// A node, and an actor system that has nothing else in it. The fixture's own
/// actor, `self`, is the observer and can be an engine.
class test_node : public basic_system_fixture<node_system_config> {
public:
  explicit test_node(node_config config)
    : node(start(system, self, std::move(config))) {
    // nop
  }

  /// A message to an engine of another node.
  [[nodiscard]] node_out_msg message_to(const node_id& to, std::string engine,
                                        bytes payload) const {
    node_out_msg result;
    result.expiry = rel_time{60};
    result.msg.sender = {node.id(), "test"};
    result.msg.target = {to, std::move(engine)};
    result.msg.msg = std::move(payload);
    return result;
  }

  /// Sends a message and waits for its outcome.
  caf::expected<delivered> send(const node_out_msg& msg) {
    return ask<delivered>(msg);
  }

  /// Asks the Router.
  template <class Answer, class Msg>
  caf::expected<Answer> ask(Msg msg) {
    return basic_system_fixture::ask<Answer>(node.router(), std::move(msg));
  }

  /// Makes `engine` known under `name`; fails the test if that is refused.
  void add_engine(std::string name, const caf::actor& engine,
                  bool batches = false) {
    auto ok =
      ask<engine_registered>(register_engine{std::move(name), engine, batches});
    REQUIRE_MESSAGE(ok, reason(ok));
  }

  /// Waits for the next event of one kind; others are dropped.
  template <class Event>
  Event next_event() {
    std::optional<Event> result;
    while (!result) {
      auto in_time = true;
      self->receive(
        [&](const node_event& x) {
          if (auto event = std::get_if<Event>(&x.what))
            result = *event;
        },
        caf::after(patience) >> [&] { in_time = false; });
      if (!in_time)
        FAIL("an event that the test waits for did not come");
    }
    return *result;
  }

  /// Whether there is an event that was not waited for; takes it.
  bool has_event() { return has_got<node_event>(); }

  node_proxy::node node;

private:
  static node_proxy::node start(caf::actor_system& system,
                                caf::scoped_actor& self, node_config config) {
    if (!config.observer)
      config.observer = caf::actor_cast<caf::actor>(self);
    auto result = spawn_node(system, std::move(config));
    REQUIRE_MESSAGE(result, reason(result));
    return std::move(*result);
  }
};

/// An engine that hands what it gets to `to`.
inline caf::behavior forward_engine(caf::event_based_actor* self,
                                    const caf::actor& to) {
  return {[self, to](const engine_msg& msg) {
    self->send(to, msg);
  }};
}

/// Waits for a message that a `forward_engine` hands to `self`.
inline engine_msg next_message(caf::scoped_actor& self) {
  std::optional<engine_msg> result;
  while (!result) {
    auto in_time = true;
    self->receive([&](const engine_msg& x) { result = x; },
                  [](const node_event&) {},
                  caf::after(patience) >> [&] { in_time = false; });
    if (!in_time)
      FAIL("a message that the test waits for did not come");
  }
  return *result;
}

} // namespace test
