// A node of several processes, each of which is an actor system of this one.

#pragma once

#include <memory>
#include <string>
#include <utility>

#include <node_proxy/protocol/wire/advert.hpp>

#include "actors/caf/remoting_config.hpp"
#include "actors/node_fixture.hpp"

namespace test {

/// Waits for what is said of one kind, such as in a `worker_order`; all else is
/// dropped.
template <class Content, class Message, class Fixture>
Content next_said(Fixture& to) {
  for (;;) {
    auto x = to.template next<Message>();
    if (auto wanted = std::get_if<Content>(&x.what))
      return std::move(*wanted);
  }
}

/// One process of a node, and an actor, `self`, that can be an engine.
class node_process : public basic_system_fixture<remoting_config> {
public:
  /// The coordinator.
  explicit node_process(node_config config)
    : node(start(system, std::move(config))) {
    auto published = system.middleman().publish(node.router(), 0, "127.0.0.1");
    REQUIRE(published);
    port = *published;
  }

  /// A worker.
  node_process(node_config config, std::uint16_t coordinator)
    : node(start(system, joining(system, std::move(config), coordinator))) {}

  /// An engine that other processes know does not end by itself.
  ~node_process() {
    for (const auto& x : engines)
      caf::anon_send_exit(x, caf::exit_reason::kill);
  }

  static node_config joining(caf::actor_system& system, node_config config,
                             std::uint16_t coordinator) {
    auto found =
      system.middleman().remote_actor<router_actor>("127.0.0.1", coordinator);
    REQUIRE(found);
    config.coordinator = *found;
    return config;
  }

  template <class Answer, class Msg>
  caf::expected<Answer> ask(Msg msg) {
    return basic_system_fixture::ask<Answer>(node.router(), std::move(msg));
  }

  static node_out_msg message_to(const node_id& to, std::string engine,
                                 std::string_view text) {
    node_out_msg msg;
    msg.expiry = rel_time{60};
    msg.msg.sender.name = "test";
    msg.msg.target = {to, std::move(engine)};
    msg.msg.msg = to_bytes(text);
    return msg;
  }

  /// Sends a message and waits for its outcome.
  caf::expected<delivered> send(const node_id& to, std::string engine,
                                std::string_view text) {
    return ask<delivered>(message_to(to, std::move(engine), text));
  }

  /// Makes the test an engine here.
  void add_engine(std::string name) {
    auto engine =
      system.spawn(forward_engine, caf::actor_cast<caf::actor>(self));
    auto ok = ask<engine_registered>(register_engine{std::move(name), engine});
    engines.push_back(engine);
    REQUIRE_MESSAGE(ok, reason(ok));
  }

  std::vector<caf::actor> engines;
  std::uint16_t port = 0;
  node_proxy::node node;

private:
  static node_proxy::node start(caf::actor_system& system, node_config config) {
    auto result = spawn_node(system, std::move(config));
    REQUIRE_MESSAGE(result, reason(result));
    return std::move(*result);
  }
};

/// A coordinator, and whatever workers a test adds.
struct deployment {
  static node_config coordinator_config(std::size_t max_workers = 4) {
    auto result = local_config();
    result.max_workers = max_workers;
    return result;
  }

  explicit deployment(node_config config = coordinator_config())
    : self(config.self), coordinator(std::move(config)) {}

  [[nodiscard]] node_config worker_config() const {
    node_config result;
    result.self = self;
    result.listen = {any_port()};
    return result;
  }

  std::unique_ptr<node_process> add_worker() const {
    return std::make_unique<node_process>(worker_config(), coordinator.port);
  }

  /// An advert of the node that names one of its processes alone.
  [[nodiscard]] node_advert advert_of(const node_process& x) const {
    node_advert result;
    result.version = 1;
    for (const auto& address : x.node.addresses())
      result.addrs.push_back({address, 1});
    REQUIRE(sign_advert(*self, result));
    return result;
  }

  /// Another node, which has been told of one process of this one.
  [[nodiscard]] std::unique_ptr<test_node>
  add_peer(const node_process& known) const {
    auto config = local_config();
    config.adverts = {advert_of(known)};
    return std::make_unique<test_node>(std::move(config));
  }

  std::shared_ptr<const identity> self;
  node_process coordinator;
};

} // namespace test
