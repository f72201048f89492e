// Messages to several engines of a peer, which do not wait for each other.

#include <node_proxy/protocol/delivery/outbox.hpp>

#include "outbox_fixture.hpp"

using namespace test;

namespace {

/// What went in each channel in the next frames.
std::map<std::uint64_t, std::size_t> costs(outbox_fixture& x, int frames) {
  std::map<std::uint64_t, std::size_t> result;
  while (frames > 0) {
    auto next = x.uut.poll_transmit(x.frame_size);
    if (!next)
      break;
    auto batch = std::get_if<chunk_batch>(&*next);
    if (!batch)
      continue;
    --frames;
    auto octets = encoded(batch->chunks);
    auto chunks = decode<std::vector<chunk_view>>(octets).value();
    for (const auto& chunk : chunks)
      result[chunk.channel] += cost_of(chunk.chunk.size());
  }
  return result;
}

} // namespace

TEST_CASE_FIXTURE(outbox_fixture, "channels do not wait for each other") {
  connect(0, 2 * cost_of(100));
  for (send_token token = 1; token <= 3; ++token)
    send(token, "a", 100);
  send(4, "b", 100);
  CHECK(all_sent() == "open 0 a, 0a:100. 1a:100., open 1 b, 2b:100.");
  // The engine a stands still.
  for (std::uint64_t next = 3; next < 10; ++next) {
    CHECK(ack(1, next, {}, 2 * cost_of(100)) == "ok");
    send(next + 2, "b", 100);
    CHECK(all_sent() == std::to_string(next) + "b:100.");
  }
  CHECK(outcomes() == "4=ok 5=ok 6=ok 7=ok 8=ok 9=ok 10=ok");
  CHECK(uut.first(7) == 0);
  CHECK(ack(0, 10, {}, 2 * cost_of(100)) == "ok");
  CHECK(outcomes() == "1=ok 2=ok");
  CHECK(all_sent() == "10a:100.");
}

TEST_CASE_FIXTURE(outbox_fixture, "an ack counts for its channel alone") {
  connect();
  send(1, "a", 10);
  send(2, "b", 10);
  CHECK(all_sent() == "open 0 a, 0a:10., open 1 b, 1b:10.");
  // All numbers of the channel are below it, whatever the others wait for.
  CHECK(ack(0, 2) == "ok");
  CHECK(outcomes() == "1=ok");
  CHECK(uut.first(7) == 1);
  CHECK(ack(1, 1) == "ok");
  CHECK(outcomes().empty());
  CHECK(ack(1, 2) == "ok");
  CHECK(outcomes() == "2=ok");
}

TEST_CASE_FIXTURE(outbox_fixture, "a channel is opened with its window") {
  connect(0, 300'000);
  send(1, "a", 10);
  send(2, unordered_to("a"), 10);
  CHECK(sent() == "open 0 a");
  CHECK(opened_with == 300'000);
  CHECK(sent() == "0a:10.");
  CHECK(sent() == "open 1 a~");
  CHECK(sent() == "1a~:10.");
  // The next connection is told what was said last.
  CHECK(ack(0, 0, {}, 400'000) == "ok");
  CHECK(ack(1, 2, {}, 400'000) == "ok");
  CHECK(reconnect(2, 200'000) == "open 0 a, reopened");
  CHECK(opened_with == 400'000);
  send(3, unordered_to("a"), 10);
  CHECK(sent() == "open 1 a~");
  CHECK(opened_with == 200'000);
}

TEST_CASE_FIXTURE(outbox_fixture,
                  "unordered messages do not wait for ordered ones") {
  connect(0, cost_of(10));
  send(1, "a", 10);
  send(2, "a", 10);
  send(3, unordered_to("a"), 10);
  CHECK(all_sent() == "open 0 a, 0a:10., open 1 a~, 1a~:10.");
  CHECK(ack(1, 2, {}, cost_of(10)) == "ok");
  CHECK(outcomes() == "3=ok");
}

TEST_CASE_FIXTURE(outbox_fixture, "a small message passes a large one") {
  connect(0, 1'000'000);
  send(1, "b", 10);
  CHECK(all_sent() == "open 0 b, 0b:10.");
  CHECK(ack(0, 1) == "ok");
  send(2, "a", 10 * fragment);
  CHECK(sent() == "open 1 a");
  CHECK(sent(small_frame) == "1a:16000");
  send(3, "b", 10);
  CHECK(sent(small_frame) == "2b:10.");
  CHECK(sent(small_frame) == "3a:16000");
}

TEST_CASE_FIXTURE(outbox_fixture, "two that send much share the connection") {
  connect(0, 1'000'000);
  for (send_token token = 0; token < 1'000; ++token)
    send(token, "a", 500);
  send(1'000, "b", 25 * fragment);
  CHECK(costs(*this, 1)[0] < fragment + cost_of(500));
  for (auto frames : {1, 2, 2}) {
    auto both = costs(*this, frames);
    CHECK(both[0] + both[1] > 45'000 * static_cast<std::size_t>(frames));
    CHECK(both[0] < both[1] + 2 * fragment);
    CHECK(both[1] < both[0] + 2 * fragment);
  }
}

TEST_CASE_FIXTURE(outbox_fixture, "each channel has a part of the memory") {
  constexpr auto size = 10'000 - outbox::memory_overhead;
  send_token token = 1;
  // One alone may have half of it ...
  while (try_send(token, ordered_to("a"), size))
    ++token;
  CHECK(token - 1 == max_bytes / 20'000);
  // ... the next one half of the rest ...
  send_token first = token;
  while (try_send(token, ordered_to("b"), size))
    ++token;
  CHECK(token - first == max_bytes / 40'000);
  // ... and so on, down to a part that nobody can take from them.
  auto names = 0;
  while (try_send(token, ordered_to("c" + std::to_string(names)), 2 * size))
    ++names;
  CHECK(names > 20);
  constexpr auto part = max_bytes / 128 - outbox::memory_overhead;
  CHECK_FALSE(try_send(token, ordered_to("d"), part + 1));
  CHECK(try_send(token, ordered_to("d"), part));
  CHECK_FALSE(try_send(token, ordered_to("d"), 1));
  CHECK(try_send(token, unordered_to("d"), part));
  CHECK_FALSE(try_send(token, ordered_to("a"), 1));
}

TEST_CASE_FIXTURE(outbox_fixture, "there are 1,024 channels at most") {
  connect();
  for (std::size_t i = 0; i < limits::channels; ++i)
    send(i, "engine" + std::to_string(i), 10);
  CHECK_FALSE(try_send(5'000, ordered_to("one more"), 10));
  CHECK_FALSE(uut.find_open(ordered_to("one more"), now.steady));
  CHECK(all_sent().ends_with("open 1023 engine1023, 1023engine1023:10."));
  CHECK_FALSE(try_send(5'000, ordered_to("one more"), 10));
  // An empty one is kept only while there is room.
  CHECK(ack(7, 8) == "ok");
  send(5'000, "one more", 10);
  CHECK(all_sent() == "close 7, open 1024 one more, 1024one more:10.");
  CHECK_FALSE(try_send(5'001, ordered_to("engine7"), 10));
}

TEST_CASE_FIXTURE(outbox_fixture, "a channel that is not used is closed") {
  connect();
  send(1, "a", 10);
  send(2, "b", 10);
  CHECK(all_sent() == "open 0 a, 0a:10., open 1 b, 1b:10.");
  expire(20s);
  CHECK(all_sent() == "nothing");
  CHECK(ack(0, 1) == "ok");
  CHECK(uut.next_deadline(now) == 30s);
  expire(30s - 1ns);
  CHECK(all_sent() == "nothing");
  expire(30s);
  CHECK(all_sent() == "close 0");
  CHECK(uut.next_deadline(now) == 1h);
  // What comes late is ignored.
  CHECK(ack(0, 1) == "ok");
  send(3, "a", 10);
  CHECK(all_sent() == "open 2 a, 2a:10.");
  CHECK(ack(0, 3) == "ok");
  CHECK(ack(2, 3) == "ok");
  CHECK(outcomes() == "1=ok 3=ok");
}

TEST_CASE_FIXTURE(outbox_fixture, "a channel that is used again stays open") {
  connect();
  send(1, "a", 10);
  CHECK(all_sent() == "open 0 a, 0a:10.");
  CHECK(ack(0, 1) == "ok");
  now = at(8s);
  SUBCASE("for a message") {
    send(2, "a", 10);
    CHECK(all_sent() == "1a:10.");
    expire(10s);
    CHECK(ack(0, 2) == "ok");
    expire(20s - 1ns);
  }
  SUBCASE("for an unreliable one") {
    CHECK(uut.find_open(ordered_to("a"), now.steady) == 0);
    expire(10s);
    expire(18s - 1ns);
  }
  CHECK(all_sent() == "nothing");
  expire(20s);
  CHECK(all_sent() == "close 0");
}

TEST_CASE_FIXTURE(outbox_fixture, "a channel for something else is opened") {
  CHECK_FALSE(uut.find_open(ordered_to("a"), now.steady));
  connect();
  CHECK_FALSE(uut.find_open(ordered_to("a"), now.steady));
  CHECK_FALSE(uut.find_open(ordered_to("a"), now.steady));
  CHECK(all_sent() == "open 0 a");
  CHECK(uut.find_open(ordered_to("a"), now.steady) == 0);
  CHECK(uut.empty());
  expire(10s);
  CHECK(all_sent() == "close 0");
  CHECK_FALSE(uut.find_open(ordered_to("a"), now.steady));
  CHECK(all_sent() == "open 1 a");
}

TEST_CASE_FIXTURE(outbox_fixture, "channels of what came to nothing go, too") {
  SUBCASE("because it expired") {
    for (std::size_t i = 0; i < limits::channels; ++i)
      send(i, "engine" + std::to_string(i), 10, steady_time{1s});
    expire(1s);
  }
  SUBCASE("because all ended") {
    for (std::size_t i = 0; i < limits::channels; ++i)
      send(i, "engine" + std::to_string(i), 10);
    using enum send_failure::unconfirmed_cause;
    uut.handle_failure(send_error::denied, unreachable);
  }
  SUBCASE("because the peer takes no such messages") {
    for (std::size_t i = 0; i < limits::channels; ++i)
      send(i, "engine" + std::to_string(i), 10);
    uut.handle_max_message(5);
  }
  SUBCASE("because there was no room") {
    for (std::size_t i = 0; i < limits::channels; ++i)
      CHECK_FALSE(
        try_send(i, ordered_to("engine" + std::to_string(i)), max_bytes));
  }
  send(5'000, "one more", 10);
  expire(20s);
  CHECK(connect() == "reopened");
  CHECK(all_sent() == "open 0 one more, 0one more:10.");
}

TEST_CASE_FIXTURE(outbox_fixture, "expiry and rejects are of one channel") {
  connect();
  send(1, "a", 10, steady_time{5s});
  send(2, "b", 10, steady_time{9s});
  send(3, "c", 10);
  CHECK(all_sent() == "open 0 a, 0a:10., open 1 b, 1b:10., open 2 c, 2c:10.");
  expire(5s);
  CHECK(outcomes() == "1=unconfirmed/expired");
  CHECK(uut.next_deadline(now) == 9s);
  using enum control::reject_reason;
  CHECK(ack(1, 3, {{1, engine_gone}}) == "ok");
  CHECK(outcomes() == "2=engine_gone");
  CHECK(settled() == "1:3");
  CHECK(ack(2, 3) == "ok");
  CHECK(outcomes() == "3=ok");
  CHECK(settled().empty());
}
