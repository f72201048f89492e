// Messages to a typed engine over a connection that is cut.

#include <chrono>
#include <cstdint>
#include <memory>

#include <doctest/doctest.h>

#include <node_proxy/actors/typed_engine.hpp>

#include "actors/node_fixture.hpp"
#include "integration/tcp_forwarder.hpp"

using namespace node_proxy::testing;
using namespace std::chrono_literals;
using test::test_node;

namespace {

using counter = node_proxy::actor_interface<void(std::uint64_t)>;

constexpr std::uint64_t messages = 100'000;
constexpr std::uint64_t between_cuts = 10'000;

/// Which number is to come next, or the first one that was another one.
struct progress {
  std::uint64_t next = 0;
  bool in_order = true;
};

counter::behavior_type counting(std::shared_ptr<progress> x,
                                const caf::actor& to) {
  return {[x, to](std::uint64_t number) {
    x->in_order = x->in_order && number == x->next;
    if (x->in_order)
      ++x->next;
    if ((number + 1) % between_cuts == 0)
      caf::anon_send(to, node_proxy::done{});
  }};
}

node_proxy::transport_address at_port(std::uint16_t port) {
  auto result = std::get<node_proxy::tcp_addr>(test::any_port());
  result.port = port;
  return result;
}

/// Comes back soon.
node_proxy::node_config quick_config() {
  auto result = test::local_config();
  result.settings.backoff_base = 10ms;
  result.settings.backoff_cap = 100ms;
  return result;
}

node_proxy::node_config reached_at(std::uint16_t port) {
  auto result = quick_config();
  result.advertised = {{at_port(port), 1}};
  return result;
}

node_proxy::node_config knowing(node_proxy::node_advert advert) {
  auto result = quick_config();
  result.adverts = {std::move(advert)};
  return result;
}

} // namespace

TEST_CASE("plain sends arrive once and in order while connections are cut") {
  tcp_forwarder network;
  test_node b{reached_at(network.port())};
  network.redirect(
    std::get<node_proxy::tcp_addr>(b.node.addresses().front()).port);
  test_node a{knowing(b.node.advert())};
  auto got = std::make_shared<progress>();
  auto engine =
    b.system.spawn(counting, got, caf::actor_cast<caf::actor>(b.self));
  REQUIRE(b.node.serve("counter", engine));
  auto handle =
    a.node.remote<counter>({b.node.id(), "counter"}, {std::chrono::minutes{5}});
  for (std::uint64_t i = 0; i < messages; ++i)
    a.self->send(handle, i);
  for (std::uint64_t i = 0; i < messages / between_cuts; ++i) {
    static_cast<void>(b.next<node_proxy::done>());
    network.cut();
  }
  CHECK(got->in_order);
  CHECK(got->next == messages);
  CHECK(network.accepted() > 1);
  auto metrics =
    a.ask<node_proxy::node_metrics>(node_proxy::get_node_metrics{});
  REQUIRE(metrics);
  CHECK(metrics->unanswered_failures.empty());
  caf::anon_send_exit(engine, caf::exit_reason::kill);
}
