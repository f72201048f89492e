// How peers come to be connected, and how not.

#include <doctest/doctest.h>

#include "simulation/raw_client.hpp"
#include "support/octets.hpp"
#include "two_nodes.hpp"

using namespace simulation;

TEST_CASE_FIXTURE(two_nodes, "a message makes its sender connect") {
  auto token = a.send(b, "echo", "hello");
  REQUIRE(wait_for(token));
  CHECK(net.take_transcript() == R"(0 a/b learned advert 1
0 a/b dial
4 b/a connected in
5 a/b connected out
6 b/a learned advert 1
6 b/a got "hello"
7 a/b done 1
)");
}

TEST_CASE_FIXTURE(two_nodes, "both ends know what was agreed upon") {
  connect();
  CHECK(a.peer_of(b)->advert_version() == 1);
  CHECK(b.peer_of(a)->advert_version() == 1);
  CHECK(net.between(a, b).size() == 1);
}

TEST_CASE_FIXTURE(two_nodes, "somebody wants to be connected, once") {
  connect();
  net.run_for(61s);
  CHECK(net.take_transcript() == R"(60005 a/b disconnected idle
60006 b/a disconnected idle
)");
  CHECK(net.between(a, b).empty());
}

TEST_CASE_FIXTURE(two_nodes, "only the initiator closes for idleness") {
  a.settings.idle_timeout = 1h;
  a.set_permanent(b);
  connect();
  net.run_for(10min);
  CHECK(net.take_transcript().empty());
  CHECK(a.connected(b));
}

TEST_CASE_FIXTURE(two_nodes, "to want what is there means nothing later") {
  connect();
  a.connect(b);
  net.run_for(10min);
  CHECK(a.count("idle") == 1);
  CHECK_FALSE(a.connected(b));
}

TEST_CASE_FIXTURE(two_nodes, "what is held keeps the holder from closing") {
  connect();
  auto token = b.send(a, "late", "hello");
  net.run_for(10min);
  CHECK(a.count("idle") == 0);
  a.take("late");
  net.run_for(1s);
  CHECK(b.outcome(token) == "delivered");
}

TEST_CASE_FIXTURE(two_nodes, "connections that do not last are made slowly") {
  net.prepare = [](connection_id, connection& x) {
    x.directions[0].cut_at = 600;
  };
  a.set_permanent(b);
  a.send(b, "echo", std::string(1'000, 'x'));
  net.run_for(60s);
  CHECK(a.count("lost") > 5);
  CHECK(a.count("lost") < 60);
}

TEST_CASE_FIXTURE(two_nodes, "delays begin anew after a stable connection") {
  a.set_permanent(b);
  for (auto i = 0; i < 15; ++i) {
    REQUIRE(net.run_until([&] { return both_connected(); }, 110ms));
    net.run_for(11s);
    b.shut_down();
    REQUIRE(net.run_until([&] { return !a.connected(b); }, 1s));
  }
}

TEST_CASE_FIXTURE(two_nodes, "what is not consumed keeps a connection open") {
  auto token = a.send(b, "late", "hello");
  net.run_for(10min);
  CHECK(a.count("idle") == 0);
  b.take("late");
  REQUIRE(wait_for(token));
  net.run_for(61s);
  CHECK_FALSE(a.connected(b));
}

TEST_CASE_FIXTURE(two_nodes, "no longer permanent, it may become idle") {
  a.set_permanent(b);
  connect();
  net.run_for(10min);
  CHECK(a.connected(b));
  a.set_permanent(b, false);
  net.run_for(59s);
  CHECK(a.connected(b));
  net.run_for(2s);
  CHECK_FALSE(a.connected(b));
}

TEST_CASE_FIXTURE(two_nodes, "a permanent connection is made again for ever") {
  net.dial_delay = [](const stream_user&, const node&) {
    return std::optional<duration>{};
  };
  a.set_permanent(b);
  net.run_for(1h);
  auto attempts = a.peer_of(b)->metrics().attempts;
  // With a cap of 30 s the mean is one in 15 s.
  CHECK(attempts > 150);
  CHECK(attempts < 400);
  CHECK(a.peer_of(b)->metrics().failed_attempts == attempts);
  net.dial_delay = nullptr;
  net.run_for(31s);
  CHECK(a.connected(b));
}

TEST_CASE_FIXTURE(two_nodes, "a lost permanent connection is made at once") {
  a.set_permanent(b);
  connect();
  net.run_for(20s);
  net.cut(net.between(a, b)[0]);
  REQUIRE(net.run_until([&] { return !a.connected(b); }));
  REQUIRE(net.run_until([&] { return a.connected(b); }, 10ms));
  CHECK(a.count("lost") == 1);
}

TEST_CASE_FIXTURE(two_nodes, "without any address the node is unknown") {
  CHECK(b.outcome(b.send(a, "echo", "hello")) == "unknown_node");
}

TEST_CASE_FIXTURE(two_nodes,
                  "a node without address that came may be sent to") {
  connect();
  net.run_for(61s);
  CHECK_FALSE(b.connected(a));
  auto token = b.send(a, "echo", "hello");
  CHECK(net.run_until([&] { return b.outcome(token) == "delivered"; }));
}

TEST_CASE_FIXTURE(two_nodes, "a node that is down is tried until expiry") {
  b.crash();
  auto token = a.send(b, "echo", "hello", {rel_time{30}});
  REQUIRE(wait_for(token));
  CHECK(a.outcome(token) == "expired");
  CHECK(a.attempts() > 5);
  auto later = a.send(b, "echo", "hello");
  b.start();
  REQUIRE(wait_for(later));
  CHECK(a.outcome(later) == "delivered");
}

TEST_CASE_FIXTURE(two_nodes, "denied is final for what is queued") {
  b.deny(a);
  auto token = a.send(b, "echo", "hello");
  REQUIRE(wait_for(token));
  CHECK(a.outcome(token) == "denied");
  CHECK(b.count("denied") == 1);
  net.run_for(1h);
  CHECK(a.attempts() == 1);
  CHECK(b.peer_of(a) == nullptr);
}

TEST_CASE_FIXTURE(two_nodes, "without a common version nothing is queued") {
  b.rules.versions = {2, 5};
  auto token = a.send(b, "echo", "hello");
  REQUIRE(wait_for(token));
  CHECK(a.outcome(token) == "incompatible");
  CHECK(b.count("incompatible") == 1);
}

TEST_CASE_FIXTURE(two_nodes, "over capacity is tried again until expiry") {
  b.rules.max_peers = 0;
  auto token = a.send(b, "echo", "hello", {rel_time{30}});
  auto patient = a.send(b, "echo", "hello");
  REQUIRE(wait_for(token));
  CHECK(a.outcome(token) == "over_capacity");
  CHECK(b.count("over_capacity") > 3);
  b.rules.max_peers = 1;
  REQUIRE(wait_for(patient));
  CHECK(a.outcome(patient) == "delivered");
}

TEST_CASE_FIXTURE(two_nodes, "a known peer comes back to the place it holds") {
  b.rules.max_peers = 1;
  a.set_permanent(b);
  connect();
  net.cut(net.between(a, b)[0], {duration{0}, std::nullopt});
  net.run_for(15s);
  CHECK(a.connected(b));
  CHECK(b.count("over_capacity") == 0);
  CHECK(b.count("superseded") == 1);
  auto& c = net.add("c");
  net.introduce(c, b);
  auto token = c.send(b, "echo", "hello", {rel_time{10}});
  net.run_for(11s);
  CHECK(c.outcome(token) == "over_capacity");
}

TEST_CASE_FIXTURE(two_nodes,
                  "a replayed first message changes a counter only") {
  net.prepare = [](connection_id, connection& x) {
    x.directions[0].keep = true;
  };
  connect();
  auto recorded = net.at(net.between(a, b)[0]).directions[0].record;
  for (auto incarnation : {0, 1}) {
    raw_client client{net, b};
    client.write(recorded);
    net.run_for(1s);
    CHECK(client.received() > 0);
    CHECK(client.closed());
    CHECK(b.count("not_proven") == 1u + static_cast<unsigned>(incarnation));
    // After a restart b knows nothing of a, and the replay tells it nothing.
    CHECK(b.connected(a) == (incarnation == 0));
    CHECK((b.peer_of(a) != nullptr) == (incarnation == 0));
    if (incarnation == 0) {
      CHECK(net.take_transcript() == "102 b refuses: not_proven\n");
      b.restart();
      net.cut(net.between(a, b).empty() ? 0 : net.between(a, b)[0]);
    }
  }
}

TEST_CASE_FIXTURE(two_nodes, "half a first frame and then silence") {
  raw_client client{net, b};
  client.write(test::hex("60000000"));
  REQUIRE(net.run_until([&] { return client.closed(); }, 3s));
  CHECK(b.count("first_frame_timeout") == 1);
}

TEST_CASE_FIXTURE(two_nodes, "garbage instead of a handshake") {
  raw_client http{net, b};
  http.write(to_bytes("GET / HTTP/1.1\r\n\r\n"));
  raw_client huge{net, b};
  huge.write(test::hex("ffffffff"));
  raw_client empty{net, b};
  empty.write(test::hex("00000000"));
  raw_client other{net, b};
  other.write(test::hex("03000000000100"));
  net.run_for(1s);
  CHECK(http.closed());
  CHECK(huge.closed());
  CHECK(empty.closed());
  CHECK(other.closed());
  CHECK(http.received() + huge.received() + other.received() == 0);
  CHECK(b.count("length_over_limit") == 2);
  CHECK(b.count("length_zero") == 1);
  CHECK(b.count("noise_failed") == 1);
}

TEST_CASE_FIXTURE(two_nodes, "a responder that does not answer") {
  net.prepare = [](connection_id, connection& x) {
    x.directions[1].hole = true;
  };
  auto token = a.send(b, "echo", "hello", {rel_time{20}});
  REQUIRE(wait_for(token));
  CHECK(a.outcome(token) == "expired");
  CHECK(a.count("handshake_timeout") > 1);
  CHECK(b.count("handshake_timeout") + b.count("lost") > 1);
  CHECK(b.peer_of(a) == nullptr);
}

TEST_CASE_FIXTURE(two_nodes, "a responder that vanishes before it is proven") {
  // The reply comes through, the resume frame does not.
  net.prepare = [](connection_id, connection& x) {
    x.directions[1].cut_at = 100;
  };
  auto token = a.send(b, "echo", "hello", {rel_time{20}});
  REQUIRE(wait_for(token));
  CHECK(a.outcome(token) == "expired");
  CHECK(a.count("lost") > 1);
}

TEST_CASE_FIXTURE(two_nodes,
                  "who has its network back does not wait for long") {
  connect();
  net.introduce(b, a);
  a.crash();
  auto token = b.send(a, "echo", "1");
  // Long enough for waiting times of many seconds.
  net.run_for(5min);
  REQUIRE(b.outcome(token) == "pending");
  a.start();
  b.with_peer(a.id(), [&](peer& x) { x.handle_way_back(net.now()); });
  net.run_for(dialler::comeback_jitter + 100ms);
  CHECK(b.outcome(token) == "delivered");
}

TEST_CASE_FIXTURE(two_nodes,
                  "who has its network back calls nobody who refused") {
  connect();
  net.introduce(b, a);
  a.deny(b);
  net.cut(the_connection());
  b.set_permanent(a);
  net.run_for(5s);
  REQUIRE_FALSE(b.connected(a));
  auto before = b.attempts();
  for (int i = 0; i < 10; ++i)
    b.with_peer(a.id(), [&](peer& x) { x.handle_way_back(net.now()); });
  CHECK(b.attempts() == before);
}

TEST_CASE_FIXTURE(two_nodes, "who wants nothing calls nobody back") {
  connect();
  net.introduce(b, a);
  net.cut(the_connection());
  auto before = b.attempts();
  b.with_peer(a.id(), [&](peer& x) { x.handle_way_back(net.now()); });
  net.run_for(1min);
  CHECK(b.attempts() == before);
}
