// Paths between nodes that vanish, are slow, or lead nowhere.

#include <chrono>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "actors/node_fixture.hpp"
#include "integration/process.hpp"
#include "integration/tcp_forwarder.hpp"

using namespace node_proxy::testing;
using namespace std::chrono_literals;
using test::test_node;

namespace {

using clock_type = std::chrono::steady_clock;

constexpr auto dead_limit = 600ms;

node_proxy::peer_settings quick_settings() {
  node_proxy::peer_settings result;
  result.handshake_timeout = 1s;
  result.heartbeat_interval = dead_limit / 4;
  result.dead_peer_limit = dead_limit;
  result.backoff_base = 10ms;
  result.backoff_cap = 100ms;
  return result;
}

node_proxy::transport_address local(std::uint16_t port) {
  auto result = std::get<node_proxy::tcp_addr>(test::any_port());
  result.port = port;
  return result;
}

node_proxy::node_config knowing(node_proxy::node_advert advert) {
  auto result = test::local_config();
  result.settings = quick_settings();
  result.adverts = {std::move(advert)};
  return result;
}

/// A node that says that it is reached at these ports, the first one preferred.
node_proxy::node_config behind(const std::vector<std::uint16_t>& ports) {
  auto result = test::local_config();
  result.settings = quick_settings();
  auto weight = ports.size();
  for (auto port : ports)
    result.advertised.push_back({local(port), weight--});
  return result;
}

std::uint16_t port_of(const test_node& x) {
  return std::get<node_proxy::tcp_addr>(x.node.addresses()[0]).port;
}

caf::behavior taking_engine(caf::event_based_actor*) {
  return {[](const node_proxy::engine_msg&) {
  }};
}

/// Of the events that are there; takes them.
bool was_disconnected(test_node& x) {
  auto result = false;
  for (auto more = true; more;)
    x.self->receive(
      [&](const node_proxy::node_event& event) {
        result =
          result
          || std::holds_alternative<node_proxy::disconnected_event>(event.what);
      },
      caf::after(0s) >> [&] { more = false; });
  return result;
}

/// A node behind two paths, which believes that its peers live for longer than
/// any test takes.
struct patient_node {
  patient_node() {
    one.redirect(port_of(patient));
    two.redirect(port_of(patient));
    patient.add_engine("inbox", patient.system.spawn(taking_engine));
  }

  static node_proxy::node_config
  config(const std::vector<std::uint16_t>& ports) {
    auto result = behind(ports);
    result.settings.dead_peer_limit = 60s;
    return result;
  }

  tcp_forwarder one;
  tcp_forwarder two;
  test_node patient{config({one.port(), two.port()})};
};

/// How long ago that was, in ms.
std::int64_t since(clock_type::time_point begin) {
  return (clock_type::now() - begin) / 1ms;
}

} // namespace

TEST_CASE_FIXTURE(patient_node, "a peer whose host vanished is noticed") {
  test_node a{knowing(patient.node.advert())};
  auto msg = a.message_to(patient.node.id(), "inbox", {});
  REQUIRE(a.send(msg));
  a.next_event<node_proxy::connected_event>();
  auto begin = clock_type::now();
  one.stall();
  two.stall();
  a.next_event<node_proxy::disconnected_event>();
  auto time = since(begin);
  MESSAGE("noticed after ", time, " ms");
  // It was heard of not longer than a heartbeat ago.
  CHECK(time >= dead_limit / 2 / 1ms);
  CHECK(time < dead_limit / 1ms + 1'000);
  one.stall(false);
  CHECK(a.send(msg));
}

TEST_CASE("a slow line is not mistaken for death") {
  tcp_forwarder network;
  test_node b{behind({network.port()})};
  network.redirect(port_of(b));
  test_node a{knowing(b.node.advert())};
  for (auto* x : {&a, &b})
    x->add_engine("inbox", x->system.spawn(taking_engine));
  REQUIRE(a.send(a.message_to(b.node.id(), "inbox", {})));
  a.next_event<node_proxy::connected_event>();
  b.next_event<node_proxy::connected_event>();
  // A frame takes longer than the limit, and what either end has to say about
  // being alive has to pass the data of 4 seconds.
  network.limit(80'000);
  node_proxy::bytes much(320'000);
  auto begin = clock_type::now();
  auto forth = a.self->request(a.node.router(), caf::infinite,
                               a.message_to(b.node.id(), "inbox", much));
  REQUIRE(b.send(b.message_to(a.node.id(), "inbox", much)));
  forth.receive([](const node_proxy::delivered&) {},
                [](const caf::error& e) { FAIL(node_proxy::describe(e)); });
  auto time = since(begin);
  MESSAGE("delivered after ", time, " ms");
  CHECK(time > 5 * dead_limit / 1ms);
  CHECK(network.accepted() == 1);
  CHECK_FALSE(was_disconnected(a));
  CHECK_FALSE(was_disconnected(b));
}

TEST_CASE_FIXTURE(patient_node, "a new path takes the place of a dead one") {
  test_node a{knowing(patient.node.advert())};
  a.add_engine("inbox", a.system.spawn(test::forward_engine,
                                       caf::actor_cast<caf::actor>(a.self)));
  auto send_back = [&](const std::string& text) {
    caf::anon_send(
      patient.node.router(),
      patient.message_to(a.node.id(), "inbox", node_proxy::to_bytes(text)));
  };
  auto next_text = [&] {
    auto msg = test::next_message(a.self);
    return std::string{node_proxy::as_text(msg.msg.view())};
  };
  REQUIRE(a.ask<node_proxy::node_connect_reply>(
    node_proxy::node_connect_request{patient.node.id(), true}));
  patient.next_event<node_proxy::connected_event>();
  send_back("on the old path");
  CHECK(next_text() == "on the old path");
  CHECK(one.accepted() == 1);
  CHECK(two.accepted() == 0);
  one.stall();
  auto begin = clock_type::now();
  send_back("on the new path");
  CHECK(next_text() == "on the new path");
  auto time = since(begin);
  MESSAGE("taken over after ", time, " ms");
  CHECK(two.accepted() == 1);
  // The other end would have believed in the old one for a minute.
  CHECK(time < 10'000);
}

TEST_CASE("addresses are tried until one leads there") {
  std::uint16_t refused = tcp_listener{}.port();
  tcp_listener silent;
  tcp_forwarder good;
  test_node b{behind({refused, silent.port(), good.port()})};
  good.redirect(port_of(b));
  b.add_engine("inbox", b.system.spawn(taking_engine));
  test_node a{knowing(b.node.advert())};
  auto begin = clock_type::now();
  REQUIRE(a.send(a.message_to(b.node.id(), "inbox", {})));
  auto time = since(begin);
  MESSAGE("delivered after ", time, " ms");
  CHECK(good.accepted() == 1);
  // One timeout of the handshake at most, and some delays.
  CHECK(time < 3'000);
}
