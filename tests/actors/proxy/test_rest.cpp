// Node Proxies that have nothing to do end, and nobody notices.

#include <atomic>

#include <node_proxy/messages/connection_permanence.hpp>

#include "actors/node_fixture.hpp"
#include "actors/reason.hpp"

using namespace test;
using namespace std::chrono_literals;

namespace {

/// A node that closes connections as soon as nothing is said.
node_config restless_config(duration idle) {
  auto result = local_config();
  result.settings.idle_timeout = idle;
  result.settings.backoff_base = 1ms;
  result.settings.backoff_cap = 5ms;
  return result;
}

node_metrics metrics_of(test_node& node) {
  auto result = node.ask<node_metrics>(get_node_metrics{});
  REQUIRE(result);
  return *result;
}

/// Waits until a node has no Node Proxy.
void await_rest(test_node& node) {
  REQUIRE(comes_true([&] { return metrics_of(node).node_proxies == 0; }));
}

/// Two nodes that know each other, each with an engine "inbox".
struct two_nodes {
  explicit two_nodes(duration idle = 5ms)
    : b(restless_config(idle)), a(knowing(b.node.advert(), idle)) {
    a.add_engine("inbox", a.system.spawn(forward_engine,
                                         caf::actor_cast<caf::actor>(a.self)));
    b.add_engine("inbox", b.system.spawn(forward_engine,
                                         caf::actor_cast<caf::actor>(b.self)));
    REQUIRE(b.ask<node_advert_reply>(a.node.advert()));
  }

  static node_config knowing(const node_advert& advert, duration idle) {
    auto result = restless_config(idle);
    result.adverts = {advert};
    return result;
  }

  void exchange(test_node& from, test_node& to, std::string_view text) {
    auto outcome =
      from.send(from.message_to(to.node.id(), "inbox", to_bytes(text)));
    REQUIRE_MESSAGE(outcome, reason(outcome));
    CHECK(as_text(next_message(to.self).msg) == text);
  }

  test_node b;
  test_node a;
};

} // namespace

TEST_CASE_FIXTURE(two_nodes, "a peer that is idle has no Node Proxy, and its "
                             "next message arrives as if it had") {
  exchange(a, b, "one");
  exchange(b, a, "two");
  for (auto text : {"three", "four", "five"}) {
    for (auto* node : {&a, &b}) {
      await_rest(*node);
      CHECK(metrics_of(*node).connected_peers == 0);
      // Both have said that they are finished: there is nothing to remember.
      CHECK(metrics_of(*node).remembered_peers == 0);
      CHECK(metrics_of(*node).known_adverts == 1);
    }
    exchange(a, b, text);
    exchange(b, a, text);
  }
}

TEST_CASE_FIXTURE(two_nodes, "a handle of a Node Proxy stays good") {
  auto found = a.ask<node_proxy_found>(lookup_node_proxy{b.node.id()});
  REQUIRE(found);
  await_rest(a);
  for (auto text : {"one", "two"}) {
    auto msg = a.message_to(b.node.id(), "inbox", to_bytes(text));
    a.self->request(found->proxy, patience, msg)
      .receive([](delivered) {},
               [](const caf::error& e) { FAIL(describe(e)); });
    CHECK(as_text(next_message(b.self).msg) == text);
    await_rest(a);
  }
  // What the Router would not do is an answer like any other.
  a.node.shutdown();
  a.self
    ->request(found->proxy, patience, a.message_to(b.node.id(), "inbox", {}))
    .receive([](delivered) { FAIL("delivered by nobody"); },
             [](const caf::error&) {});
  // It has ended with the Router.
  a.self->wait_for(found->proxy);
}

TEST_CASE("permanent peers do not rest, others that were do") {
  two_nodes nodes;
  auto& a = nodes.a;
  auto id = nodes.b.node.id();
  REQUIRE(a.ask<node_connect_reply>(node_connect_request{id, true}));
  nodes.exchange(a, nodes.b, "one");
  auto found = a.ask<node_proxy_found>(lookup_node_proxy{id});
  REQUIRE(found);
  CHECK(metrics_of(a).node_proxies == 1);
  a.self->request(found->proxy, patience, connection_permanence::ephemeral)
    .receive([](done) {}, [](const caf::error& e) { FAIL(describe(e)); });
  await_rest(a);
  await_rest(nodes.b);
}

namespace {

/// Numbers sent one way, each of which must arrive once and in order.
struct numbered_way {
  numbered_way(test_node& from_node, test_node& to_node)
    : from(&from_node), to(to_node.node.id()) {
    to_node.add_engine("numbers",
                       to_node.system.spawn([state = state]() -> caf::behavior {
                         return {[state](const engine_msg& msg) {
                           take(*state, msg);
                         }};
                       }));
  }

  struct arrived {
    std::atomic<std::uint64_t> count = 0;
    std::atomic<bool> wrong = false;
  };

  static void take(arrived& state, const engine_msg& msg) {
    if (as_text(msg.msg) != std::to_string(state.count))
      state.wrong = true;
    ++state.count;
  }

  node_out_msg next() {
    return from->message_to(to, "numbers", to_bytes(std::to_string(sent++)));
  }

  test_node* from;
  node_id to;
  std::uint64_t sent = 0;
  std::shared_ptr<arrived> state = std::make_shared<arrived>();
};

} // namespace

TEST_CASE("what is sent to Node Proxies that are about to end arrives once "
          "and in order") {
  two_nodes nodes{2ms};
  auto& a = nodes.a;
  auto& b = nodes.b;
  numbered_way there{a, b};
  numbered_way back{b, a};
  auto found = a.ask<node_proxy_found>(lookup_node_proxy{b.node.id()});
  REQUIRE(found);
  auto direct = false;
  SUBCASE("through the Router") {}
  SUBCASE("through a handle") {
    direct = true;
  }
  std::uint64_t rests = 0;
  std::uint64_t failures = 0;
  auto failed = [&](const caf::error& e) {
    ++failures;
    MESSAGE(describe(e));
  };
  for (std::uint64_t round = 0; round < 400; ++round) {
    // The pause ends before, when, or after they rest.
    auto until = std::chrono::steady_clock::now()
                 + std::chrono::microseconds{(round * 97) % 9'000};
    while (std::chrono::steady_clock::now() < until)
      rests += metrics_of(a).node_proxies == 0;
    auto first = there.next();
    auto second = there.next();
    auto one = direct ? a.self->request(found->proxy, patience, first)
                      : a.self->request(a.node.router(), patience, first);
    auto two = direct ? a.self->request(found->proxy, patience, second)
                      : a.self->request(a.node.router(), patience, second);
    auto three = b.self->request(b.node.router(), patience, back.next());
    one.receive([](delivered) {}, failed);
    two.receive([](delivered) {}, failed);
    three.receive([](delivered) {}, failed);
  }
  CHECK(failures == 0);
  CHECK(rests > 0);
  CHECK(there.state->count == there.sent);
  CHECK(back.state->count == back.sent);
  CHECK_FALSE(there.state->wrong);
  CHECK_FALSE(back.state->wrong);
}
