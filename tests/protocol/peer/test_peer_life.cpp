// Life and death of connections: heartbeats, silence, goodbye.

#include <doctest/doctest.h>

#include "rogue.hpp"
#include "two_nodes.hpp"

using namespace simulation;
using test::rogue;

TEST_CASE_FIXTURE(two_nodes, "heartbeats keep a quiet connection") {
  a.set_permanent(b);
  connect();
  auto before = b.peer_of(a)->metrics().frames_in;
  net.run_for(1h);
  CHECK(both_connected());
  CHECK(net.take_transcript().empty());
  auto heartbeats = b.peer_of(a)->metrics().frames_in - before;
  CHECK(heartbeats >= 359);
  CHECK(heartbeats <= 362);
}

TEST_CASE_FIXTURE(two_nodes, "a peer that is silent is dead") {
  connect();
  b.add_engine("late", std::nullopt);
  net.cut(the_connection(), {std::nullopt, std::nullopt});
  net.run_for(29s);
  CHECK(both_connected());
  net.run_for(2s);
  CHECK_FALSE(a.connected(b));
  CHECK_FALSE(b.connected(a));
  CHECK(a.count("dead_peer") == 1);
  CHECK(b.count("dead_peer") == 1);
}

TEST_CASE_FIXTURE(two_nodes, "a half-open connection is replaced") {
  connect();
  net.cut(the_connection(), {std::nullopt, std::nullopt});
  auto token = a.send(b, "echo", "hello");
  REQUIRE(wait_for(token));
  CHECK(a.outcome(token) == "delivered");
  CHECK(a.count("dead_peer") == 1);
  CHECK(b.texts("echo") == "hello");
}

TEST_CASE_FIXTURE(two_nodes, "a slow line is not mistaken for death") {
  net.prepare = [](connection_id, connection& x) {
    x.directions[0].bytes_per_second = 5'000;
    x.directions[0].piece = 1'000;
  };
  b.settings.dead_peer_limit = 5s;
  b.settings.heartbeat_interval = 1s;
  // A frame of it takes 13 s.
  auto token = a.send(b, "echo", std::string(200'000, 'x'));
  REQUIRE(wait_for(token));
  CHECK(a.outcome(token) == "delivered");
  CHECK(b.count("dead_peer") == 0);
}

TEST_CASE_FIXTURE(two_nodes, "a line that is too slow is as good as dead") {
  net.prepare = [](connection_id, connection& x) {
    x.directions[0].bytes_per_second = 2'000;
    x.directions[0].piece = 100;
  };
  b.settings.dead_peer_limit = 5s;
  a.send(b, "echo", std::string(200'000, 'x'));
  net.run_for(60s);
  CHECK(b.count("dead_peer") > 1);
}

TEST_CASE_FIXTURE(two_nodes, "control frames do not wait behind much data") {
  net.prepare = [](connection_id, connection& x) {
    x.directions[0].bytes_per_second = 100'000;
    x.directions[0].piece = 10'000;
  };
  connect();
  a.send(b, "echo", std::string(8u << 20, 'x'));
  net.run_for(1s);
  auto begin = net.now().steady;
  auto token = b.send(a, "echo", "hello");
  REQUIRE(net.run_until([&] { return b.outcome(token) != "pending"; }));
  // At most 64 KiB and a frame are before it, at 100 kB/s.
  CHECK(net.now().steady - begin < 1'500ms);
}

TEST_CASE_FIXTURE(two_nodes, "both say goodbye at shutdown") {
  connect();
  a.shut_down();
  CHECK(a.peer_of(b) != nullptr);
  net.run_for(100ms);
  CHECK(net.take_transcript() == R"(100 a/b disconnected shutdown
101 b/a disconnected shutdown
)");
  CHECK(a.peer_of(b) == nullptr);
  CHECK(net.between(a, b).empty());
  CHECK(a.count("shutdown") == 1);
  CHECK(b.count("shutdown") == 1);
}

TEST_CASE_FIXTURE(two_nodes, "the responder may shut down as well") {
  connect();
  b.shut_down();
  net.run_for(100ms);
  CHECK(net.take_transcript() == R"(100 b/a disconnected shutdown
101 a/b disconnected shutdown
)");
  CHECK(b.peer_of(a) == nullptr);
}

TEST_CASE_FIXTURE(two_nodes, "what is queued goes before the end") {
  b.add_engine("slow", 500ms);
  connect();
  auto token = a.send(b, "slow", std::string(3'000'000, 'x'));
  a.shut_down();
  net.run_for(400ms);
  CHECK(a.connected(b));
  CHECK(a.outcome(token) == "pending");
  net.run_for(200ms);
  CHECK(a.outcome(token) == "delivered");
  CHECK(a.peer_of(b) == nullptr);
}

TEST_CASE_FIXTURE(two_nodes, "what is not answered in time ends at shutdown") {
  b.settings.channel_window = limits::min_channel_window;
  b.settings.window = 0;
  connect();
  auto held = a.send(b, "late", std::string(limits::fragment - 100, 'x'));
  auto queued = a.send(b, "late", "2");
  net.run_for(1s);
  a.shut_down(3s);
  auto late = a.send(b, "echo", "3");
  CHECK(a.outcome(late) == "shutting_down");
  net.run_for(2900ms);
  CHECK(a.outcome(held) == "pending");
  net.run_for(200ms);
  CHECK(a.outcome(held) == "unconfirmed(shutting_down)");
  CHECK(a.outcome(queued) == "shutting_down");
  CHECK(a.peer_of(b) == nullptr);
  CHECK_FALSE(b.connected(a));
}

TEST_CASE_FIXTURE(two_nodes, "a connection lost at shutdown is made again") {
  connect();
  auto held = a.send(b, "late", "1");
  net.run_for(1s);
  a.shut_down(10s);
  net.cut(the_connection());
  net.run_for(2s);
  REQUIRE(both_connected());
  b.take("late");
  net.run_for(100ms);
  CHECK(a.outcome(held) == "delivered");
  CHECK(a.peer_of(b) == nullptr);
}

TEST_CASE_FIXTURE(two_nodes, "at shutdown what waits for a connection goes") {
  b.add_engine("inbox");
  auto token = a.send(b, "inbox", "1");
  a.shut_down(5s);
  CHECK(a.outcome(token) == "pending");
  net.run_for(1s);
  CHECK(a.outcome(token) == "delivered");
  CHECK(b.texts("inbox") == "1");
  CHECK(a.peer_of(b) == nullptr);
}

TEST_CASE_FIXTURE(two_nodes, "two that shut down do not wait for each other") {
  connect();
  auto from_a = a.send(b, "late", "1");
  auto from_b = b.send(a, "late", "2");
  net.run_for(1s);
  a.shut_down(1s);
  b.shut_down(1h);
  net.run_for(2s);
  CHECK(a.outcome(from_a) == "unconfirmed(shutting_down)");
  CHECK(b.outcome(from_b) == "unconfirmed(shutting_down)");
  CHECK(b.peer_of(a) == nullptr);
}

TEST_CASE_FIXTURE(two_nodes, "at shutdown nobody waits for who refuses") {
  b.deny(a);
  auto token = a.send(b, "inbox", "1");
  a.shut_down(1h);
  net.run_for(1s);
  CHECK(a.outcome(token) == "denied");
  CHECK(a.peer_of(b) == nullptr);
}

TEST_CASE_FIXTURE(two_nodes, "shutdown before the other end is proven") {
  a.connect(b);
  net.run_until([&] { return b.connected(a); });
  REQUIRE_FALSE(a.connected(b));
  a.shut_down();
  net.run_for(100ms);
  // Bob's resume frame was on its way, and is no violation.
  CHECK(a.ends() == node::reason_counts{{"shutdown", 1}});
  CHECK(b.ends() == node::reason_counts{{"shutdown", 1}});
}

TEST_CASE_FIXTURE(two_nodes, "shutdown without a way to the peer") {
  b.crash();
  auto token = a.send(b, "echo", "1");
  net.run_for(1s);
  a.shut_down(10s);
  net.run_for(5s);
  CHECK(a.outcome(token) == "pending");
  SUBCASE("waits for no longer than it may") {
    net.run_for(6s);
    CHECK(a.outcome(token) == "shutting_down");
  }
  SUBCASE("takes the way that there is in time") {
    b.start();
    net.run_for(6s);
    CHECK(a.outcome(token) == "delivered");
  }
  CHECK(a.peer_of(b) == nullptr);
}

TEST_CASE_FIXTURE(two_nodes, "the other end does not answer a goodbye") {
  connect();
  net.cut(the_connection(), {std::nullopt, std::nullopt});
  a.shut_down(1h);
  net.run_for(4s);
  CHECK(a.peer_of(b) != nullptr);
  net.run_for(2s);
  CHECK(a.peer_of(b) == nullptr);
  CHECK(a.count("goodbye_timeout") == 1);
}

TEST_CASE_FIXTURE(two_nodes, "messages cross a goodbye for idleness") {
  connect();
  for (auto& way : net.at(the_connection()).directions)
    way.latency = 200ms;
  net.run_for(59'850ms);
  REQUIRE(both_connected());
  auto token = b.send(a, "echo", "hello");
  net.run_for(10s);
  CHECK(a.count("idle") == 1);
  CHECK(b.outcome(token) == "delivered");
  CHECK(a.texts("echo") == "hello");
}

TEST_CASE_FIXTURE(two_nodes, "after shutdown the other end waits to dial") {
  net.introduce(b, a);
  b.set_permanent(a);
  net.run_for(60s);
  REQUIRE(both_connected());
  auto before = b.peer_of(a)->metrics().attempts;
  a.shut_down();
  a.crash();
  net.run_for(100s);
  auto attempts = b.peer_of(a)->metrics().attempts - before;
  CHECK(attempts >= 5);
  CHECK(attempts <= 30);
}

TEST_CASE("octets that come in bursts are a sign of life") {
  test::peer_settings settings;
  settings.dead_peer_limit = 3s;
  rogue uut{settings};
  uut.connect();
  uut.wait(2s);
  SUBCASE("if they are enough") {
    for (auto i = 0; i < 9; ++i)
      uut.uut.handle_progress(1, 1'000, uut.now);
    uut.wait(2s);
    CHECK(uut.uut.connected());
    uut.wait(1s);
  }
  SUBCASE("if not, they are none") {
    for (auto i = 0; i < 8; ++i)
      uut.uut.handle_progress(1, 1'000, uut.now);
    uut.wait(1s);
  }
  CHECK_FALSE(uut.uut.connected());
  CHECK(uut.ended("dead_peer") == 1);
}

TEST_CASE("who has said goodbye takes no more messages") {
  rogue uut;
  uut.connect();
  uut.heard();
  uut.uut.handle_shutdown(uut.now.steady + 10s, uut.now);
  uut.pump();
  CHECK(uut.heard() == "goodbye shutdown finished");
  // They come again on another connection.
  uut.send(0, {uut.message("late")});
  uut.send_unreliable({uut.message("late")});
  uut.say(control::close{0});
  CHECK(uut.heard().empty());
  CHECK(uut.uut.metrics().messages_in == 0);
  uut.say(control::goodbye{});
  CHECK(uut.heard() == "closed");
  CHECK(uut.uut.stopped());
}

TEST_CASE("acks that are owed come before the goodbye") {
  rogue uut;
  uut.takes_messages = false;
  uut.connect();
  uut.send(0, {uut.message("a")});
  auto first = uut.last_delivery;
  uut.send(1, {uut.message("b")});
  uut.heard();
  uut.uut.handle_finished(first, {}, uut.now);
  uut.pump();
  CHECK(uut.heard().empty());
  uut.say(control::goodbye{});
  CHECK(uut.heard() == "ack 0:1, goodbye shutdown, closed");
}

TEST_CASE("what the reasons of a goodbye mean") {
  rogue uut;
  uut.connect();
  uut.dial_later();
  node_out_msg msg;
  msg.expiry = rel_time{30};
  msg.msg.target.name = "x";
  auto say = [&](std::uint64_t reason) {
    uut.say(control::goodbye{reason, false});
    return uut.heard();
  };
  SUBCASE("over_capacity: until expiry") {
    uut.heard();
    CHECK(say(3) == "goodbye over_capacity finished, closed, refused");
    uut.uut.handle_send(1, msg, uut.now);
    uut.wait(31s);
    CHECK(uut.heard().find("outcome over_capacity") != std::string::npos);
  }
  SUBCASE("denied: final") {
    uut.uut.handle_send(1, msg, uut.now);
    uut.heard();
    CHECK(say(4).find("outcome denied, ") != std::string::npos);
  }
  SUBCASE("unknown: as shutdown") {
    uut.heard();
    CHECK(say(99) == "goodbye shutdown finished, closed");
  }
}

TEST_CASE("memory of frames goes to whichever peer sends next") {
  bytes written(50'000);
  auto begin = written.data();
  frame_memory memory;
  memory.give_back(std::move(written));
  rogue uut;
  uut.connect();
  auto send = [&](send_token token) {
    uut.uut.handle_send(
      token, {{}, rel_time{60}, {{}, {{}, "x"}, {}, bytes(10)}}, uut.now);
  };
  send(1); // opens a channel
  uut.pump();
  send(2);
  uut.uut.flush(uut.now, memory);
  auto action = uut.uut.poll_action();
  REQUIRE(action);
  CHECK(std::get<transmit_frames>(*action).frames.data() == begin);
}

TEST_CASE("messages that are refused together are told together") {
  rogue uut;
  uut.connect();
  static_cast<void>(uut.heard());
  node_out_msg msg{{}, rel_time{0}, {{}, {{}, "x"}, {}, bytes(10)}};
  uut.uut.handle_send(1, msg, uut.now);
  uut.uut.handle_send(2, msg, uut.now);
  msg.msg.target.node = node_id{};
  uut.uut.handle_send(3, msg, uut.now);
  uut.uut.handle_send(5, msg, uut.now);
  auto next = [&] {
    return std::get<send_outcome>(uut.uut.poll_action().value());
  };
  send_failure expired{send_error::expired};
  send_failure wrong_target{send_error::wrong_target};
  CHECK(next() == send_outcome{1, expired, 2});
  CHECK(next() == send_outcome{3, wrong_target, 1});
  CHECK(next() == send_outcome{5, wrong_target, 1});
  CHECK_FALSE(uut.uut.poll_action());
}

TEST_CASE("control frames to a peer that does not read take little memory") {
  rogue uut;
  uut.opens = false;
  uut.connect();
  CHECK(uut.uut.begin_turn(1, uut.now));
  for (std::uint64_t i = 0; i < limits::channels; ++i)
    uut.open(i, "engine" + std::to_string(i));
  uut.takes_bytes = false;
  uut.written = 0;
  // All channels are acknowledged each time.
  for (std::uint64_t seq = 0; seq < 100; ++seq) {
    uut.say(control::void_range{seq, seq + 1});
    uut.wait(5ms);
  }
  CHECK(uut.uut.connected());
  CHECK(uut.written > 100'000);
  CHECK(uut.written < 256 * 1024);
}
