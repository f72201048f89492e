// Who gets into a node, and what the others are told.

#include <doctest/doctest.h>

#include "protocol/peer/two_nodes.hpp"
#include "simulation/twin_caller.hpp"
#include "support/octets.hpp"

using namespace simulation;

namespace {

struct fixture : two_nodes {
  node& c = net.add("c");

  fixture() {
    net.introduce(c, b);
    c.add_engine("echo");
  }

  using outcome = twin_caller::outcome;

  /// Calls `b` under the other id of `who`.
  twin_caller call(const node& who, duration stay = 100ms) {
    return {net, b, who.self(), test::numbered_key(1), stay};
  }
};

} // namespace

TEST_CASE_FIXTURE(fixture, "of two that come at once for one place, one is "
                           "told that there is none") {
  b.rules.max_peers = 1;
  a.connect(b);
  c.connect(b);
  net.run_for(1s);
  // Both had been let in before either had proven itself.
  CHECK(a.connected(b) != c.connected(b));
  CHECK(b.count("over_capacity") == 1);
  auto told =
    std::string{a.connected(b) ? "c" : "a"} + "/b refused over_capacity\n";
  CHECK(net.take_transcript().find(told) != std::string::npos);
}

TEST_CASE_FIXTURE(fixture, "a twin is denied while the other one is served") {
  connect();
  auto twin = call(a);
  net.run_for(1s);
  CHECK(twin.result() == outcome::denied);
  SUBCASE("also when it is not connected") {
    a.send(b, "late", "1");
    net.run_for(1s);
    net.cut(the_connection());
    net.dial_delay = [](const stream_user&, const node&) {
      return std::optional{duration{1ms}};
    };
    auto other = call(a);
    net.run_for(10ms);
    CHECK(other.result() == outcome::denied);
  }
}

TEST_CASE_FIXTURE(fixture, "a twin that is here keeps the other one out") {
  auto twin = call(a);
  net.run_for(10ms);
  auto token = a.send(b, "echo", "1");
  REQUIRE(wait_for(token, 50ms));
  CHECK(a.outcome(token) == "denied");
  net.run_for(10s);
  CHECK(twin.result() == outcome::taken);
  token = a.send(b, "echo", "2");
  REQUIRE(wait_for(token, 10s));
  CHECK(a.outcome(token) == "delivered");
}

TEST_CASE_FIXTURE(fixture, "a message to a node that must not be talked to") {
  a.deny(b);
  CHECK(a.outcome(a.send(b, "echo", "1")) == "denied");
  CHECK(a.attempts() == 0);
}

TEST_CASE_FIXTURE(fixture, "permanent peers and adverts outlive a process") {
  a.set_permanent(b);
  net.run_for(1s);
  a.crash();
  net.run_for(1s);
  a.start();
  REQUIRE(net.run_until([&] { return both_connected(); }, 1s));
  a.set_permanent(b, false);
  a.restart();
  CHECK_FALSE(a.peer_of(b));
  auto token = a.send(b, "echo", "1");
  REQUIRE(wait_for(token));
  CHECK(a.outcome(token) == "delivered");
}

TEST_CASE_FIXTURE(fixture,
                  "a Node Proxy may end while its Router and its users "
                  "speak to it") {
  // Messages within the node take longer than the connection is idle.
  a.settings.idle_timeout = 1ms;
  a.settings.attempt_delay = 1ms;
  a.settings.backoff_base = 1ms;
  a.settings.backoff_cap = 5ms;
  a.mailbox_delay = 20ms;
  SUBCASE("by the Router") {}
  SUBCASE("by a handle") {
    a.uses_handle = {b.id()};
  }
  std::string all;
  for (int i = 0; i < 200; ++i) {
    auto text = std::to_string(i);
    a.send(b, "echo", text);
    all += (all.empty() ? "" : " ") + text;
    net.run_for(7ms * (i % 13));
  }
  net.run_for(5s);
  CHECK(b.texts("echo") == all);
  CHECK(a.rests().finished > 10);
  CHECK(a.at_rest());
}
