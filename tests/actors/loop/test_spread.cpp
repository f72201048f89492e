// The Node Proxies of a node are spread over the event loops of its actor
// system.

#include <memory>
#include <string>
#include <vector>

#include <node_proxy/actors/loop/event_loop.hpp>

#include "actors/node_fixture.hpp"
#include "actors/reason.hpp"

namespace node_proxy::internal {

namespace {

using namespace test;

node_config config_with_loops(std::size_t count) {
  auto result = local_config();
  result.event_loops = count;
  return result;
}

caf::behavior ignore_all() {
  return {[](const engine_msg&) {
  }};
}

/// A node with some event loops, and others to which it sends.
struct fixture {
  explicit fixture(std::size_t loops) : uut{config_with_loops(loops)} {}

  /// Another node, which gets a message.
  void add_peer() {
    auto& peer =
      peers.emplace_back(std::make_unique<test_node>(local_config()));
    peer->add_engine("inbox", peer->system.spawn(ignore_all));
    REQUIRE(uut.ask<node_advert_reply>(peer->node.advert()));
    send_to(*peer);
  }

  void send_to(test_node& peer) {
    auto outcome = uut.send(uut.message_to(peer.node.id(), "inbox", {}));
    REQUIRE_MESSAGE(outcome, reason(outcome));
  }

  test_node uut;
  std::vector<std::unique_ptr<test_node>> peers;
};

} // namespace

TEST_CASE("each new peer is served where there are the fewest") {
  fixture x{2};
  auto loops = event_loop::of(x.uut.system, 2).value();
  auto next = [&loops] {
    return use_one_of(loops, loop_use::peer);
  };
  CHECK(next() == loops[0]);
  x.add_peer();
  CHECK(next() == loops[1]);
  x.add_peer();
  CHECK(next() == loops[0]);
  for (const auto& peer : x.peers)
    x.send_to(*peer);
}

TEST_CASE("the nodes of an actor system have different homes") {
  test_node first{config_with_loops(2)};
  auto loops = event_loop::of(first.system, 2).value();
  CHECK(use_one_of(loops, loop_use::home) == loops[1]);
  auto second = spawn_node(first.system, config_with_loops(2));
  REQUIRE(second);
  auto third = use_one_of(loops, loop_use::home);
  CHECK(use_one_of(loops, loop_use::home) == loops[1]);
}

TEST_CASE("there is a bound for event loops") {
  test_node any{config_with_loops(1)};
  auto refused =
    spawn_node(any.system, config_with_loops(node_config::max_event_loops + 1));
  REQUIRE_FALSE(refused);
  CHECK(code_of(refused.error()) == errc::bad_config);
  CHECK(describe(refused.error()).find("event_loops") != std::string::npos);
}

} // namespace node_proxy::internal
