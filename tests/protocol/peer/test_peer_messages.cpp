// Messages between two connected peers.

#include <string>

#include <doctest/doctest.h>

#include "rogue.hpp"
#include "support/heap_use.hpp"
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
  for (const auto& name : {repeated(256), std::string{}, std::string{"\xff"}}) {
    msg.msg.target = {b.id(), name};
    CHECK(a.outcome(a.send(b.id(), msg)) == "malformed");
  }
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
  a.settings.outbox_bytes = 3'000;
  a.settings.window = 1'000;
  CHECK(a.outcome(a.send(b, "echo", repeated(1'100))) == "too_large");
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
  auto last = a.send(b, "none", "end");
  REQUIRE(wait_for(last));
  for (send_token token = 1; token <= last; ++token)
    CHECK(a.outcome(token) == "unknown_engine");
  auto next = a.send(b, "echo", "hello");
  REQUIRE(wait_for(next));
  CHECK(a.outcome(next) == "delivered");
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
  b.settings.channel_window = limits::min_channel_window;
  a.settings.outbox_bytes = 100'000;
  connect();
  std::string outcome;
  auto sent = 0;
  while ((outcome = a.outcome(a.send(b, "late", repeated(800)))) == "pending") {
    ++sent;
    net.run_for(10ms);
  }
  CHECK(outcome == "outbox_full");
  // Half of it is for others.
  CHECK(sent * 1'300 > 45'000);
  CHECK(sent * 1'200 < 50'000);
  auto held = b.held_bytes() / 800 * (800 + limits::message_overhead);
  CHECK(held > limits::min_channel_window - 2'000);
  CHECK(held < limits::min_channel_window);
  // Other engines still take messages, and the other node's go back.
  auto other = a.send(b, "echo", "hello");
  auto back = b.send(a, "echo", "hello");
  REQUIRE(wait_for(other, 1s));
  CHECK(a.outcome(other) == "delivered");
  CHECK(b.outcome(back) == "delivered");
  net.run_for(10min);
  CHECK(a.connected(b));
  b.take_all();
  net.run_for(1s);
  CHECK(b.all_received().size() == static_cast<std::size_t>(sent) + 1);
  CHECK(a.outcome(static_cast<send_token>(sent)) == "delivered");
}

TEST_CASE_FIXTURE(two_nodes, "unordered messages pass ordered ones") {
  b.settings.channel_window = limits::min_channel_window;
  b.settings.window = 0;
  connect();
  for (auto i = 0; i < 4; ++i)
    a.send(b, "late", repeated(8'000));
  net.run_for(1s);
  CHECK(b.all_received().size() == 1);
  send_options unordered;
  unordered.ordering = transport_ordering::unordered;
  a.send(b, "late", "hello", unordered);
  net.run_for(1s);
  REQUIRE(b.all_received().size() == 2);
  CHECK(b.all_received()[1].text == "hello");
}

TEST_CASE_FIXTURE(two_nodes, "a small message does not wait for a large one") {
  net.prepare = [](connection_id, connection& x) {
    x.directions[0].bytes_per_second = 1'000'000;
  };
  connect();
  auto large = a.send(b, "late", repeated(8u << 20));
  net.run_for(1s);
  auto small = a.send(b, "echo", "hello");
  // What was given to the socket before goes first.
  REQUIRE(wait_for(small, 200ms));
  CHECK(a.outcome(small) == "delivered");
  CHECK(a.outcome(large) == "pending");
}

TEST_CASE_FIXTURE(two_nodes, "a channel that is idle is forgotten by both") {
  net.introduce(b, a);
  a.set_permanent(b);
  auto free = b.budget().free();
  for (auto i = 0; i < 100; ++i)
    a.send(b, "echo", repeated(10'000));
  net.run_for(1s);
  // It takes much, so its window has grown.
  CHECK(b.budget().free() < free);
  net.run_for(a.settings.channel_idle_timeout);
  CHECK(b.budget().free() == free);
  auto token = a.send(b, "echo", "again");
  REQUIRE(wait_for(token, 1s));
  CHECK(a.outcome(token) == "delivered");
}

TEST_CASE_FIXTURE(two_nodes, "more engines than there are channels") {
  connect();
  std::vector<send_token> tokens;
  for (std::size_t i = 0; i < limits::channels + 1; ++i)
    tokens.push_back(a.send(b, "none" + std::to_string(i), "x"));
  CHECK(a.outcome(tokens.back()) == "outbox_full");
  net.run_for(1s);
  for (std::size_t i = 0; i < limits::channels; ++i)
    CHECK(a.outcome(tokens[i]) == "unknown_engine");
  auto token = a.send(b, "echo", "hello");
  REQUIRE(wait_for(token, 1s));
  CHECK(a.outcome(token) == "delivered");
  CHECK(both_connected());
}

TEST_CASE_FIXTURE(two_nodes,
                  "messages larger than the window come one by one") {
  b.settings.channel_window = limits::min_channel_window;
  b.settings.window = 0;
  b.settings.large_window = 250'000;
  connect();
  auto first = a.send(b, "late", repeated(200'000));
  auto second = a.send(b, "late", repeated(200'000));
  auto other = a.send(b, "echo", repeated(200'000));
  net.run_for(1s);
  CHECK(b.all_received().size() == 1);
  CHECK(a.outcome(other) == "pending");
  b.take("late");
  REQUIRE(wait_for(other, 1s));
  CHECK(a.outcome(first) == "delivered");
  CHECK(a.outcome(other) == "delivered");
  net.run_for(1s);
  CHECK(b.all_received().size() == 3);
  b.take("late");
  REQUIRE(wait_for(second, 1s));
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
  CHECK(b.held_bytes() > 3'000);
  CHECK(b.all_received().size() + b.peer_of(a)->metrics().unreliable_dropped
        == 100);
  auto reliable = a.send(b, "echo", "hello");
  REQUIRE(wait_for(reliable));
  CHECK(a.outcome(reliable) == "delivered");
}

TEST_CASE("a frame of many small chunks takes no memory afterwards"
          * doctest::skip(test::has_mute_heap())) {
  test::rogue uut;
  uut.connect();
  auto take = [&](std::size_t count) {
    uut.send_unreliable(std::vector<bytes>(count, bytes(1)));
    uut.pump();
    CHECK(uut.heard().find("goodbye") == std::string::npos);
  };
  take(1);
  auto before = test::heap_use();
  take(15'000);
  // The frame itself may stay until the peer is idle.
  CHECK(test::heap_use() < before + 2 * limits::frame_body);
  uut.wait(11s);
  CHECK(test::heap_use() < before + limits::frame_body / 4);
}
