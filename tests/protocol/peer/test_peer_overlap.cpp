// Two connections of the same two peers: exactly one survives, and nothing is
// lost or doubled.

#include <doctest/doctest.h>

#include "rogue.hpp"
#include "two_nodes.hpp"

using namespace simulation;
using test::rogue;

namespace {

/// Two nodes that know each other.
struct acquainted : two_nodes {
  acquainted() { net.introduce(b, a); }

  /// Both dial at once, a's connection with this latency and b's with that.
  void clash(duration of_a, duration of_b) {
    net.prepare = [this, of_a, of_b](connection_id, connection& x) {
      for (auto& way : x.directions)
        way.latency = x.ends[0].user == &a ? of_a : of_b;
    };
    a.connect(b);
    b.connect(a);
  }
};

} // namespace

TEST_CASE("of two that dial at once the smaller id's connection survives") {
  for (auto of_a : {1ms, 3ms, 5ms, 9ms, 20ms, 50ms})
    for (auto of_b : {1ms, 3ms, 5ms, 9ms, 20ms, 50ms}) {
      INFO(of_a.count(), " and ", of_b.count());
      acquainted uut;
      uut.clash(of_a, of_b);
      auto token = uut.a.send(uut.b, "echo", "1");
      auto back = uut.b.send(uut.a, "echo", "2");
      uut.net.run_for(1s);
      REQUIRE(uut.both_connected());
      auto id = uut.the_connection();
      // Unless one was up before the other end had begun to prove itself.
      if (of_a == of_b)
        CHECK(uut.net.at(id).ends[0].user == &uut.a);
      CHECK(uut.a.outcome(token) == "delivered");
      CHECK(uut.b.outcome(back) == "delivered");
      CHECK(uut.b.texts("echo") == "1");
      CHECK(uut.a.texts("echo") == "2");
      // Once they agree, they stay.
      uut.net.run_for(30s);
      CHECK(uut.the_connection() == id);
      CHECK(uut.a.count("superseded") + uut.b.count("superseded") <= 2);
    }
}

TEST_CASE_FIXTURE(acquainted, "a clash as both see it") {
  clash(2ms, 2ms);
  net.run_for(1s);
  // For each the other's connection is the first. Then both change over to a's,
  // without a word to anybody.
  CHECK(net.take_transcript() == R"(0 a/b learned advert 1
0 a/b dial
0 b/a learned advert 1
0 b/a dial
7 b/a connected in
7 a/b connected in
)");
  CHECK(a.count("superseded") == 1);
  CHECK(b.count("superseded") == 1);
  CHECK(net.at(the_connection()).ends[0].user == &a);
}

TEST_CASE_FIXTURE(acquainted, "messages that were acked on the loser") {
  // b's connection is up first, and used; a's takes over.
  clash(20ms, 5ms);
  auto token = a.send(b, "echo", "1");
  net.run_for(1s);
  CHECK(a.outcome(token) == "delivered");
  auto next = a.send(b, "echo", "2");
  net.run_for(1s);
  CHECK(a.outcome(next) == "delivered");
  CHECK(b.texts("echo") == "1 2");
}

TEST_CASE_FIXTURE(acquainted, "an ack that came too late on the loser") {
  // b's connection is up first for both, a's was claimed for before. b changes
  // over before a's ack of its message has come.
  clash(28ms, 20ms);
  auto token = b.send(a, "echo", "1");
  net.run_for(1s);
  CHECK(a.count("superseded") == 1);
  CHECK(a.texts("echo") == "1");
  CHECK(b.outcome(token) == "delivered");
}

TEST_CASE_FIXTURE(acquainted, "a restarted responder dials by itself") {
  connect();
  net.cut(the_connection(), {std::nullopt, std::nullopt});
  b.restart();
  net.introduce(b, a);
  auto token = b.send(a, "echo", "hello");
  REQUIRE(net.run_until([&] { return b.outcome(token) != "pending"; }, 1s));
  CHECK(b.outcome(token) == "delivered");
  CHECK(a.count("displaced") == 1);
}

TEST_CASE_FIXTURE(two_nodes, "a stale connection is taken over") {
  connect();
  auto old = the_connection();
  // Only a notices that the connection is dead.
  net.cut(old, {duration{0}, std::nullopt});
  auto token = a.send(b, "echo", "hello");
  REQUIRE(wait_for(token, 1s));
  CHECK(a.outcome(token) == "delivered");
  CHECK(b.count("superseded") == 1);
  CHECK(both_connected());
}

TEST_CASE_FIXTURE(acquainted, "the other end takes a stale connection over") {
  // The connection is a's, but b finds out first and dials.
  connect();
  net.cut(the_connection(), {std::nullopt, duration{0}});
  auto token = b.send(a, "echo", "hello");
  REQUIRE(net.run_until([&] { return b.outcome(token) != "pending"; }, 1s));
  CHECK(b.outcome(token) == "delivered");
  CHECK(a.count("superseded") == 1);
}

TEST_CASE_FIXTURE(two_nodes, "a restarted node takes its old connection over") {
  connect();
  net.cut(the_connection(), {std::nullopt, std::nullopt});
  a.restart();
  auto token = a.send(b, "echo", "hello");
  REQUIRE(wait_for(token, 1s));
  CHECK(a.outcome(token) == "delivered");
  CHECK(b.count("displaced") == 1);
  // There is one process only.
  CHECK(net.take_transcript().find("key shared") == std::string::npos);
}

namespace {

/// A third node with the keys of the first, as a second process would have.
struct twins : two_nodes {
  node& twin = net.add_twin("a2", a);

  twins() { net.introduce(twin, b); }

  bool has_happened(std::string_view what) {
    transcript += net.take_transcript();
    return transcript.find(what) != std::string::npos;
  }

  std::string transcript;
};

} // namespace

TEST_CASE_FIXTURE(twins, "two processes with one key displace each other, "
                         "slowly") {
  a.set_permanent(b);
  twin.set_permanent(b);
  net.run_for(10min);
  CHECK(b.count("displaced") > 10);
  CHECK(b.count("displaced") < 400);
}

TEST_CASE_FIXTURE(twins, "who is displaced is told that its key is shared") {
  connect();
  twin.connect(b);
  net.run_for(1s);
  CHECK(has_happened("a/b own key shared"));
  // As it has answered, its peer knows, too.
  CHECK(has_happened("b/a key shared"));
  CHECK_FALSE(has_happened("a2/b own key shared"));
  // The next time it is the other one's turn.
  a.connect(b);
  net.run_for(1s);
  CHECK(has_happened("a2/b own key shared"));
}

TEST_CASE("the loser says goodbye and reads on") {
  rogue uut;
  uut.connect();
  CHECK(uut.heard() == "resume 0 none, reopened, ack 0:0");
  uut.send(0, {uut.message("a")});
  CHECK(uut.heard() == "got a, ack 0:1");
  uut.connect({0, test::control::received_state{22, 0}, 1'000'000}, 11,
              uut.digest);
  CHECK(uut.heard() == "resume 0 1, reopened, ack 0:1");
  CHECK(uut.ended("superseded") == 1);
  uut.wait(4s);
  CHECK(uut.heard().empty());
  uut.wait(2s);
  CHECK(uut.heard() == "old closed");
  CHECK(uut.ended("goodbye_timeout") == 1);
  uut.send(1, {uut.message("b")});
  CHECK(uut.heard() == "got b, ack 0:2");
}

TEST_CASE("an ack is owed on the next connection, whatever it was told") {
  // The claim of the second connection is older than what the first brought.
  rogue uut;
  uut.connect();
  uut.heard();
  uut.send(0, {uut.message("a")});
  CHECK(uut.heard() == "got a, ack 0:1");
  uut.connect();
  CHECK(uut.heard() == "resume 0 1, reopened, ack 0:1");
  uut.connect({0, {}, 1'000'000}, 12);
  CHECK(uut.heard() == "resume 0 1, reopened, ack 0:0");
}

TEST_CASE("fragments of two connections are not put together") {
  rogue uut;
  uut.connect();
  uut.heard();
  auto whole = uut.message("whole");
  auto other = uut.message(std::string(limits::fragment, 'x'));
  other.resize(limits::fragment);
  uut.send_unreliable({other}, false);
  uut.connect();
  CHECK(uut.heard() == "resume 0 0, reopened, ack 0:0");
  uut.send_unreliable({whole});
  CHECK(uut.heard() == "got whole");
  CHECK(uut.uut.metrics().messages_rejected == 0);
}

TEST_CASE("a connection of a life that is over does not come back") {
  rogue uut;
  const control::resume begin{0, {}, 1'000'000};
  uut.connect(begin, 11);
  uut.wait(1s);
  uut.connect(begin, 12);
  uut.send(0, {uut.message("a")});
  uut.heard();
  SUBCASE("while the later one is there") {}
  SUBCASE("after it") {
    uut.uut.handle_closed(2, close_reason::lost, uut.now);
    uut.pump();
  }
  uut.connect(begin, 11, {}, 500ms);
  CHECK(uut.heard() == "resume 0 1, goodbye displaced finished");
  CHECK(uut.ended("displaced") == 2);
  // What it knows of the later life stays.
  uut.connect(begin, 12);
  CHECK(uut.heard() == "resume 0 1, reopened, ack 0:1");
}

TEST_CASE("channels begin anew on each connection") {
  rogue uut;
  uut.takes_messages = false;
  uut.connect();
  uut.open(1, "other");
  uut.send(0, {uut.message("a")});
  uut.send(1, {uut.message("b")}, true, 1);
  auto other = uut.last_delivery;
  uut.wait(5ms);
  CHECK(uut.heard()
        == "resume 0 none, reopened, ack 0:0, got a, got b for other, ack 1:1");
  // The second one is there before the first has ended.
  uut.opens = false;
  uut.connect();
  uut.open(0, "other");
  uut.open(1, "echo");
  uut.say(test::control::reopened{});
  uut.wait(5ms);
  CHECK(uut.heard() == "resume 0 2, reopened, ack 0:1 1:0");
  uut.send(2, {uut.message("c")});
  CHECK(uut.heard() == "got c for other");
  uut.uut.handle_finished(other, {}, uut.now);
  uut.wait(5ms);
  CHECK(uut.heard() == "ack 0:2");
}
