#include <node_proxy/protocol/delivery/unreliable.hpp>

#include <string>

#include <doctest/doctest.h>

#include <malloc.h>

#include <node_proxy/messages/limits.hpp>
#include <node_proxy/protocol/session/session.hpp>
#include <node_proxy/protocol/wire/bare.hpp>

#include "support/chunks.hpp"
#include "support/octets.hpp"

using namespace test;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t frame_size = 65'000 + 100;
constexpr auto fragment = limits::fragment;
constexpr auto overhead = limits::message_overhead;
const deadline never = steady_time{1h};

timestamp at(duration steady, std::chrono::seconds wall = 0s) {
  return {steady, wall};
}

/// The chunks of the next frame: "5 7." are 5 bytes, and 7 that are the last.
std::string sent(unreliable_outbox& uut, std::size_t size = frame_size) {
  auto list = uut.poll_transmit(size);
  if (!list)
    return "nothing";
  auto octets = encoded(*list);
  CHECK(octets.size() <= size);
  std::string result;
  auto chunks = decode<std::vector<chunk_view>>(octets).value();
  for (const auto& [last, chunk] : chunks)
    result += (result.empty() ? "" : " ") + std::to_string(chunk.size())
              + (last ? "." : "");
  return result;
}

std::string outcomes(unreliable_outbox& uut) {
  std::string result;
  while (auto outcome = uut.poll_outcome())
    result += (result.empty() ? "" : " ") + std::to_string(outcome->token) + "="
              + std::string{to_string(outcome->failure.value().error)};
  return result;
}

} // namespace

TEST_CASE("an unreliable message is sent once, and nobody knows") {
  unreliable_outbox uut{10'000};
  CHECK(uut.handle_send(1, split(bytes(10)), never, at(0s)));
  CHECK(uut.handle_send(2, split(bytes(20)), never, at(0s)));
  CHECK(sent(uut) == "10. 20.");
  CHECK(outcomes(uut) == "1=unconfirmed 2=unconfirmed");
  CHECK(sent(uut) == "nothing");
  CHECK(uut.empty());
}

TEST_CASE("a long unreliable message is cut") {
  unreliable_outbox uut{1'000'000};
  CHECK(uut.handle_send(1, split(bytes(2 * fragment + 5)), never, at(0s)));
  CHECK(sent(uut) == "65000");
  // No more will be known about it.
  CHECK(outcomes(uut) == "1=unconfirmed");
  CHECK(sent(uut) == "65000 5.");
  CHECK(outcomes(uut).empty());
}

TEST_CASE("unreliable messages have a limit of bytes") {
  unreliable_outbox uut{2 * (10 + overhead)};
  CHECK(uut.handle_send(1, split(bytes(10)), never, at(0s)));
  CHECK_FALSE(uut.handle_send(2, split(bytes(11)), never, at(0s)));
  CHECK(uut.handle_send(3, split(bytes(10)), never, at(0s)));
  CHECK_FALSE(uut.handle_send(4, {}, never, at(0s)));
  CHECK(sent(uut) == "10. 10.");
  CHECK(uut.handle_send(5, split(bytes(10)), never, at(0s)));
}

TEST_CASE("unreliable messages expire until they are sent") {
  unreliable_outbox uut{1'000'000};
  CHECK_FALSE(uut.next_deadline());
  CHECK(uut.handle_send(1, split(bytes(10)), steady_time{9s}, at(0s)));
  CHECK(uut.handle_send(2, split(bytes(10)), steady_time{5s}, at(0s)));
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
  unreliable_outbox uut{1'000'000};
  CHECK(uut.handle_send(1, split(bytes(10)), deadline{600s}, at(0s, 0s)));
  CHECK(uut.next_deadline() == 60s);
  uut.handle_timeout(at(60s, 60s), send_error::expired);
  CHECK(uut.next_deadline() == 120s);
  uut.handle_timeout(at(120s, 600s), send_error::expired);
  CHECK(outcomes(uut) == "1=expired");
}

TEST_CASE("what was begun is sent to its end") {
  unreliable_outbox uut{1'000'000};
  CHECK(
    uut.handle_send(1, split(bytes(fragment + 5)), steady_time{5s}, at(0s)));
  CHECK(uut.handle_send(2, split(bytes(7)), steady_time{5s}, at(0s)));
  CHECK(sent(uut, frame_size - 90) == "65000");
  uut.handle_timeout(at(6s), send_error::expired);
  CHECK(outcomes(uut) == "1=unconfirmed 2=expired");
  CHECK_FALSE(uut.next_deadline());
  CHECK(sent(uut) == "5.");
  CHECK(outcomes(uut).empty());
}

TEST_CASE("what was begun ends with its connection") {
  unreliable_outbox uut{1'000'000};
  CHECK(uut.handle_send(1, split(bytes(fragment + 5)), never, at(0s)));
  CHECK(uut.handle_send(2, split(bytes(7)), never, at(0s)));
  CHECK(sent(uut, frame_size - 90) == "65000");
  uut.handle_disconnect();
  CHECK(outcomes(uut) == "1=unconfirmed");
  CHECK(sent(uut) == "7.");
}

TEST_CASE("the end of all unreliable messages") {
  unreliable_outbox uut{1'000'000};
  CHECK(uut.handle_send(1, split(bytes(fragment + 5)), never, at(0s)));
  CHECK(uut.handle_send(2, split(bytes(7)), never, at(0s)));
  CHECK(sent(uut, frame_size - 90) == "65000");
  uut.handle_failure(send_error::denied);
  CHECK(outcomes(uut) == "1=unconfirmed 2=denied");
  CHECK(uut.empty());
}

TEST_CASE("unreliable messages come out whole") {
  unreliable_inbox uut{100'000, 1'000};
  CHECK(uut.handle_chunk(true, numbered(10))->data == numbered(10));
  CHECK_FALSE(uut.handle_chunk(false, numbered(10)));
  CHECK_FALSE(uut.handle_chunk(false, {}));
  CHECK(uut.handle_chunk(true, numbered(5, 10))->data == numbered(15));
}

TEST_CASE("a connection takes its fragments with it") {
  unreliable_inbox uut{100'000, 1'000};
  CHECK_FALSE(uut.handle_chunk(false, numbered(10)));
  uut.handle_disconnect();
  CHECK(uut.handle_chunk(true, numbered(5))->data == numbered(5));
  CHECK_FALSE(uut.handle_chunk(false, bytes(2'000)));
  uut.handle_disconnect();
  CHECK(uut.handle_chunk(true, numbered(5))->data == numbered(5));
}

TEST_CASE("unreliable messages that are too long are dropped") {
  unreliable_inbox uut{100'000, 1'000};
  CHECK_FALSE(uut.handle_chunk(true, bytes(1'001)));
  CHECK_FALSE(uut.handle_chunk(false, bytes(1'000)));
  CHECK_FALSE(uut.handle_chunk(false, bytes(1)));
  CHECK_FALSE(uut.handle_chunk(true, bytes(1)));
  CHECK(uut.dropped() == 2);
  CHECK(uut.handle_chunk(true, bytes(1'000)));
}

TEST_CASE("unreliable messages longer than the window take no memory") {
  constexpr auto window = 2 * fragment;
  unreliable_inbox uut{window, 1'000 * fragment};
  auto memory = [] {
    return mallinfo2().uordblks + mallinfo2().hblkhd;
  };
  auto before = memory();
  bytes data(fragment);
  for (auto i = 0; i < 100; ++i)
    CHECK_FALSE(uut.handle_chunk(false, data));
  CHECK(memory() < before + 2 * window);
  CHECK_FALSE(uut.handle_chunk(true, data));
  CHECK(uut.dropped() == 1);
  CHECK_FALSE(uut.handle_chunk(false, bytes(fragment - overhead)));
  CHECK(uut.handle_chunk(true, data));
}

TEST_CASE("without room unreliable messages are dropped") {
  unreliable_inbox uut{2 * (10 + overhead), 1'000};
  auto first = uut.handle_chunk(true, bytes(10));
  auto second = uut.handle_chunk(true, bytes(10));
  REQUIRE(second);
  CHECK_FALSE(uut.handle_chunk(true, bytes(10)));
  CHECK(uut.dropped() == 1);
  uut.handle_finished(second->number);
  uut.handle_finished(second->number);
  CHECK(uut.handle_chunk(true, bytes(10)));
  CHECK_FALSE(uut.handle_chunk(true, bytes(10)));
  uut.handle_finished(first->number);
  CHECK(uut.handle_chunk(true, bytes(10)));
  CHECK(uut.dropped() == 2);
}
