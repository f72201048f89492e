// Peers that come back at once after they have said goodbye.

#include <array>

#include <doctest/doctest.h>

#include "network.hpp"
#include "support/octets.hpp"
#include "twin_caller.hpp"

using namespace simulation;

namespace {

/// Ways between nodes on which octets take that long, and actors who take half
/// as long as that to hear of each other.
struct far_nodes {
  explicit far_nodes(duration way) : latency{way} {
    net.prepare = [way](connection_id, connection& x) {
      for (auto& direction : x.directions)
        direction.latency = way;
    };
    hub.add_engine("echo");
    hub.mailbox_delay = way / 2;
    net.introduce(visitor, hub);
  }

  ~far_nodes() {
    for (const auto& what : net.failures())
      FAIL_CHECK(what);
  }

  /// Somebody connects, is served, and says goodbye.
  void visit(node& who) {
    auto token = who.send(hub, "echo", "hello");
    REQUIRE(net.run_until([&] { return who.outcome(token) == "delivered"; }));
    who.shut_down();
    REQUIRE(net.run_until([&] { return who.at_rest(); }));
  }

  /// A new process comes. @returns whether it is connected at the first try.
  bool comes(node& who) {
    who.restart();
    auto before = who.attempts();
    auto token = who.send(hub, "echo", "again");
    net.run_until([&] { return who.outcome(token) != "pending"; });
    return who.outcome(token) == "delivered" && who.attempts() == before + 1;
  }

  duration latency;
  network net;
  node& hub = net.add("hub");
  node& visitor = net.add("visitor");
};

constexpr std::array<duration, 5> latencies{0ms, 1ms, 20ms, 50ms, 200ms};

constexpr int tries = 25;

} // namespace

TEST_CASE("whoever comes back after a goodbye succeeds at the first try") {
  for (auto latency : latencies) {
    CAPTURE(latency / 1ms);
    far_nodes uut{latency};
    int succeeded = 0;
    for (int i = 0; i < tries; ++i) {
      uut.visit(uut.visitor);
      uut.net.run_for(i * 8ms);
      succeeded += uut.comes(uut.visitor);
    }
    CHECK(succeeded == tries);
    CHECK(uut.hub.ends().size() == 1); // "shutdown"
  }
}

TEST_CASE("a goodbye makes room at once for whoever comes next") {
  for (auto latency : latencies) {
    CAPTURE(latency / 1ms);
    far_nodes uut{latency};
    uut.hub.rules.max_peers = 1;
    auto& other = uut.net.add("other");
    uut.net.introduce(other, uut.hub);
    for (auto* who : {&uut.visitor, &other, &uut.visitor, &other}) {
      CHECK(uut.comes(*who));
      uut.visit(*who);
    }
    CHECK(uut.hub.count("over_capacity") == 0);
  }
}

TEST_CASE("a goodbye makes room at once for the other id of a key") {
  for (auto latency : latencies) {
    CAPTURE(latency / 1ms);
    far_nodes uut{latency};
    uut.visit(uut.visitor);
    twin_caller twin{uut.net, uut.hub, uut.visitor.self(),
                     test::seeded(1).next_key(), 1s};
    uut.net.run_for(3s);
    CHECK(twin.result() == twin_caller::outcome::taken);
  }
}
