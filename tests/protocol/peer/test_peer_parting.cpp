// A peer that an operator wants disconnected or forgotten.

#include <doctest/doctest.h>

#include "two_nodes.hpp"

using namespace simulation;

namespace {

struct fixture : two_nodes {
  peer_status status(node& of, node& other) {
    auto x = of.peer_of(other);
    REQUIRE(x);
    return x->status(net.now());
  }
};

} // namespace

TEST_CASE_FIXTURE(fixture, "a peer that is sent away is not dialled again") {
  connect();
  CHECK(a.part_from(b, false) == parting_result::ok);
  net.run_for(1s);
  CHECK_FALSE(a.connected(b));
  CHECK_FALSE(b.connected(a));
  auto attempts = a.attempts();
  net.run_for(5min);
  CHECK(a.attempts() == attempts);
  SUBCASE("before there is something to send, and then at once") {
    auto token = a.send(b, "echo", "hello");
    REQUIRE(wait_for(token, 1s));
    CHECK(a.outcome(token) == "delivered");
  }
  SUBCASE("and may call") {
    b.connect(a);
    net.run_for(1s);
    CHECK(both_connected());
  }
}

TEST_CASE_FIXTURE(fixture, "what waits for a peer connects it again") {
  connect();
  auto token = a.send(b, "late", "hello");
  net.run_for(1s);
  CHECK(a.part_from(b, false) == parting_result::ok);
  net.run_for(2s);
  CHECK(both_connected());
  b.take("late", std::nullopt);
  REQUIRE(wait_for(token));
  CHECK(a.outcome(token) == "delivered");
}

TEST_CASE_FIXTURE(fixture, "attempts end that nobody but a user wanted") {
  net.part(a, b, net.now().steady + 1h);
  a.connect(b);
  net.run_for(10ms);
  CHECK(status(a, b).state == peer_state::connecting);
  CHECK(a.part_from(b, false) == parting_result::ok);
  auto attempts = a.attempts();
  net.run_for(1min);
  CHECK(a.attempts() == attempts);
  CHECK(a.peer_of(b) == nullptr);
}

TEST_CASE_FIXTURE(fixture, "a permanent peer is not sent away, but forgotten") {
  a.set_permanent(b);
  net.run_for(1s);
  CHECK(a.part_from(b, false) == parting_result::permanent);
  CHECK(a.connected(b));
  CHECK(a.part_from(b, true) == parting_result::ok);
  net.run_for(10s);
  CHECK_FALSE(a.connected(b));
  CHECK(a.peer_of(b) == nullptr);
  CHECK(a.part_from(b, true) == parting_result::unknown);
}

TEST_CASE_FIXTURE(fixture, "messages are not forgotten with a peer") {
  connect();
  SUBCASE("those that wait for it") {
    a.send(b, "late", "hello");
    net.run_for(1s);
    CHECK_FALSE(a.peer_of(b)->handle_parting(true, net.now()));
  }
  SUBCASE("those that it has sent") {
    b.send(a, "late", "hello");
    net.run_for(1s);
    CHECK_FALSE(a.peer_of(b)->handle_parting(true, net.now()));
  }
  CHECK(a.connected(b));
}
