// Messages between two connected peers.

#include <string>

#include <doctest/doctest.h>

#include "support/octets.hpp"
#include "two_nodes.hpp"

using namespace simulation;

namespace {

std::string repeated(std::size_t size) {
  return std::string(size, 'x');
}

} // namespace

TEST_CASE_FIXTURE(two_nodes, "messages go both ways, in order") {
  connect();
  for (auto text : {"1", "2", "3"}) {
    a.send(b, "echo", text);
    b.send(a, "echo", text);
  }
  net.run_for(1s);
  CHECK(b.texts("echo") == "1 2 3");
  CHECK(a.texts("echo") == "1 2 3");
  for (send_token token : {1u, 2u, 3u}) {
    CHECK(a.outcome(token) == "delivered");
    CHECK(b.outcome(token) == "delivered");
  }
}

TEST_CASE_FIXTURE(two_nodes, "a message may be empty") {
  auto token = a.send(b, "echo", "");
  REQUIRE(wait_for(token));
  CHECK(a.outcome(token) == "delivered");
  REQUIRE(b.all_received().size() == 1);
  CHECK(b.all_received()[0].text.empty());
}

TEST_CASE_FIXTURE(two_nodes, "all parts of a message arrive") {
  node_out_msg msg;
  msg.expiry = rel_time{60};
  msg.msg.sender = {std::nullopt, "sender"};
  msg.msg.target = {b.id(), "echo"};
  msg.msg.mailbox = 42;
  msg.msg.msg = test::numbered(300);
  auto token = a.send(b.id(), msg);
  REQUIRE(wait_for(token));
  const auto& got = b.all_received()[0];
  CHECK(got.from == "a");
  CHECK(got.sender == "sender");
  CHECK(got.mailbox == 42);
  CHECK(to_bytes(got.text) == test::numbered(300));
}

TEST_CASE_FIXTURE(two_nodes, "a sender or target elsewhere is an error") {
  node_out_msg msg;
  msg.expiry = rel_time{60};
  msg.msg.sender = {b.id(), "sender"};
  CHECK(a.outcome(a.send(b.id(), msg)) == "wrong_sender");
  msg.msg.sender = {};
  msg.msg.target = {a.id(), "echo"};
  CHECK(a.outcome(a.send(b.id(), msg)) == "wrong_target");
  msg.msg.target = {b.id(), repeated(256)};
  CHECK(a.outcome(a.send(b.id(), msg)) == "malformed");
  CHECK_FALSE(a.connected(b));
}

TEST_CASE_FIXTURE(two_nodes,
                  "8 MiB, and control frames between its fragments") {
  net.prepare = [](connection_id, connection& x) {
    x.directions[0].bytes_per_second = 1'000'000;
    x.directions[0].piece = 16'384;
  };
  connect();
  auto token = a.send(b, "echo", repeated(8u << 20));
  net.run_for(1s);
  // What a has to say to b about another direction comes through in between.
  auto back = b.send(a, "echo", "hello");
  REQUIRE(net.run_until([&] { return b.outcome(back) != "pending"; }, 2s));
  CHECK(a.outcome(token) == "pending");
  REQUIRE(wait_for(token));
  CHECK(a.outcome(token) == "delivered");
  CHECK(b.all_received()[0].text == repeated(8u << 20));
}

TEST_CASE_FIXTURE(two_nodes, "a message larger than the peer takes") {
  b.settings.max_message = 1'000;
  auto early = a.send(b, "echo", repeated(1'000));
  REQUIRE(wait_for(early));
  CHECK(a.outcome(early) == "too_large");
  CHECK(a.outcome(a.send(b, "echo", repeated(1'000))) == "too_large");
  auto fits = a.send(b, "echo", repeated(980));
  REQUIRE(wait_for(fits));
  CHECK(a.outcome(fits) == "delivered");
}

TEST_CASE_FIXTURE(two_nodes, "a peer that takes nothing at all") {
  b.settings.max_message = 0;
  auto token = a.send(b, "echo", "hello");
  REQUIRE(wait_for(token));
  CHECK(a.outcome(token) == "too_large");
  CHECK(a.outcome(a.send(b, "echo", "hello")) == "too_large");
}

TEST_CASE_FIXTURE(two_nodes, "a message larger than the own outbox") {
  a.settings.outbox_bytes = 1'000;
  a.settings.window = 1'000;
  CHECK(a.outcome(a.send(b, "echo", repeated(1'000))) == "too_large");
  send_options unreliable;
  unreliable.reliability = transport_reliability::unreliable;
  CHECK(a.outcome(a.send(b, "echo", repeated(1'000), unreliable))
        == "too_large");
}

TEST_CASE_FIXTURE(two_nodes, "an unknown engine is told to the sender") {
  connect();
  auto first = a.send(b, "echo", "1");
  auto second = a.send(b, "none", "2");
  auto third = a.send(b, "echo", "3");
  REQUIRE(wait_for(second));
  net.run_for(1s);
  CHECK(a.outcome(first) == "delivered");
  CHECK(a.outcome(second) == "unknown_engine");
  CHECK(a.outcome(third) == "delivered");
  CHECK(b.peer_of(a)->metrics().messages_rejected == 1);
}

TEST_CASE_FIXTURE(two_nodes, "rejects are settled, however many") {
  connect();
  for (auto i = 0; i < 5'000; ++i)
    a.send(b, "none", "hello");
  auto last = a.send(b, "echo", "end");
  REQUIRE(wait_for(last));
  CHECK(a.outcome(last) == "delivered");
  for (send_token token = 1; token < last; ++token)
    CHECK(a.outcome(token) == "unknown_engine");
}

TEST_CASE_FIXTURE(two_nodes, "an engine that ends rejects what it has") {
  connect();
  auto first = a.send(b, "late", "1");
  auto second = a.send(b, "late", "2");
  net.run_for(1s);
  b.take("late");
  b.take("late", control::reject_reason::engine_gone);
  net.run_for(1s);
  CHECK(a.outcome(first) == "delivered");
  CHECK(a.outcome(second) == "engine_gone");
}

TEST_CASE_FIXTURE(two_nodes, "a slow engine pushes back to the sender") {
  b.settings.window = 10'000;
  a.settings.outbox_bytes = 50'000;
  connect();
  std::string outcome;
  auto sent = 0;
  while ((outcome = a.outcome(a.send(b, "late", repeated(800)))) == "pending") {
    ++sent;
    net.run_for(10ms);
  }
  CHECK(outcome == "outbox_full");
  CHECK(sent * 1'000 > 40'000);
  CHECK(b.all_received().size() * 800 >= 8'000);
  CHECK(b.held_bytes() < 10'000);
  // Acks and heartbeats still flow.
  net.run_for(10min);
  CHECK(a.connected(b));
  auto back = b.send(a, "echo", "hello");
  net.run_for(1s);
  CHECK(b.outcome(back) == "delivered");
  b.take_all();
  net.run_for(1s);
  CHECK(b.all_received().size() == static_cast<std::size_t>(sent));
  CHECK(a.outcome(static_cast<send_token>(sent)) == "delivered");
}

TEST_CASE_FIXTURE(two_nodes, "the number of messages that wait is bounded") {
  a.settings.outbox_messages = 10;
  b.crash();
  for (auto i = 0; i < 10; ++i)
    CHECK(a.outcome(a.send(b, "echo", "x")) == "pending");
  CHECK(a.outcome(a.send(b, "echo", "x")) == "outbox_full");
}

TEST_CASE_FIXTURE(two_nodes, "a lone message may exceed the window") {
  b.settings.window = 1'000;
  connect();
  auto first = a.send(b, "late", repeated(200'000));
  auto second = a.send(b, "late", repeated(200'000));
  net.run_for(1s);
  CHECK(b.all_received().size() == 1);
  b.take("late");
  net.run_for(1s);
  CHECK(b.all_received().size() == 2);
  CHECK(a.outcome(first) == "delivered");
  b.take("late");
  net.run_for(1s);
  CHECK(a.outcome(second) == "delivered");
}

TEST_CASE_FIXTURE(two_nodes, "an unreliable message arrives, or not") {
  send_options unreliable;
  unreliable.reliability = transport_reliability::unreliable;
  auto token = a.send(b, "echo", "hello", unreliable);
  auto large = a.send(b, "echo", repeated(200'000), unreliable);
  net.run_for(1s);
  CHECK(a.outcome(token) == "unconfirmed(unreliable)");
  CHECK(a.outcome(large) == "unconfirmed(unreliable)");
  REQUIRE(b.all_received().size() == 2);
  CHECK(b.all_received()[1].text == repeated(200'000));
  b.crash();
  net.run_for(1s);
  unreliable.expiry = rel_time{10};
  auto lost = a.send(b, "echo", "hello", unreliable);
  REQUIRE(wait_for(lost));
  CHECK(a.outcome(lost) == "expired");
}

TEST_CASE_FIXTURE(two_nodes, "unreliable messages nobody takes are dropped") {
  b.settings.window = 10'000;
  connect();
  send_options unreliable;
  unreliable.reliability = transport_reliability::unreliable;
  for (auto i = 0; i < 100; ++i)
    a.send(b, "late", repeated(800), unreliable);
  net.run_for(1s);
  CHECK(b.held_bytes() < 10'000);
  CHECK(b.all_received().size() + b.peer_of(a)->metrics().unreliable_dropped
        == 100);
  auto reliable = a.send(b, "echo", "hello");
  REQUIRE(wait_for(reliable));
  CHECK(a.outcome(reliable) == "delivered");
}
