#include <node_proxy/protocol/delivery/outbox.hpp>

#include <string>

#include <doctest/doctest.h>

#include <node_proxy/protocol/session/session.hpp>
#include <node_proxy/protocol/wire/bare.hpp>

#include "support/chunks.hpp"
#include "support/octets.hpp"

using namespace test;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t frame_size = 65'010;
constexpr auto fragment = limits::fragment;
constexpr auto overhead = limits::message_overhead;

timestamp at(duration steady, std::chrono::seconds wall = 0s) {
  return {steady, wall};
}

/// What the outbox sends next: "0:5 1:7." are chunks 0 and 1 with 5 and 7
/// bytes, of which the second is a last one; "void 3-5" a range.
std::string sent(outbox& uut, std::size_t size = frame_size) {
  auto next = uut.poll_transmit(size);
  if (!next)
    return "nothing";
  if (auto range = std::get_if<control::void_range>(&*next))
    return "void " + std::to_string(range->from) + "-"
           + std::to_string(range->to);
  auto& batch = std::get<chunk_batch>(*next);
  auto octets = encoded(batch.chunks);
  CHECK(octets.size() <= size);
  auto chunks = decode<std::vector<chunk_view>>(octets).value();
  CHECK(chunks.size() == batch.chunks.count());
  std::string result;
  auto number = batch.first;
  for (const auto& [last, chunk] : chunks)
    result += (result.empty() ? "" : " ") + std::to_string(number++) + ":"
              + std::to_string(chunk.size()) + (last ? "." : "");
  return result;
}

std::string text_of(const std::optional<send_failure>& failure) {
  if (!failure)
    return "ok";
  std::string result{to_string(failure->error)};
  if (failure->error == send_error::unconfirmed)
    result += "/" + std::string{to_string(failure->cause)};
  return result;
}

std::string outcomes(outbox& uut) {
  std::string result;
  while (auto outcome = uut.poll_outcome())
    for (std::uint64_t i = 0; i < outcome->count; ++i)
      result += (result.empty() ? "" : " ") + std::to_string(outcome->token + i)
                + "=" + text_of(outcome->failure);
  return result;
}

/// Whether there is room for just as many bytes of messages.
bool has_room_for(outbox& uut, std::size_t bytes_left) {
  auto size = bytes_left - outbox::memory_overhead;
  return !uut.handle_send(1, split(bytes(size + 1)), steady_time{1h})
         && uut.handle_send(1, split(bytes(size)), steady_time{1h});
}

struct fixture {
  static constexpr std::size_t max_bytes = 1'000'000;
  outbox uut{max_bytes, 100};

  void send(send_token token, std::size_t size,
            deadline expires = steady_time{1h}) {
    CHECK(uut.handle_send(token, split(bytes(size)), expires));
  }

  void connect(std::uint64_t next = 0, std::uint64_t window = 500'000) {
    CHECK(uut.handle_resume(next, window).has_value());
  }

  void reconnect(std::uint64_t next, std::uint64_t window = 500'000) {
    uut.handle_disconnect();
    connect(next, window);
  }

  bool ack(std::uint64_t next, std::vector<control::reject> rejects = {},
           std::uint64_t window = 500'000) {
    return uut.handle_ack({next, window, std::move(rejects)}).has_value();
  }
};

} // namespace

TEST_CASE_FIXTURE(fixture, "a message is sent once and acknowledged") {
  CHECK(uut.empty());
  send(1, 10);
  CHECK(uut.pending());
  CHECK(sent(uut) == "nothing");
  connect();
  CHECK(sent(uut) == "0:10.");
  CHECK(sent(uut) == "nothing");
  CHECK(outcomes(uut).empty());
  CHECK(ack(1));
  CHECK(outcomes(uut) == "1=ok");
  CHECK(uut.empty());
  CHECK(uut.first() == 1);
  CHECK(has_room_for(uut, max_bytes));
}

TEST_CASE_FIXTURE(fixture, "what waits shares a frame") {
  connect();
  for (send_token token = 1; token <= 4; ++token)
    send(token, 10 * token);
  CHECK(sent(uut, 70) == "0:10. 1:20. 2:30.");
  CHECK(sent(uut, 70) == "3:40.");
  CHECK(ack(2));
  CHECK(outcomes(uut) == "1=ok 2=ok");
  CHECK(ack(4));
  CHECK(outcomes(uut) == "3=ok 4=ok");
}

TEST_CASE_FIXTURE(fixture, "a message longer than a fragment is cut") {
  connect();
  send(1, 2 * fragment + 5);
  send(2, fragment);
  CHECK(sent(uut) == "0:65000");
  CHECK(sent(uut) == "1:65000");
  CHECK(sent(uut) == "2:5.");
  CHECK(sent(uut) == "3:65000.");
  CHECK(ack(2));
  CHECK(outcomes(uut).empty());
  CHECK(ack(4));
  CHECK(outcomes(uut) == "1=ok 2=ok");
}

TEST_CASE_FIXTURE(fixture, "the rest of a message shares its frame") {
  connect();
  send(1, fragment + 5);
  send(2, 7);
  CHECK(sent(uut, frame_size + 90) == "0:65000 1:5. 2:7.");
}

TEST_CASE_FIXTURE(fixture, "no more is outstanding than the window allows") {
  connect(0, 2 * (100 + overhead));
  for (send_token token = 1; token <= 4; ++token)
    send(token, 100);
  CHECK(sent(uut) == "0:100. 1:100.");
  CHECK(sent(uut) == "nothing");
  CHECK(ack(1, {}, 2 * (100 + overhead)));
  CHECK(sent(uut) == "2:100.");
  CHECK(sent(uut) == "nothing");
  CHECK(ack(2, {}, 3 * (100 + overhead)));
  CHECK(sent(uut) == "3:100.");
}

TEST_CASE_FIXTURE(fixture, "a lone message may exceed the window") {
  connect(0, 50);
  send(1, fragment + 1);
  send(2, 1);
  CHECK(sent(uut) == "0:65000 1:1.");
  CHECK(sent(uut) == "nothing");
  CHECK(ack(2, {}, 50));
  CHECK(sent(uut) == "2:1.");
}

TEST_CASE_FIXTURE(fixture, "what arrived is not sent again, the rest is") {
  connect();
  send(1, 10);
  send(2, 2 * fragment);
  send(3, 30);
  CHECK(sent(uut) == "0:10.");
  CHECK(sent(uut) == "1:65000");
  CHECK(sent(uut) == "2:65000.");
  CHECK(sent(uut) == "3:30.");
  SUBCASE("nothing had arrived") {
    reconnect(0);
    CHECK(sent(uut) == "0:10.");
    CHECK(sent(uut) == "1:65000");
  }
  SUBCASE("a fragment had arrived") {
    reconnect(2);
    CHECK(sent(uut) == "2:65000.");
    CHECK(sent(uut) == "3:30.");
  }
  SUBCASE("everything had arrived") {
    reconnect(4);
    CHECK(sent(uut) == "nothing");
  }
  CHECK(outcomes(uut).empty());
  CHECK(ack(4));
  CHECK(outcomes(uut) == "1=ok 2=ok 3=ok");
}

TEST_CASE_FIXTURE(fixture, "the count of what is sent again") {
  connect();
  for (send_token token = 1; token <= 3; ++token)
    send(token, 10);
  CHECK(sent(uut) == "0:10. 1:10. 2:10.");
  uut.handle_disconnect();
  CHECK(uut.handle_resume(1, 1'000).value() == 2);
  uut.handle_disconnect();
  CHECK(uut.handle_resume(3, 1'000).value() == 0);
}

TEST_CASE_FIXTURE(fixture, "a peer that forgot may expect an earlier number") {
  connect();
  send(1, 10);
  send(2, 20);
  CHECK(sent(uut) == "0:10. 1:20.");
  CHECK(ack(1));
  reconnect(0);
  CHECK(sent(uut) == "void 0-1");
  CHECK(sent(uut) == "1:20.");
}

TEST_CASE_FIXTURE(fixture, "an ack may overtake what is sent again") {
  connect();
  for (send_token token = 1; token <= 3; ++token)
    send(token, 10);
  CHECK(sent(uut) == "0:10. 1:10. 2:10.");
  reconnect(0);
  CHECK(ack(2));
  CHECK(outcomes(uut) == "1=ok 2=ok");
  CHECK(sent(uut) == "void 0-2");
  CHECK(sent(uut) == "2:10.");
  CHECK(ack(3));
  CHECK(uut.empty());
}

TEST_CASE_FIXTURE(fixture, "claims beyond what was sent are refused") {
  send(1, 10);
  CHECK_FALSE(uut.handle_resume(1, 1'000));
  connect();
  CHECK_FALSE(ack(1));
  CHECK(sent(uut) == "0:10.");
  CHECK_FALSE(ack(2));
  CHECK_FALSE(ack(1, {{1, control::reject_reason::malformed}}));
  CHECK_FALSE(uut.handle_resume(2, 1'000));
  CHECK(outcomes(uut).empty());
  CHECK(ack(1));
}

TEST_CASE_FIXTURE(fixture, "an older ack changes only the window") {
  connect(0, 1'000);
  send(1, 10);
  send(2, 10);
  CHECK(sent(uut) == "0:10. 1:10.");
  CHECK(ack(2));
  CHECK(ack(1));
  CHECK(outcomes(uut) == "1=ok 2=ok");
  CHECK(uut.first() == 2);
}

TEST_CASE_FIXTURE(fixture, "rejected messages fail with the peer's reason") {
  connect();
  for (send_token token = 1; token <= 7; ++token)
    send(token, 10);
  CHECK(sent(uut).ends_with("6:10."));
  using enum control::reject_reason;
  CHECK(ack(7, {{0, unknown_engine},
                {1, wrong_sender},
                {2, wrong_target},
                {3, malformed},
                {4, engine_gone},
                {5, over_limit},
                {6, engine_failed}}));
  CHECK(outcomes(uut)
        == "1=unknown_engine 2=wrong_sender 3=wrong_target 4=malformed "
           "5=engine_gone 6=over_limit 7=engine_failed");
  CHECK(uut.empty());
}

TEST_CASE_FIXTURE(fixture, "a reject that is repeated counts once") {
  connect();
  send(1, 10);
  send(2, 10);
  CHECK(sent(uut) == "0:10. 1:10.");
  control::reject reject{0, control::reject_reason::malformed};
  CHECK(ack(1, {reject}));
  CHECK(ack(2, {reject}));
  CHECK(outcomes(uut) == "1=malformed 2=ok");
}

TEST_CASE_FIXTURE(fixture, "what was never sent expires for good") {
  send(1, 10, steady_time{5s});
  send(2, 10, steady_time{10s});
  CHECK(uut.next_deadline(at(0s)) == 5s);
  uut.handle_timeout(at(5s - 1ns), send_error::expired);
  CHECK(outcomes(uut).empty());
  uut.handle_timeout(at(5s), send_error::expired);
  CHECK(outcomes(uut) == "1=expired");
  CHECK(uut.next_deadline(at(5s)) == 10s);
  uut.handle_timeout(at(11s), send_error::over_capacity);
  CHECK(outcomes(uut) == "2=over_capacity");
  CHECK(uut.empty());
  CHECK_FALSE(uut.next_deadline(at(11s)));
  connect();
  CHECK(sent(uut) == "nothing");
}

TEST_CASE_FIXTURE(fixture, "what was sent and expires is unconfirmed") {
  connect();
  send(1, 10, steady_time{5s});
  send(2, 10);
  CHECK(sent(uut) == "0:10. 1:10.");
  uut.handle_timeout(at(5s), send_error::expired);
  CHECK(outcomes(uut) == "1=unconfirmed/expired");
  SUBCASE("and is acknowledged late") {
    CHECK(ack(2));
    CHECK(outcomes(uut) == "2=ok");
    CHECK(uut.empty());
  }
  SUBCASE("and is voided on the next connection") {
    reconnect(0);
    CHECK(sent(uut) == "void 0-1");
    CHECK(sent(uut) == "1:10.");
    CHECK(ack(2));
    CHECK(outcomes(uut) == "2=ok");
  }
  SUBCASE("and had arrived") {
    reconnect(1);
    CHECK(sent(uut) == "1:10.");
    CHECK(ack(2));
    CHECK(outcomes(uut) == "2=ok");
  }
}

TEST_CASE_FIXTURE(fixture, "the rest of a message that expires is voided") {
  connect();
  send(1, 3 * fragment, steady_time{5s});
  send(2, 10);
  CHECK(sent(uut) == "0:65000");
  uut.handle_timeout(at(5s), send_error::expired);
  CHECK(outcomes(uut) == "1=unconfirmed/expired");
  CHECK(sent(uut) == "void 1-3");
  CHECK(sent(uut) == "3:10.");
}

TEST_CASE_FIXTURE(fixture, "voids that follow each other are one range") {
  connect();
  for (send_token token = 1; token <= 4; ++token)
    send(token, 10, token == 4 ? steady_time{1h} : steady_time{5s});
  CHECK(sent(uut).ends_with("3:10."));
  uut.handle_timeout(at(5s), send_error::expired);
  reconnect(0);
  CHECK(sent(uut) == "void 0-3");
  CHECK(sent(uut) == "3:10.");
}

TEST_CASE_FIXTURE(fixture, "a message with numbers but not sent is definite") {
  connect();
  send(1, fragment, steady_time{5s});
  send(2, 1'000, steady_time{5s});
  send(3, 1'000);
  CHECK(sent(uut) == "0:65000.");
  uut.handle_timeout(at(5s), send_error::expired);
  CHECK(outcomes(uut) == "1=unconfirmed/expired 2=expired");
  CHECK(sent(uut) == "void 1-2");
  CHECK(sent(uut) == "2:1000.");
}

TEST_CASE_FIXTURE(fixture, "numbers that were not sent cannot be claimed") {
  connect();
  send(1, fragment);
  send(2, 1'000);
  CHECK(sent(uut) == "0:65000.");
  CHECK_FALSE(ack(2));
  CHECK_FALSE(uut.handle_resume(2, 1'000));
  CHECK(ack(1));
}

TEST_CASE_FIXTURE(fixture, "what is sent again respects the window") {
  connect();
  for (send_token token = 1; token <= 3; ++token)
    send(token, 100);
  CHECK(sent(uut) == "0:100. 1:100. 2:100.");
  reconnect(0, 100 + overhead);
  CHECK(sent(uut) == "0:100.");
  CHECK(sent(uut) == "nothing");
  CHECK(ack(1, {}, 100 + overhead));
  CHECK(sent(uut) == "1:100.");
}

TEST_CASE("deadlines are kept while dead ones are cleared away") {
  outbox uut{10'000'000, 10'000};
  CHECK(uut.handle_resume(0, 10'000'000));
  for (send_token token = 1; token <= 1'000; ++token)
    CHECK(uut.handle_send(token, split(bytes(10)),
                          steady_time{1h} - std::chrono::nanoseconds{token}));
  CHECK(uut.handle_send(1'001, split(bytes(10)), steady_time{2h}));
  while (uut.poll_transmit(frame_size)) {
  }
  CHECK(uut.handle_send(1'002, split(bytes(10)), steady_time{3h}));
  CHECK(uut.handle_ack({1'000, 0, {}}));
  CHECK(outcomes(uut).ends_with("1000=ok"));
  CHECK(uut.next_deadline(at(0s)) == 2h);
  uut.handle_timeout(at(2h), send_error::expired);
  CHECK(outcomes(uut) == "1001=unconfirmed/expired");
  uut.handle_timeout(at(3h), send_error::expired);
  CHECK(outcomes(uut) == "1002=expired");
}

TEST_CASE("deadlines behind a message that waits are cleared away") {
  outbox uut{10'000'000, 1'000};
  auto send = [&](send_token token, std::size_t size, duration expires) {
    REQUIRE(uut.handle_send(token, split(bytes(size)), steady_time{expires}));
  };
  send(0, 10, 24h);
  for (send_token token = 1; token < 500; ++token)
    send(token, 200, 1h + token * 1s);
  uut.handle_max_message(100);
  CHECK(uut.next_deadline(at(0s)) == steady_time{24h});
}

TEST_CASE_FIXTURE(fixture, "absolute times follow the wall clock") {
  send(1, 10, deadline{std::chrono::seconds{600}});
  // The clock may be set, so there is a look each minute.
  CHECK(uut.next_deadline(at(100s, 0s)) == 160s);
  CHECK(uut.next_deadline(at(100s, 590s)) == 110s);
  uut.handle_timeout(at(200s, 599s), send_error::expired);
  CHECK(outcomes(uut).empty());
  uut.handle_timeout(at(201s, 600s), send_error::expired);
  CHECK(outcomes(uut) == "1=expired");
}

TEST_CASE_FIXTURE(fixture, "the end of everything") {
  connect();
  send(1, 10);
  CHECK(sent(uut) == "0:10.");
  uut.handle_disconnect();
  send(2, 10);
  using enum send_failure::unconfirmed_cause;
  uut.handle_failure(send_error::denied, unreachable);
  CHECK(outcomes(uut) == "1=unconfirmed/unreachable 2=denied");
  CHECK_FALSE(uut.pending());
  connect(0);
  CHECK(sent(uut) == "void 0-1");
  CHECK(ack(1));
  CHECK(uut.empty());
  CHECK(outcomes(uut).empty());
  CHECK(has_room_for(uut, max_bytes));
}

TEST_CASE_FIXTURE(fixture, "messages longer than the peer takes end") {
  send(1, 100);
  send(2, 101);
  uut.handle_max_message(100);
  CHECK(outcomes(uut) == "2=too_large");
  connect();
  CHECK(sent(uut) == "0:100.");
  CHECK(sent(uut) == "nothing");
}

TEST_CASE("bytes and messages that are held have a limit") {
  outbox uut{2 * (100 + outbox::memory_overhead), 3};
  deadline never = steady_time{1h};
  CHECK(uut.handle_send(1, split(bytes(100)), never));
  CHECK_FALSE(uut.handle_send(2, split(bytes(101)), never));
  CHECK(uut.handle_send(2, split(bytes(100)), never));
  CHECK_FALSE(uut.handle_send(3, split(bytes(1)), never));
  CHECK(uut.handle_resume(0, 1'000).has_value());
  CHECK(sent(uut) == "0:100. 1:100.");
  CHECK_FALSE(uut.handle_send(3, split(bytes(1)), never));
  CHECK(uut.handle_ack({1, 1'000, {}}).has_value());
  CHECK(uut.handle_send(3, split(bytes(100)), never));
  outbox few{1'000'000, 3};
  for (send_token token = 1; token <= 3; ++token)
    CHECK(few.handle_send(token, split(bytes(1)), never));
  CHECK_FALSE(few.handle_send(4, split(bytes(1)), never));
}

TEST_CASE("nothing is left of many messages that end early") {
  constexpr std::size_t max_bytes = 35'000'000;
  outbox uut{max_bytes, 1'000'000};
  for (send_token token = 0; token < 100'000; ++token)
    CHECK(uut.handle_send(token, split(bytes(10)),
                          steady_time{token % 10 == 0 ? 2s : 1s}));
  uut.handle_timeout(at(1s), send_error::expired);
  CHECK(uut.handle_resume(0, 1'000'000'000).has_value());
  std::uint64_t chunks = 0;
  while (auto next = uut.poll_transmit(frame_size))
    chunks += std::get<chunk_batch>(*next).chunks.count();
  CHECK(chunks == 10'000);
  CHECK(has_room_for(uut, max_bytes - 10'000 * (10 + outbox::memory_overhead)));
}

TEST_CASE("an expiry is at most thirty days ahead") {
  auto now = at(100s, std::chrono::hours{24});
  auto most = limits::expiry_seconds;
  CHECK(deadline_of(rel_time{7}, now) == deadline{steady_time{107s}});
  CHECK(deadline_of(rel_time{most}, now));
  CHECK_FALSE(deadline_of(rel_time{most + 1}, now));
  CHECK_FALSE(deadline_of(rel_time{~0ull}, now));
  CHECK(deadline_of(abs_time{1'500}, now)
        == deadline{std::chrono::seconds{90'000}});
  CHECK(deadline_of(abs_time{1'440 + most / 60}, now));
  CHECK_FALSE(deadline_of(abs_time{1'441 + most / 60}, now));
  CHECK_FALSE(deadline_of(abs_time{~0ull}, now));
  CHECK(deadline_of(abs_time{0}, now));
}

TEST_CASE("a list of chunks is as long as it says") {
  for (std::size_t count : {1u, 2u, 127u, 128u, 129u, 400u}) {
    auto data = numbered(count);
    auto view = bytes_view{data};
    chunk_list uut;
    for (std::size_t i = 0; i < count; ++i) {
      auto expected_size = uut.size_with(i);
      uut.add(i % 2 == 0, view.first(i));
      CHECK(uut.encoded_size() == expected_size);
    }
    auto octets = encoded(uut);
    CHECK(octets.size() == uut.encoded_size());
    auto decoded = decode<std::vector<chunk_view>>(octets).value();
    REQUIRE(decoded.size() == count);
    for (std::size_t i = 0; i < count; ++i) {
      CHECK(decoded[i].last == (i % 2 == 0));
      CHECK(to_bytes(decoded[i].chunk) == to_bytes(view.first(i)));
    }
  }
}
