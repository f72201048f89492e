// When messages expire, and what their senders are told then.

#include <doctest/doctest.h>

#include "two_nodes.hpp"

using namespace simulation;

namespace {

abs_time in_minutes(const network& net, std::uint64_t minutes) {
  return {net.now().minute().minutes + minutes};
}

} // namespace

TEST_CASE_FIXTURE(two_nodes, "a relative expiry runs on the steady clock") {
  b.crash();
  auto token = a.send(b, "echo", "hello", {rel_time{10}});
  net.adjust_wall(1h);
  CHECK_FALSE(wait_for(token, 10s - 1ms));
  CHECK(wait_for(token, 1ms));
  CHECK(a.outcome(token) == "expired");
}

TEST_CASE_FIXTURE(two_nodes, "an absolute expiry is the start of a minute") {
  b.crash();
  auto token = a.send(b, "echo", "hello", {in_minutes(net, 2)});
  REQUIRE(wait_for(token, 2min));
  CHECK(a.outcome(token) == "expired");
  CHECK(net.now().wall.count() % 60 == 0);
}

TEST_CASE_FIXTURE(two_nodes, "an absolute expiry follows the wall clock") {
  b.crash();
  auto token = a.send(b, "echo", "hello", {in_minutes(net, 60)});
  CHECK_FALSE(wait_for(token, 1min));
  SUBCASE("that is set forth") {
    net.adjust_wall(1h);
    CHECK(wait_for(token, 1min));
    CHECK(a.outcome(token) == "expired");
  }
  SUBCASE("that is set back") {
    net.adjust_wall(-1h);
    CHECK_FALSE(wait_for(token, 110min));
    CHECK(wait_for(token, 10min));
  }
}

TEST_CASE_FIXTURE(two_nodes, "what has expired already is not taken in") {
  connect();
  CHECK(a.outcome(a.send(b, "echo", "1", {rel_time{0}})) == "expired");
  CHECK(a.outcome(a.send(b, "echo", "2", {in_minutes(net, 0)})) == "expired");
  net.run_for(1s);
  CHECK(b.all_received().empty());
}

TEST_CASE_FIXTURE(two_nodes, "an expiry too far ahead is an error") {
  constexpr auto most = limits::expiry_seconds;
  CHECK(a.outcome(a.send(b, "echo", "1", {rel_time{most + 1}}))
        == "bad_expiry");
  CHECK(a.outcome(a.send(b, "echo", "2", {in_minutes(net, most / 60 + 1)}))
        == "bad_expiry");
  auto token = a.send(b, "echo", "3", {rel_time{most}});
  REQUIRE(wait_for(token));
  CHECK(a.outcome(token) == "delivered");
}

TEST_CASE_FIXTURE(two_nodes, "what was sent and expires is unconfirmed") {
  connect();
  auto token = a.send(b, "late", "1", {rel_time{10}});
  auto next = a.send(b, "late", "2");
  REQUIRE(wait_for(token));
  CHECK(a.outcome(token) == "unconfirmed(expired)");
  b.take("late");
  b.take("late");
  REQUIRE(wait_for(next));
  CHECK(a.outcome(token) == "unconfirmed(expired)");
  CHECK(a.outcome(next) == "delivered");
}

TEST_CASE_FIXTURE(two_nodes, "an expired message is voided afterwards") {
  net.prepare = [](connection_id, connection& x) {
    x.directions[0].cut_at = 1'000;
  };
  a.set_permanent(b);
  auto token = a.send(b, "echo", std::string(5'000, 'x'), {rel_time{10}});
  auto next = a.send(b, "echo", "next");
  REQUIRE(wait_for(token));
  CHECK(a.outcome(token) == "unconfirmed(expired)");
  CHECK(a.outcome(next) == "pending");
  net.prepare = nullptr;
  REQUIRE(wait_for(next));
  CHECK(a.outcome(next) == "delivered");
  CHECK(b.texts("echo") == "next");
}

TEST_CASE_FIXTURE(two_nodes, "the rest of a message that expires is not sent") {
  net.prepare = [](connection_id, connection& x) {
    x.directions[0].bytes_per_second = 100'000;
  };
  connect();
  auto token = a.send(b, "echo", std::string(4u << 20, 'x'), {rel_time{10}});
  auto next = a.send(b, "echo", "next");
  REQUIRE(wait_for(token));
  CHECK(a.outcome(token) == "unconfirmed(expired)");
  REQUIRE(wait_for(next, 5s));
  CHECK(a.outcome(next) == "delivered");
  CHECK(b.texts("echo") == "next");
}
