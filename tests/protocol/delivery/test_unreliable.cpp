#include <node_proxy/protocol/delivery/unreliable.hpp>

#include <string>
#include <utility>

#include <doctest/doctest.h>

#include <malloc.h>

#include <node_proxy/messages/limits.hpp>
#include <node_proxy/protocol/session/session.hpp>
#include <node_proxy/protocol/wire/bare.hpp>

#include "protocol/delivery/budgets.hpp"
#include "support/chunks.hpp"
#include "support/octets.hpp"

using namespace test;
using namespace std::chrono_literals;

namespace {

constexpr auto fragment = limits::fragment;
constexpr auto overhead = limits::message_overhead;
constexpr std::size_t frame_size = fragment + 100;
const deadline never = steady_time{1h};

timestamp at(duration steady, std::chrono::seconds wall = 0s) {
  return {steady, wall};
}

const channel_key to_a{engine_name{"a"}};
const channel_key to_b{engine_name{"b"}};

/// The chunks of the next frame: "5 7." are 5 bytes, and 7 that are the last.
std::string sent(unreliable_outbox& uut, std::size_t size = frame_size) {
  auto list = uut.poll_transmit(3, size);
  if (!list)
    return "nothing";
  auto octets = encoded(*list);
  CHECK(octets.size() <= size);
  std::string result;
  auto chunks = decode<std::vector<chunk_view>>(octets).value();
  for (const auto& [channel, last, chunk] : chunks) {
    CHECK(channel == 3);
    result += (result.empty() ? "" : " ") + std::to_string(chunk.size())
              + (last ? "." : "");
  }
  return result;
}

const engine_name a{"a"};
const engine_name b{"b"};

std::string outcomes(unreliable_outbox& uut) {
  std::string result;
  while (auto outcome = uut.poll_outcome())
    result += (result.empty() ? "" : " ") + std::to_string(outcome->token) + "="
              + std::string{to_string(outcome->failure.value().error)};
  return result;
}

} // namespace

TEST_CASE("an unreliable message is sent once, and nobody knows") {
  unreliable_outbox uut{10'000, room_for_strangers()};
  CHECK(uut.handle_send(1, to_a, split(bytes(10)), never, at(0s)));
  CHECK(uut.handle_send(2, to_a, split(bytes(20)), never, at(0s)));
  CHECK(sent(uut) == "10. 20.");
  CHECK(outcomes(uut) == "1=unconfirmed 2=unconfirmed");
  CHECK(sent(uut) == "nothing");
  CHECK(uut.empty());
}

TEST_CASE("a long unreliable message is cut") {
  unreliable_outbox uut{1'000'000, room_for_strangers()};
  CHECK(
    uut.handle_send(1, to_a, split(bytes(2 * fragment + 5)), never, at(0s)));
  CHECK(sent(uut) == "16000");
  // No more will be known about it.
  CHECK(outcomes(uut) == "1=unconfirmed");
  CHECK(sent(uut) == "16000 5.");
  CHECK(outcomes(uut).empty());
}

TEST_CASE("unreliable messages have a limit of bytes") {
  unreliable_outbox uut{2 * (10 + overhead), room_for_strangers()};
  CHECK(uut.handle_send(1, to_a, split(bytes(10)), never, at(0s)));
  CHECK_FALSE(uut.handle_send(2, to_a, split(bytes(11)), never, at(0s)));
  CHECK(uut.handle_send(3, to_a, split(bytes(10)), never, at(0s)));
  CHECK_FALSE(uut.handle_send(4, to_a, {}, never, at(0s)));
  CHECK(sent(uut) == "10. 10.");
  CHECK(uut.handle_send(5, to_a, split(bytes(10)), never, at(0s)));
}

TEST_CASE("unreliable messages expire until they are sent") {
  unreliable_outbox uut{1'000'000, room_for_strangers()};
  CHECK_FALSE(uut.next_deadline());
  CHECK(uut.handle_send(1, to_a, split(bytes(10)), steady_time{9s}, at(0s)));
  CHECK(uut.handle_send(2, to_a, split(bytes(10)), steady_time{5s}, at(0s)));
  CHECK(uut.next_deadline() == 5s);
  uut.handle_timeout(at(5s - 1ns), send_error::expired);
  CHECK(outcomes(uut).empty());
  uut.handle_timeout(at(5s), send_error::expired);
  CHECK(outcomes(uut) == "2=expired");
  CHECK(uut.next_deadline() == 9s);
  uut.handle_timeout(at(10s), send_error::over_capacity);
  CHECK(outcomes(uut) == "1=over_capacity");
  CHECK_FALSE(uut.next_deadline());
  CHECK(uut.empty());
}

TEST_CASE("an unreliable message expires by the wall clock") {
  unreliable_outbox uut{1'000'000, room_for_strangers()};
  CHECK(uut.handle_send(1, to_a, split(bytes(10)), deadline{600s}, at(0s, 0s)));
  CHECK(uut.next_deadline() == 60s);
  uut.handle_timeout(at(60s, 60s), send_error::expired);
  CHECK(uut.next_deadline() == 120s);
  uut.handle_timeout(at(120s, 600s), send_error::expired);
  CHECK(outcomes(uut) == "1=expired");
}

TEST_CASE("what was begun is sent to its end") {
  unreliable_outbox uut{1'000'000, room_for_strangers()};
  CHECK(uut.handle_send(1, to_a, split(bytes(fragment + 5)), steady_time{5s},
                        at(0s)));
  CHECK(uut.handle_send(2, to_a, split(bytes(7)), steady_time{5s}, at(0s)));
  CHECK(sent(uut, frame_size - 90) == "16000");
  uut.handle_timeout(at(6s), send_error::expired);
  CHECK(outcomes(uut) == "1=unconfirmed 2=expired");
  CHECK_FALSE(uut.next_deadline());
  CHECK(sent(uut) == "5.");
  CHECK(outcomes(uut).empty());
}

TEST_CASE("what was begun ends with its connection") {
  unreliable_outbox uut{1'000'000, room_for_strangers()};
  CHECK(uut.handle_send(1, to_a, split(bytes(fragment + 5)), never, at(0s)));
  CHECK(uut.handle_send(2, to_a, split(bytes(7)), never, at(0s)));
  CHECK(sent(uut, frame_size - 90) == "16000");
  uut.handle_disconnect();
  CHECK(outcomes(uut) == "1=unconfirmed");
  CHECK(sent(uut) == "7.");
}

TEST_CASE("the end of all unreliable messages") {
  unreliable_outbox uut{1'000'000, room_for_strangers()};
  CHECK(uut.handle_send(1, to_a, split(bytes(fragment + 5)), never, at(0s)));
  CHECK(uut.handle_send(2, to_a, split(bytes(7)), never, at(0s)));
  CHECK(sent(uut, frame_size - 90) == "16000");
  uut.handle_failure(send_error::denied);
  CHECK(outcomes(uut) == "1=unconfirmed 2=denied");
  CHECK(uut.empty());
}

TEST_CASE("unreliable messages come out whole") {
  stranger_account account{room_for_strangers()};
  unreliable_inbox uut{100'000, 1'000, account};
  CHECK(uut.handle_chunk(a, true, numbered(10))->data == numbered(10));
  CHECK_FALSE(uut.handle_chunk(a, false, numbered(10)));
  CHECK_FALSE(uut.handle_chunk(a, false, {}));
  CHECK(uut.handle_chunk(a, true, numbered(5, 10))->data == numbered(15));
}

TEST_CASE("a connection takes its fragments with it") {
  stranger_account account{room_for_strangers()};
  unreliable_inbox uut{100'000, 1'000, account};
  CHECK_FALSE(uut.handle_chunk(a, false, numbered(10)));
  uut.handle_disconnect();
  CHECK(uut.handle_chunk(a, true, numbered(5))->data == numbered(5));
  CHECK_FALSE(uut.handle_chunk(a, false, bytes(2'000)));
  uut.handle_disconnect();
  CHECK(uut.handle_chunk(a, true, numbered(5))->data == numbered(5));
}

TEST_CASE("unreliable messages that are too long are dropped") {
  stranger_account account{room_for_strangers()};
  unreliable_inbox uut{100'000, 1'000, account};
  CHECK_FALSE(uut.handle_chunk(a, true, bytes(1'001)));
  CHECK_FALSE(uut.handle_chunk(a, false, bytes(1'000)));
  CHECK_FALSE(uut.handle_chunk(a, false, bytes(1)));
  CHECK_FALSE(uut.handle_chunk(a, true, bytes(1)));
  CHECK(uut.dropped() == 2);
  CHECK(uut.handle_chunk(a, true, bytes(1'000)));
}

TEST_CASE("unreliable messages longer than the window take no memory") {
  constexpr auto window = 2 * fragment;
  stranger_account account{room_for_strangers()};
  unreliable_inbox uut{window, 1'000 * fragment, account};
  auto memory = [] {
    return mallinfo2().uordblks + mallinfo2().hblkhd;
  };
  auto before = memory();
  bytes data(fragment);
  for (auto i = 0; i < 100; ++i)
    CHECK_FALSE(uut.handle_chunk(a, false, data));
  CHECK(memory() < before + 2 * window);
  CHECK_FALSE(uut.handle_chunk(a, true, data));
  CHECK(uut.dropped() == 1);
  CHECK_FALSE(uut.handle_chunk(a, false, bytes(fragment - overhead)));
  CHECK(uut.handle_chunk(a, true, data));
}

TEST_CASE("a frame is for one engine") {
  unreliable_outbox uut{1'000'000, room_for_strangers()};
  CHECK(uut.next_key() == nullptr);
  CHECK(uut.handle_send(1, to_a, split(bytes(10)), never, at(0s)));
  CHECK(uut.handle_send(2, to_a, split(bytes(20)), never, at(0s)));
  CHECK(uut.handle_send(3, to_b, split(bytes(30)), never, at(0s)));
  CHECK(uut.handle_send(4, to_a, split(bytes(40)), never, at(0s)));
  for (auto text : {"10. 20.", "30.", "40."}) {
    REQUIRE(uut.next_key() != nullptr);
    CHECK(*uut.next_key() == (text == std::string{"30."} ? to_b : to_a));
    CHECK(sent(uut) == text);
  }
  CHECK(uut.next_key() == nullptr);
}

TEST_CASE("without room unreliable messages are dropped") {
  stranger_account account{room_for_strangers()};
  unreliable_inbox uut{2 * (10 + overhead), 1'000, account};
  auto first = uut.handle_chunk(a, true, bytes(10));
  auto second = uut.handle_chunk(b, true, bytes(10));
  REQUIRE(second);
  CHECK_FALSE(uut.handle_chunk(b, true, bytes(10)));
  CHECK(uut.dropped() == 1);
  uut.handle_finished(second->number, true);
  uut.handle_finished(second->number, true);
  CHECK(uut.handle_chunk(b, true, bytes(10)));
  CHECK_FALSE(uut.handle_chunk(b, true, bytes(10)));
  uut.handle_finished(first->number, true);
  CHECK(uut.handle_chunk(a, true, bytes(10)));
  CHECK(uut.dropped() == 2);
}

TEST_CASE("one engine leaves room for unreliable messages to others") {
  constexpr auto cost = 10 + overhead;
  stranger_account account{room_for_strangers()};
  unreliable_inbox uut{8 * cost, 1'000, account};
  // As much as is free beside it ...
  auto first = uut.handle_chunk(a, true, bytes(10));
  for (auto i = 0; i < 3; ++i)
    CHECK(uut.handle_chunk(a, true, bytes(10)));
  CHECK_FALSE(uut.handle_chunk(a, true, bytes(10)));
  CHECK(uut.handle_chunk(b, true, bytes(10)));
  CHECK(uut.handle_chunk(b, true, bytes(10)));
  CHECK_FALSE(uut.handle_chunk(b, true, bytes(10)));
  // ... or one message.
  CHECK(uut.handle_chunk("c", true, bytes(10)));
  CHECK(uut.handle_chunk("d", true, bytes(10)));
  CHECK_FALSE(uut.handle_chunk("e", true, bytes(10)));
  CHECK(uut.dropped() == 3);
  uut.handle_finished(first->number, true);
  CHECK_FALSE(uut.handle_chunk(a, true, bytes(10)));
  CHECK(uut.handle_chunk("e", true, bytes(10)));
}

TEST_CASE("what is of no use counts more than its bytes") {
  stranger_account account{room_for_strangers()};
  unreliable_inbox uut{2 * fragment, 1'000, account};
  std::uint64_t before = 0;
  auto is_dear = [&](std::size_t size) {
    auto more = uut.wasted() - std::exchange(before, uut.wasted());
    return more >= size + 1'000;
  };
  SUBCASE("a message that nobody takes") {
    auto message = uut.handle_chunk(a, true, bytes(1));
    REQUIRE(message);
    CHECK(uut.wasted() == 0);
    uut.handle_finished(message->number, false);
    CHECK(is_dear(1));
  }
  SUBCASE("one that is too long") {
    CHECK_FALSE(uut.handle_chunk(a, true, bytes(1'001)));
    CHECK(is_dear(1'001));
  }
  SUBCASE("a beginning without an end") {
    for (auto i = 0; i < 10; ++i) {
      CHECK_FALSE(uut.handle_chunk(a, false, bytes(1)));
      CHECK_FALSE(uut.handle_chunk(b, false, bytes(1)));
      CHECK(is_dear(1));
    }
  }
}

TEST_CASE("fragments for two engines are not put together") {
  stranger_account account{room_for_strangers()};
  unreliable_inbox uut{100'000, 1'000, account};
  CHECK_FALSE(uut.handle_chunk(a, false, numbered(10)));
  CHECK(uut.handle_chunk(b, true, numbered(5))->data == numbered(5));
  CHECK(uut.handle_chunk(a, true, numbered(7))->data == numbered(7));
}
