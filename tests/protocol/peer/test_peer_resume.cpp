// How the conversation goes on after a connection was lost.

#include <doctest/doctest.h>

#include "two_nodes.hpp"

using namespace simulation;

TEST_CASE_FIXTURE(two_nodes, "what was lost is sent again, once") {
  connect();
  auto token = a.send(b, "echo", "1");
  net.cut(the_connection());
  a.send(b, "echo", "2");
  REQUIRE(wait_for(token + 1));
  CHECK(b.texts("echo") == "1 2");
  CHECK(a.outcome(token) == "delivered");
  CHECK(net.take_transcript().find("a/b resumed 2\n") != std::string::npos);
}

TEST_CASE_FIXTURE(two_nodes, "what arrived and was not acked comes once") {
  connect();
  auto token = a.send(b, "late", "1");
  net.run_for(10ms);
  net.cut(the_connection());
  net.run_for(1s);
  REQUIRE(both_connected());
  CHECK(b.texts("late") == "1");
  CHECK(a.outcome(token) == "pending");
  b.take("late");
  REQUIRE(wait_for(token));
  CHECK(a.outcome(token) == "delivered");
}

TEST_CASE_FIXTURE(two_nodes, "an ack that was lost is repeated") {
  connect();
  auto token = a.send(b, "late", "1");
  net.run_for(10ms);
  net.at(the_connection()).directions[1].hole = true;
  b.take("late");
  net.run_for(10ms);
  CHECK(a.outcome(token) == "pending");
  net.cut(the_connection());
  REQUIRE(wait_for(token, 1s));
  CHECK(a.outcome(token) == "delivered");
  CHECK(b.texts("late") == "1");
}

TEST_CASE_FIXTURE(two_nodes, "what is taken between connections is acked") {
  net.dial_delay = [](const stream_user&, const node&) {
    return std::optional<duration>{10s};
  };
  a.connect(b);
  net.run_for(11s);
  auto token = a.send(b, "late", "1");
  net.run_for(10ms);
  net.cut(the_connection());
  net.run_for(1s);
  b.take("late");
  CHECK(a.outcome(token) == "pending");
  REQUIRE(wait_for(token, 20s));
  CHECK(a.outcome(token) == "delivered");
}

TEST_CASE_FIXTURE(two_nodes, "a reject that was lost is repeated") {
  connect();
  net.at(the_connection()).directions[1].hole = true;
  auto token = a.send(b, "none", "1");
  net.run_for(10ms);
  net.cut(the_connection());
  REQUIRE(wait_for(token, 1s));
  CHECK(a.outcome(token) == "unknown_engine");
}

TEST_CASE("a connection may be cut at each octet") {
  std::size_t total = 0;
  for (std::uint64_t cut = 0; cut < 1'500; cut += 7) {
    INFO("cut at ", cut);
    two_nodes uut;
    auto first = true;
    uut.net.prepare = [&](connection_id, connection& x) {
      if (std::exchange(first, false))
        x.directions[cut % 2].cut_at = cut / 2;
    };
    for (auto text : {"1", "2", "3"})
      uut.a.send(uut.b, "echo", text + std::string(100, 'x'));
    auto last = uut.a.send(uut.b, "echo", "end");
    REQUIRE(uut.wait_for(last));
    CHECK(uut.a.outcome(last) == "delivered");
    CHECK(uut.b.all_received().size() == 4);
    total += uut.a.count("lost");
  }
  CHECK(total > 50);
}

TEST_CASE_FIXTURE(two_nodes, "fragments that arrived are not sent again") {
  net.introduce(b, a);
  net.prepare = [](connection_id, connection& x) {
    x.directions[0].keep = true;
  };
  connect();
  net.at(the_connection()).directions[0].cut_at = 700'000;
  auto first = the_connection();
  auto token = a.send(b, "echo", std::string(1'000'000, 'x'));
  REQUIRE(wait_for(token));
  CHECK(a.outcome(token) == "delivered");
  CHECK(b.all_received()[0].text == std::string(1'000'000, 'x'));
  auto again = net.at(the_connection()).directions[0].sent;
  CHECK(net.at(first).directions[0].sent > 700'000);
  CHECK(again < 400'000);
}

TEST_CASE_FIXTURE(two_nodes,
                  "a receiver that restarts gets again what was not taken") {
  connect();
  auto taken = a.send(b, "echo", "1");
  auto held = a.send(b, "late", "2");
  auto behind = a.send(b, "echo", "3");
  net.run_for(1s);
  CHECK(a.outcome(taken) == "delivered");
  CHECK(a.outcome(behind) == "delivered");
  b.restart();
  net.run_for(1s);
  b.take("late");
  REQUIRE(wait_for(held));
  CHECK(a.outcome(held) == "delivered");
  CHECK(b.texts("echo") == "1 3");
  CHECK(b.texts("late") == "2 2");
}

TEST_CASE_FIXTURE(two_nodes, "a sender that restarts begins anew") {
  connect();
  auto before = a.send(b, "late", "1");
  net.run_for(1s);
  a.restart();
  auto after = a.send(b, "late", "2");
  net.run_for(1s);
  CHECK(b.texts("late") == "1 2");
  b.take("late");
  b.take("late");
  REQUIRE(wait_for(after));
  CHECK(a.outcome(before) == "pending");
  CHECK(a.outcome(after) == "delivered");
}

TEST_CASE_FIXTURE(two_nodes, "both restart") {
  connect();
  a.send(b, "late", "1");
  net.run_for(1s);
  a.crash();
  b.crash();
  net.run_for(1s);
  a.start();
  b.start();
  auto token = a.send(b, "echo", "2");
  REQUIRE(wait_for(token));
  CHECK(a.outcome(token) == "delivered");
}

TEST_CASE_FIXTURE(two_nodes,
                  "a peer that went for good is given up in the end") {
  connect();
  auto transmitted = a.send(b, "late", "1", {rel_time{100}});
  net.run_for(1s);
  b.crash();
  net.run_for(10ms);
  auto queued = a.send(b, "late", "2", {rel_time{100}});
  REQUIRE(wait_for(queued, 101s));
  CHECK(a.outcome(transmitted) == "unconfirmed(expired)");
  CHECK(a.outcome(queued) == "expired");
}

TEST_CASE_FIXTURE(two_nodes,
                  "denied after a loss leaves sent ones unconfirmed") {
  connect();
  auto transmitted = a.send(b, "late", "1");
  net.run_for(1s);
  b.deny(a);
  net.cut(the_connection());
  REQUIRE(net.run_until([&] { return !a.connected(b); }));
  auto queued = a.send(b, "late", "2");
  REQUIRE(wait_for(transmitted));
  CHECK(a.outcome(transmitted) == "unconfirmed(unreachable)");
  CHECK(a.outcome(queued) == "denied");
}
