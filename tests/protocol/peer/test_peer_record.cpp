// What outlives an outbox or an inbox, and what a new one makes of it.

#include <doctest/doctest.h>

#include <node_proxy/protocol/peer/peer_record.hpp>

#include "support/chunks.hpp"
#include "support/octets.hpp"

using namespace test;
using namespace std::chrono_literals;

namespace {

constexpr auto overhead = limits::message_overhead;

outbox outbox_of(const outbox_record& record) {
  return {1'000'000, 100, record};
}

/// Sends a message of 1,000 bytes that lasts for a second.
void send(outbox& uut, send_token token) {
  CHECK(uut.handle_send(token, split(bytes(1'000)), steady_time{1s}));
}

/// The numbers of the next chunks or of the next range, without the last.
std::string next_of(outbox& uut) {
  auto next = uut.poll_transmit(65'000);
  if (!next)
    return "nothing";
  if (auto range = std::get_if<control::void_range>(&*next))
    return "void " + std::to_string(range->from) + "-"
           + std::to_string(range->to);
  const auto& batch = std::get<chunk_batch>(*next);
  return std::to_string(batch.first) + "-"
         + std::to_string(batch.first + batch.chunks.count());
}

} // namespace

TEST_CASE("an outbox goes on with its numbers") {
  outbox before{1'000'000, 100};
  CHECK(before.handle_resume(0, 100'000));
  send(before, 1);
  send(before, 2);
  CHECK(next_of(before) == "0-2");
  CHECK(before.handle_ack({2, 100'000, {}}));
  CHECK(before.record() == outbox_record{2, 2, 0});
  auto uut = outbox_of(before.record());
  CHECK(uut.empty());
  CHECK(uut.first() == 2);
  CHECK_FALSE(uut.handle_resume(3, 100'000));
  CHECK(uut.handle_resume(2, 100'000) == 0);
  CHECK(next_of(uut) == "nothing");
  send(uut, 3);
  CHECK(next_of(uut) == "2-3");
}

TEST_CASE("what was sent and given up is voided by the next outbox") {
  outbox before{1'000'000, 100};
  CHECK(before.handle_resume(0, 2 * (1'000 + overhead)));
  for (send_token token = 1; token <= 3; ++token)
    send(before, token);
  CHECK(next_of(before) == "0-2"); // there is no room for the third one
  before.handle_disconnect();
  before.handle_timeout({1s, 0s}, send_error::expired);
  CHECK_FALSE(before.pending());
  outbox_record record{0, 2, 2 * (1'000 + overhead)};
  CHECK(before.record() == record);
  SUBCASE("the peer got nothing") {
    auto uut = outbox_of(record);
    CHECK(uut.handle_resume(0, 100'000) == 0);
    CHECK(next_of(uut) == "void 0-2");
    send(uut, 4);
    CHECK(next_of(uut) == "2-3");
    CHECK(uut.handle_ack({3, 100'000, {}}));
    CHECK(uut.empty());
  }
  SUBCASE("the peer got all and waits for an engine") {
    auto uut = outbox_of(record);
    // Its window is full.
    CHECK(uut.handle_resume(2, 2 * (1'000 + overhead)) == 0);
    send(uut, 4);
    CHECK(next_of(uut) == "nothing");
    CHECK(uut.handle_ack({1, 2 * (1'000 + overhead), {}}));
    CHECK(next_of(uut) == "nothing");
    CHECK(uut.handle_ack({2, 2 * (1'000 + overhead), {}}));
    CHECK(next_of(uut) == "2-3");
  }
  SUBCASE("nothing has changed") {
    CHECK(outbox_of(record).record() == record);
  }
}

TEST_CASE("an inbox goes on with its numbers and rejects") {
  inbox before{300'000, 250'000};
  CHECK_FALSE(before.record());
  CHECK(before.handle_resume(7, 5));
  bytes data(10);
  auto first = before.handle_chunk(5, true, data);
  auto second = before.handle_chunk(6, true, data);
  REQUIRE(first);
  REQUIRE(second);
  CHECK_FALSE(before.at_rest());
  before.handle_finished((*first)->id, control::reject_reason::engine_gone, 1s);
  CHECK_FALSE(before.at_rest());
  before.handle_finished((*second)->id, {}, 1s);
  CHECK(before.at_rest());
  std::vector<control::reject> rejects{
    {5, control::reject_reason::engine_gone}};
  REQUIRE(before.record());
  CHECK(*before.record() == inbox_record{7, 7, rejects});
  inbox uut{300'000, 250'000, before.record()};
  CHECK(uut.received() == control::received_state{7, 7});
  CHECK(uut.unsettled());
  CHECK(uut.handle_resume(7, 7));
  CHECK(uut.take_ack() == control::ack{7, 300'000, rejects});
  CHECK(uut.handle_settled({7}, 1s));
  CHECK(*uut.record() == inbox_record{7, 7, {}});
}

TEST_CASE("an incomplete message is not remembered as arrived") {
  inbox uut{300'000, 250'000};
  CHECK(uut.handle_resume(7, 0));
  CHECK(uut.handle_chunk(0, false, bytes(limits::fragment)));
  CHECK(uut.at_rest());
  CHECK_FALSE(uut.idle());
  CHECK(uut.received() == control::received_state{7, 1});
  CHECK(*uut.record() == inbox_record{7, 0, {}});
}
