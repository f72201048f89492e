// What is left of a peer when there is nothing to do, and what comes of it.

#include <doctest/doctest.h>

#include "rogue.hpp"
#include "two_nodes.hpp"

using namespace simulation;
using test::rogue;

namespace {

struct fixture : two_nodes {
  bool at_rest() { return !a.peer_of(b) && !b.peer_of(a); }

  /// Gives a peer time to come to rest between two connections.
  void dial_slowly(duration delay = 10s) {
    net.dial_delay = [delay](const stream_user&, const node&) {
      return std::optional{delay};
    };
  }
};

} // namespace

TEST_CASE_FIXTURE(fixture,
                  "a connection that ends in good order is forgotten") {
  auto token = a.send(b, "echo", "1");
  REQUIRE(wait_for(token));
  REQUIRE(net.run_until([&] { return at_rest(); }, 62s));
  CHECK(a.count("idle") == 1);
  CHECK_FALSE(a.remembers(b));
  CHECK_FALSE(b.remembers(a));
  token = a.send(b, "echo", "2");
  REQUIRE(wait_for(token));
  CHECK(b.texts("echo") == "1 2");
}

TEST_CASE_FIXTURE(fixture, "a connection that was lost is remembered") {
  connect();
  auto token = a.send(b, "echo", "1");
  REQUIRE(wait_for(token));
  net.cut(the_connection());
  REQUIRE(net.run_until([&] { return at_rest(); }, 1s));
  CHECK(a.remembers(b));
  CHECK(b.remembers(a));
  auto epoch = a.record_of(b)->epoch;
  token = a.send(b, "echo", "2");
  REQUIRE(wait_for(token));
  CHECK(a.peer_of(b)->epoch() == epoch);
  CHECK(b.texts("echo") == "1 2");
}

TEST_CASE_FIXTURE(fixture, "one end may have heard nothing of the end") {
  auto token = a.send(b, "echo", "1");
  REQUIRE(wait_for(token));
  // The answer to the goodbye is lost.
  net.run_for(45s);
  net.at(the_connection()).directions[1].hole = true;
  REQUIRE(net.run_until([&] { return at_rest(); }, 70s));
  CHECK(a.count("goodbye_timeout") == 1);
  CHECK(a.remembers(b));
  CHECK_FALSE(b.remembers(a));
  token = a.send(b, "echo", "2");
  REQUIRE(wait_for(token));
  CHECK(a.outcome(token) == "delivered");
  auto reply = b.send(a, "echo", "3");
  REQUIRE(net.run_until([&] { return b.outcome(reply) != "pending"; }));
  CHECK(b.texts("echo") == "1 2");
  CHECK(a.texts("echo") == "3");
}

TEST_CASE_FIXTURE(fixture, "what a peer has not acknowledged comes once") {
  connect();
  auto token = a.send(b, "echo", "1");
  net.at(the_connection()).directions[1].hole = true;
  net.run_for(10ms);
  CHECK(b.texts("echo") == "1");
  dial_slowly();
  net.cut(the_connection());
  net.run_for(1s);
  // b has nothing to do, while a still waits.
  CHECK_FALSE(b.peer_of(a));
  CHECK(b.remembers(a));
  REQUIRE(wait_for(token));
  CHECK(a.outcome(token) == "delivered");
  CHECK(b.texts("echo") == "1");
}

TEST_CASE_FIXTURE(fixture, "a reject is remembered until it is settled") {
  connect();
  net.at(the_connection()).directions[1].hole = true;
  auto token = a.send(b, "none", "1");
  net.run_for(10ms);
  dial_slowly();
  net.cut(the_connection());
  net.run_for(1s);
  REQUIRE(b.remembers(a));
  CHECK(b.record_of(a)->in->reject_count() == 1);
  REQUIRE(wait_for(token));
  CHECK(a.outcome(token) == "unknown_engine");
  CHECK(b.unreadable() == 0);
}

TEST_CASE_FIXTURE(fixture, "numbers that were given up stay given up") {
  connect();
  auto token = a.send(b, "late", "1", {rel_time{2}});
  net.run_for(10ms);
  b.crash();
  REQUIRE(wait_for(token));
  CHECK(a.outcome(token) == "unconfirmed(expired)");
  REQUIRE(net.run_until([&] { return !a.peer_of(b); }, 31s));
  b.start();
  auto later = a.send(b, "echo", "2");
  REQUIRE(wait_for(later));
  CHECK(a.outcome(later) == "delivered");
  CHECK(b.texts("echo") == "2");
}

TEST_CASE_FIXTURE(fixture, "half a message is remembered, not waited for") {
  net.introduce(b, a);
  net.prepare = [](connection_id, connection& x) {
    x.directions[0].keep = true;
  };
  connect();
  net.at(the_connection()).directions[0].cut_at = 500'000;
  auto token = a.send(b, "echo", std::string(1'000'000, 'x'));
  dial_slowly(100s);
  REQUIRE(net.run_until([&] { return !b.connected(a); }));
  net.run_for(1s);
  CHECK_FALSE(b.peer_of(a));
  REQUIRE(b.remembers(a));
  CHECK(b.record_of(a)->in->unfinished_bytes() > 400'000);
  REQUIRE(wait_for(token, 200s));
  CHECK(a.outcome(token) == "delivered");
  REQUIRE(b.all_received().size() == 1);
  CHECK(b.all_received()[0].text == std::string(1'000'000, 'x'));
  // The first half did not go again.
  CHECK(net.at(the_connection()).directions[0].sent < 600'000);
}

TEST_CASE_FIXTURE(fixture, "of a stranger half a message is not remembered") {
  connect();
  auto small = a.send(b, "late", "1");
  net.run_for(100ms);
  net.at(the_connection()).directions[0].cut_at = 500'000;
  auto token = a.send(b, "echo", std::string(1'000'000, 'x'));
  net.dial_delay = [](const stream_user&, const node&) {
    return std::optional{duration{10s}};
  };
  REQUIRE(net.run_until([&] { return !b.connected(a); }));
  auto free = b.budget().strangers()->free();
  CHECK(receive_budget{b.settings}.strangers()->free() - free < 1'000);
  b.take("late");
  net.run_for(1s);
  REQUIRE(b.remembers(a));
  CHECK(b.record_of(a)->in->unfinished_bytes() < 1'000);
  REQUIRE(wait_for(token));
  CHECK(a.outcome(token) == "delivered");
  REQUIRE(wait_for(small));
  CHECK(a.outcome(small) == "delivered");
  REQUIRE(b.all_received().size() == 2);
  CHECK(b.all_received()[1].text == std::string(1'000'000, 'x'));
}

TEST_CASE_FIXTURE(fixture, "half a message that is too much to remember") {
  net.introduce(b, a);
  b.rules.peers_kept.unfinished_bytes = 400'000;
  b.restart();
  connect();
  net.at(the_connection()).directions[0].cut_at = 500'000;
  auto token = a.send(b, "echo", std::string(1'000'000, 'x'));
  dial_slowly();
  REQUIRE(net.run_until([&] { return !b.connected(a); }));
  net.run_for(1s);
  REQUIRE(b.remembers(a));
  REQUIRE(b.record_of(a)->in);
  CHECK(b.record_of(a)->in->unfinished_bytes() < 1'000);
  REQUIRE(wait_for(token));
  CHECK(a.outcome(token) == "delivered");
  CHECK(b.all_received().size() == 1);
}

TEST_CASE_FIXTURE(fixture, "who is forgotten gets everything again") {
  b.rules.peers_kept.records = 0;
  b.restart();
  connect();
  auto token = a.send(b, "echo", "1");
  net.at(the_connection()).directions[1].hole = true;
  net.run_for(10ms);
  dial_slowly();
  net.cut(the_connection());
  REQUIRE(wait_for(token));
  CHECK(a.outcome(token) == "delivered");
  CHECK(b.texts("echo") == "1 1");
}

TEST_CASE_FIXTURE(fixture, "an engine that has a message keeps its peer") {
  connect();
  auto token = a.send(b, "late", "1");
  net.run_for(10ms);
  dial_slowly();
  net.cut(the_connection());
  net.run_for(5s);
  CHECK(b.peer_of(a));
  b.take("late");
  CHECK_FALSE(b.peer_of(a));
  REQUIRE(wait_for(token));
  CHECK(a.outcome(token) == "delivered");
  CHECK(b.texts("late") == "1");
}

TEST_CASE_FIXTURE(fixture, "who is to be kept up is kept") {
  a.set_permanent(b);
  net.run_for(1s);
  b.crash();
  net.run_for(1h);
  CHECK(a.peer_of(b));
  a.set_permanent(b, false);
  REQUIRE(net.run_until([&] { return !a.peer_of(b); }, 31s));
}

TEST_CASE_FIXTURE(fixture, "a request to connect is given up in the end") {
  SUBCASE("nobody answers") {
    b.crash();
    net.take_transcript();
    a.connect(b);
    REQUIRE(net.run_until([&] { return !a.peer_of(b); }, 1s));
    CHECK(net.take_transcript() == R"(0 a/b learned advert 1
0 a/b dial
1 a/b unreachable connection_refused
1 a/b connect failed connection_refused
)");
    CHECK(a.count("lost") == 0);
  }
  SUBCASE("the peer is full") {
    b.rules.max_peers = 0;
    a.connect(b);
    REQUIRE(net.run_until([&] { return !a.peer_of(b); }, 1s));
    CHECK(b.count("over_capacity") == 1);
  }
  SUBCASE("nobody says where the peer is") {
    b.connect(a);
    CHECK_FALSE(b.peer_of(a));
  }
  CHECK_FALSE(a.remembers(b));
  net.take_transcript();
  net.run_for(1h);
  CHECK(net.take_transcript().empty());
}

TEST_CASE_FIXTURE(fixture,
                  "a state that was to be forgotten during a handshake "
                  "stays until its end") {
  b.rules.peers_kept.lifetime = 1'500ms;
  b.restart();
  connect();
  net.cut(the_connection());
  net.run_for(1s);
  REQUIRE(b.remembers(a));
  // b answers with the epoch that it remembers, and a day goes by before a has
  // proven itself.
  net.prepare = [](connection_id, connection& x) {
    x.directions[0].latency = 400ms;
  };
  auto token = a.send(b, "echo", "1");
  REQUIRE(wait_for(token));
  CHECK(a.outcome(token) == "delivered");
  CHECK(a.attempts() == 2);
  CHECK(b.count("epoch_ended") == 0);
  CHECK(b.texts("echo") == "1");
}

TEST_CASE("a peer that leaves too many rejects is forgotten") {
  rogue x;
  x.takes_messages = false;
  x.connect();
  x.heard();
  constexpr auto count = 2 * limits::unsettled_rejects;
  for (std::uint64_t seq = 0; seq < count; ++seq) {
    x.send(seq, {rogue::message("m")});
    x.uut.handle_finished(x.last_delivery,
                          control::reject_reason::unknown_engine, x.now);
    x.pump();
  }
  x.uut.handle_closed(1, close_reason::lost, x.now);
  x.pump();
  x.wait(30s);
  REQUIRE(x.uut.dormant(x.now));
  CHECK_FALSE(x.uut.record().finished);
  CHECK_FALSE(x.uut.record().in);
}

TEST_CASE("a goodbye counts for the connection that it ends") {
  rogue x;
  x.connect();
  x.say(control::goodbye{1, true});
  x.wait(1s);
  CHECK(x.uut.dormant(x.now));
  CHECK(x.uut.record().finished);
  // Another one that is lost is remembered.
  x.connect();
  CHECK_FALSE(x.uut.dormant(x.now));
  x.uut.handle_closed(2, close_reason::lost, x.now);
  x.pump();
  x.wait(30s);
  REQUIRE(x.uut.dormant(x.now));
  CHECK_FALSE(x.uut.record().finished);
}
