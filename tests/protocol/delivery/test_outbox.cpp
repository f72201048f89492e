// Messages to one engine of a peer. Those to several are in
// test_outbox_channels.cpp.

#include <node_proxy/protocol/delivery/outbox.hpp>

#include "outbox_fixture.hpp"

using namespace test;

TEST_CASE_FIXTURE(outbox_fixture, "a message is sent once and acknowledged") {
  CHECK(uut.empty());
  send(1, "a", 10);
  CHECK(uut.pending());
  CHECK(sent() == "nothing");
  CHECK(connect() == "reopened");
  CHECK(sent() == "open 0 a");
  CHECK(sent() == "0a:10.");
  CHECK(sent() == "nothing");
  CHECK(outcomes().empty());
  CHECK(ack(0, 1) == "ok");
  CHECK(outcomes() == "1=ok");
  CHECK(uut.empty());
  CHECK(uut.first(7) == 1);
  CHECK(has_room_for(max_bytes / 2));
}

TEST_CASE_FIXTURE(outbox_fixture, "what waits shares a frame") {
  connect();
  for (send_token token = 1; token <= 4; ++token)
    send(token, "a", 10 * token);
  CHECK(sent() == "open 0 a");
  CHECK(sent(70) == "0a:10. 1a:20. 2a:30.");
  CHECK(sent(70) == "3a:40.");
  CHECK(ack(0, 2) == "ok");
  CHECK(outcomes() == "1=ok 2=ok");
  CHECK(ack(0, 4) == "ok");
  CHECK(outcomes() == "3=ok 4=ok");
}

TEST_CASE_FIXTURE(outbox_fixture, "a message longer than a fragment is cut") {
  connect();
  send(1, "a", 2 * fragment + 5);
  send(2, "a", fragment);
  CHECK(all_sent(small_frame)
        == "open 0 a, 0a:16000, 1a:16000, 2a:5., 3a:16000.");
  CHECK(ack(0, 3) == "ok");
  CHECK(outcomes() == "1=ok");
  CHECK(ack(0, 4) == "ok");
  CHECK(outcomes() == "2=ok");
}

TEST_CASE_FIXTURE(outbox_fixture, "the rest of a message shares its frame") {
  connect();
  send(1, "a", 2 * fragment + 5);
  send(2, "a", 7);
  CHECK(all_sent() == "open 0 a, 0a:16000 1a:16000 2a:5. 3a:7.");
}

TEST_CASE_FIXTURE(outbox_fixture,
                  "no more is outstanding than the window allows") {
  connect(0, 2 * cost_of(100));
  for (send_token token = 1; token <= 4; ++token)
    send(token, "a", 100);
  CHECK(all_sent() == "open 0 a, 0a:100. 1a:100.");
  CHECK(ack(0, 1, {}, 2 * cost_of(100)) == "ok");
  CHECK(all_sent() == "2a:100.");
  CHECK(ack(0, 2, {}, 3 * cost_of(100)) == "ok");
  CHECK(all_sent() == "3a:100.");
  // Smaller than what is outstanding.
  CHECK(ack(0, 3, {}, cost_of(100) - 1) == "ok");
  send(5, "a", 100);
  CHECK(all_sent() == "nothing");
}

TEST_CASE_FIXTURE(outbox_fixture, "fragments count as they go") {
  connect(0, limits::min_channel_window);
  send(1, "a", 3 * fragment);
  CHECK(all_sent() == "open 0 a, 0a:16000");
  // The receiver has seen how long it is.
  CHECK(ack(0, 0, {}, cost_of(3 * fragment) - 1) == "ok");
  CHECK(all_sent() == "1a:16000");
  CHECK(ack(0, 0, {}, cost_of(3 * fragment)) == "ok");
  CHECK(all_sent() == "2a:16000.");
}

TEST_CASE_FIXTURE(outbox_fixture, "claims beyond what was sent are refused") {
  send(1, "a", 10);
  CHECK(connect(1) == "beyond_sent");
  connect();
  CHECK(ack(0, 0) == "beyond_sent"); // no channel is open
  CHECK(sent() == "open 0 a");
  CHECK(ack(0, 1) == "beyond_sent");
  CHECK(sent() == "0a:10.");
  CHECK(ack(0, 2) == "beyond_sent");
  CHECK(ack(1, 1) == "beyond_sent");
  CHECK(connect(2) == "beyond_sent");
  CHECK(outcomes().empty());
  CHECK(ack(0, 1) == "ok");
}

TEST_CASE_FIXTURE(outbox_fixture, "half a message cannot be acknowledged") {
  connect();
  send(1, "a", 2 * fragment);
  send(2, "a", 2 * fragment);
  CHECK(all_sent(small_frame)
        == "open 0 a, 0a:16000, 1a:16000., 2a:16000, 3a:16000.");
  std::uint64_t next = 1;
  SUBCASE("the first half") {}
  SUBCASE("beside a whole one") {
    next = 3;
  }
  CHECK(ack(0, next) == "inside_message");
}

TEST_CASE_FIXTURE(outbox_fixture,
                  "what was sent of a message cannot be acknowledged") {
  connect();
  send(1, "a", 2 * fragment);
  CHECK(sent() == "open 0 a");
  CHECK(sent(small_frame) == "0a:16000");
  CHECK(ack(0, 1) == "inside_message");
}

TEST_CASE_FIXTURE(outbox_fixture, "an older ack changes only the window") {
  connect(0, 1'000);
  send(1, "a", 10);
  send(2, "a", 10);
  CHECK(all_sent() == "open 0 a, 0a:10. 1a:10.");
  CHECK(ack(0, 2) == "ok");
  CHECK(ack(0, 1, {}, cost_of(10)) == "ok");
  CHECK(outcomes() == "1=ok 2=ok");
  CHECK(uut.first(7) == 2);
  send(3, "a", 11);
  CHECK(all_sent() == "nothing");
}

TEST_CASE_FIXTURE(outbox_fixture, "what was never sent expires for good") {
  send(1, "a", 10, steady_time{5s});
  send(2, "a", 10, steady_time{10s});
  CHECK(uut.next_deadline(now) == 5s);
  expire(5s - 1ns);
  CHECK(outcomes().empty());
  expire(5s);
  CHECK(outcomes() == "1=expired");
  CHECK(uut.next_deadline(now) == 10s);
  expire(11s, 0s, send_error::over_capacity);
  CHECK(outcomes() == "2=over_capacity");
  CHECK(uut.empty());
  CHECK(connect() == "reopened");
  CHECK(sent() == "nothing");
}

TEST_CASE_FIXTURE(outbox_fixture, "what was sent and expires is unconfirmed") {
  connect();
  send(1, "a", 10, steady_time{5s});
  send(2, "a", 10);
  CHECK(all_sent() == "open 0 a, 0a:10. 1a:10.");
  expire(5s);
  CHECK(outcomes() == "1=unconfirmed/expired");
  CHECK(sent() == "nothing");
  SUBCASE("and is acknowledged late") {
    CHECK(ack(0, 2) == "ok");
    CHECK(outcomes() == "2=ok");
    CHECK(uut.empty());
  }
  SUBCASE("and is voided on the next connection") {
    CHECK(reconnect(0) == "open 0 a, reopened");
    CHECK(all_sent() == "void 0-1, 1a:10.");
    CHECK(ack(0, 2) == "ok");
    CHECK(outcomes() == "2=ok");
  }
  SUBCASE("and had arrived") {
    CHECK(reconnect(1) == "open 0 a, reopened");
    CHECK(all_sent() == "1a:10.");
    CHECK(ack(0, 2) == "ok");
    CHECK(outcomes() == "2=ok");
  }
}

TEST_CASE_FIXTURE(outbox_fixture, "what was given up counts until the ack") {
  connect(0, cost_of(10));
  send(1, "a", 10, steady_time{5s});
  send(2, "a", 10);
  CHECK(all_sent() == "open 0 a, 0a:10.");
  expire(5s);
  CHECK(sent() == "nothing");
  CHECK(ack(0, 1, {}, cost_of(10)) == "ok");
  CHECK(sent() == "1a:10.");
}

TEST_CASE_FIXTURE(outbox_fixture, "what waits for its turn has no number") {
  connect();
  send(1, "a", fragment, steady_time{5s});
  send(2, "a", 1'000, steady_time{5s});
  send(3, "a", 1'000);
  CHECK(sent() == "open 0 a");
  CHECK(sent(small_frame) == "0a:16000.");
  CHECK(ack(0, 2) == "beyond_sent");
  expire(5s);
  CHECK(outcomes() == "1=unconfirmed/expired 2=expired");
  CHECK(sent() == "1a:1000.");
}

TEST_CASE("deadlines are kept while dead ones are cleared away") {
  outbox_fixture x{holding(10'000'000)};
  x.connect(0, 10'000'000);
  for (send_token token = 1; token <= 1'000; ++token)
    x.send(token, "a", 10, steady_time{1h} - std::chrono::nanoseconds{token});
  x.send(1'001, "a", 10, steady_time{2h});
  x.all_sent();
  x.send(1'002, "a", 10, steady_time{3h});
  CHECK(x.ack(0, 1'000, {}, 0) == "ok");
  CHECK(x.outcomes().ends_with("1000=ok"));
  x.expire(1h - 1'000ns);
  CHECK(x.outcomes().empty());
  CHECK(x.uut.next_deadline(x.now) == 2h);
  x.expire(2h);
  CHECK(x.outcomes() == "1001=unconfirmed/expired");
  x.expire(3h);
  CHECK(x.outcomes() == "1002=expired");
}

TEST_CASE("deadlines behind a message that waits are cleared away") {
  outbox_fixture x{holding(10'000'000)};
  x.send(0, "a", 10, steady_time{24h});
  for (send_token token = 1; token < 500; ++token)
    x.send(token, "a", 200, steady_time{1h + token * 1s});
  x.uut.handle_max_message(100);
  x.expire(1h + 1s);
  CHECK(x.uut.next_deadline(x.now) == steady_time{24h});
}

TEST_CASE_FIXTURE(outbox_fixture, "absolute times follow the wall clock") {
  now = at(100s, 0s);
  send(1, "a", 10, deadline{std::chrono::seconds{600}});
  // The clock may be set, so there is a look each minute.
  CHECK(uut.next_deadline(now) == 160s);
  expire(160s, 590s);
  CHECK(uut.next_deadline(now) == 170s);
  expire(200s, 599s);
  CHECK(outcomes().empty());
  expire(201s, 600s);
  CHECK(outcomes() == "1=expired");
}

TEST_CASE_FIXTURE(outbox_fixture, "the end of everything") {
  connect();
  send(1, "a", 10);
  CHECK(all_sent() == "open 0 a, 0a:10.");
  uut.handle_disconnect();
  send(2, "a", 10);
  send(3, "b", 10);
  using enum send_failure::unconfirmed_cause;
  uut.handle_failure(send_error::denied, unreachable);
  auto ends = outcomes();
  CHECK(ends.find("1=unconfirmed/unreachable 2=denied") != ends.npos);
  CHECK(ends.find("3=denied") != ends.npos);
  CHECK_FALSE(uut.pending());
  CHECK(connect() == "open 0 a, reopened");
  CHECK(all_sent() == "void 0-1");
  CHECK(ack(0, 1) == "ok");
  CHECK(uut.empty());
  CHECK(outcomes().empty());
  CHECK(has_room_for(max_bytes / 2));
}

TEST_CASE_FIXTURE(outbox_fixture, "messages longer than the peer takes end") {
  send(1, "a", 100);
  send(2, "a", 101);
  send(3, "b", 101);
  uut.handle_max_message(100);
  auto ends = outcomes();
  CHECK(
    (ends == "2=too_large 3=too_large" || ends == "3=too_large 2=too_large"));
  connect();
  CHECK(all_sent() == "open 0 a, 0a:100.");
}

TEST_CASE_FIXTURE(outbox_fixture, "a peer that takes less by now") {
  connect();
  send(1, "a", 2 * fragment);
  CHECK(sent() == "open 0 a");
  CHECK(sent(small_frame) == "0a:16000");
  uut.handle_disconnect();
  uut.handle_max_message(100);
  CHECK(outcomes() == "1=unconfirmed/unreachable");
  CHECK(connect(1) == "open 0 a, abort a 0, reopened");
}

TEST_CASE("bytes that are held have a limit") {
  constexpr auto each = 100 + outbox::memory_overhead;
  outbox_fixture x{holding(4 * each)};
  x.send(1, "a", 100);
  CHECK_FALSE(x.try_send(2, ordered_to("a"), 101));
  x.send(2, "a", 100);
  CHECK_FALSE(x.try_send(3, ordered_to("a"), 1));
  x.connect();
  CHECK(x.all_sent() == "open 0 a, 0a:100. 1a:100.");
  CHECK_FALSE(x.try_send(3, ordered_to("a"), 1));
  CHECK(x.ack(0, 1) == "ok");
  x.send(3, "a", 100);
}

TEST_CASE("nothing is left of many messages that end early") {
  constexpr std::size_t max = 90'000'000;
  outbox_fixture x{holding(max)};
  for (send_token token = 0; token < 100'000; ++token)
    x.send(token, "a", 10, steady_time{token % 10 == 0 ? 2s : 1s});
  x.expire(1s);
  CHECK(x.connect(0, 1'000'000'000) == "reopened");
  std::uint64_t chunks = 0;
  while (auto next = x.uut.poll_transmit(x.frame_size))
    if (auto batch = std::get_if<chunk_batch>(&*next))
      chunks += batch->chunks.count();
  CHECK(chunks == 10'000);
  CHECK(x.has_room_for(max / 2 - 10'000 * (10 + outbox::memory_overhead)));
}
