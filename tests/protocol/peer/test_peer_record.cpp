// What outlives an outbox or an inbox, and what a new one makes of it.

#include <node_proxy/protocol/peer/peer_record.hpp>

#include "protocol/delivery/inbox_fixture.hpp"
#include "protocol/delivery/outbox_fixture.hpp"

using namespace test;

namespace {

using enum control::reject_reason;

constexpr std::uint64_t two = 2 * cost_of(1'000);

/// An outbox that goes on with what another one left.
struct later_outbox : outbox_fixture {
  explicit later_outbox(const outbox_record& record)
    : outbox_fixture(holding(max_bytes), record) {}
};

/// The same of an inbox.
struct later_inbox : inbox_fixture {
  explicit later_inbox(const std::optional<inbox_record>& record)
    : inbox_fixture(with_windows(300'000, 0, 0), record) {}
};

std::vector<inbox_record::channel> sorted(const inbox_record& record) {
  auto result = record.channels;
  std::ranges::sort(
    result, {}, [](const inbox_record::channel& x) { return x.key.target; });
  return result;
}

} // namespace

TEST_CASE_FIXTURE(outbox_fixture, "an outbox goes on with its numbers") {
  connect();
  send(1, "a", 1'000);
  send(2, "a", 1'000);
  CHECK(all_sent() == "open 0 a, 0a:1000. 1a:1000.");
  CHECK(ack(0, 2) == "ok");
  CHECK(uut.record() == outbox_record{2, 7, {}});
  later_outbox next{uut.record()};
  CHECK(next.uut.empty());
  CHECK(next.uut.first(7) == 2);
  CHECK(next.connect(3) == "beyond_sent");
  CHECK(next.connect(2) == "reopened");
  CHECK(next.all_sent() == "nothing");
  next.send(3, "a", 1'000);
  CHECK(next.all_sent() == "open 0 a, 2a:1000.");
}

TEST_CASE_FIXTURE(outbox_fixture, "an outbox that was never used") {
  CHECK(uut.record() == outbox_record{});
  later_outbox next{uut.record()};
  CHECK(next.connect() == "reopened");
}

TEST_CASE("what was sent and given up is voided by the next outbox") {
  outbox_fixture before;
  before.connect(0, two);
  for (send_token token = 1; token <= 3; ++token)
    before.send(token, "a", 1'000, steady_time{1s});
  // There is no room for the third one.
  CHECK(before.all_sent() == "open 0 a, 0a:1000. 1a:1000.");
  before.uut.handle_disconnect();
  before.expire(1s);
  CHECK_FALSE(before.uut.pending());
  outbox_record record{2, 7, {{ordered_to("a"), {{0, 2, two, false}}}}};
  CHECK(before.uut.record() == record);
  later_outbox x{record};
  CHECK_FALSE(x.uut.empty());
  SUBCASE("the peer got nothing") {
    // Nobody knows any more that these were no parts of one message.
    CHECK(x.connect(0, two) == "open 0 a, abort a 0, reopened");
    CHECK(x.sent_again == 0);
    CHECK(x.all_sent() == "void 0-2");
    CHECK(x.ack(0, 2) == "ok");
    CHECK(x.uut.empty());
    x.send(4, "a", 1'000);
    CHECK(x.all_sent() == "2a:1000.");
  }
  SUBCASE("the peer got all and waits for an engine") {
    CHECK(x.connect(2, two) == "open 0 a, reopened");
    CHECK(x.ack(0, 0, {}, two) == "ok");
    // Its window is full.
    x.send(4, "a", 1'000);
    x.send(5, "b", 1'000);
    CHECK(x.all_sent() == "open 1 b, 2b:1000.");
    CHECK(x.ack(0, 2, {}, two) == "ok");
    CHECK(x.all_sent() == "3a:1000.");
  }
  SUBCASE("the peer has rejected one of them") {
    CHECK(x.connect(2, two) == "open 0 a, reopened");
    CHECK(x.ack(0, 2, {{1, malformed}}) == "ok");
    CHECK(x.outcomes().empty());
    CHECK(x.settled() == "0:2");
  }
  SUBCASE("the peer has forgotten all") {
    CHECK(x.connect(2, two, 8) == "reopened");
    CHECK(x.uut.empty());
    CHECK(x.all_sent() == "nothing");
  }
  SUBCASE("nothing has changed") {
    CHECK(x.uut.record() == record);
  }
}

TEST_CASE("the next outbox says what comes no more") {
  outbox_fixture before;
  before.connect(0, 100'000);
  before.send(1, "a", 3 * fragment, steady_time{1s});
  before.send(2, "b", 2 * fragment, steady_time{1s});
  CHECK(before.sent(before.small_frame) == "open 0 a");
  CHECK(before.sent(before.small_frame) == "0a:16000");
  CHECK(before.sent(before.small_frame) == "open 1 b");
  CHECK(before.sent(before.small_frame) == "1b:16000");
  CHECK(before.sent(before.small_frame) == "2a:16000");
  CHECK(before.sent(before.small_frame) == "3b:16000.");
  before.uut.handle_disconnect();
  before.expire(1s);
  auto record = before.uut.record();
  REQUIRE(record.channels.size() == 2);
  for (const auto& [key, ended] : record.channels) {
    REQUIRE(ended.size() == 1);
    auto is_a = key == ordered_to("a");
    CHECK(ended[0].partly_sent == is_a);
    CHECK(ended[0].first == (is_a ? 0 : 1));
    CHECK(ended[0].end == (is_a ? 3 : 4));
    CHECK(ended[0].cost == cost_of(2 * fragment));
  }
  later_outbox x{record};
  SUBCASE("to whom some is missing") {
    auto text = x.connect(3);
    CHECK(text.find("abort a 0") != text.npos);
    CHECK(text.find("abort b 1") != text.npos);
    CHECK(x.all_sent() == "void 3-4");
  }
  SUBCASE("to whom nothing is missing") {
    auto text = x.connect(4);
    CHECK(text.find("abort a 0") != text.npos);
    CHECK(text.find("abort b 1") == text.npos);
    CHECK(x.all_sent() == "nothing");
  }
}

TEST_CASE_FIXTURE(outbox_fixture, "a record of many small messages is small") {
  connect(0, 1'000'000);
  for (send_token token = 1; token <= 100; ++token)
    send(token, token == 50 ? "b" : "a", token == 70 ? 2 * fragment : 10,
         steady_time{1s});
  all_sent();
  uut.handle_disconnect();
  expire(1s);
  std::size_t ranges = 0;
  for (const auto& x : uut.record().channels)
    ranges += x.ended.size();
  // Of a those before the large one, and that with those behind it.
  CHECK(ranges == 3);
}

TEST_CASE("an inbox goes on with its numbers and rejects") {
  inbox_fixture before;
  CHECK_FALSE(before.uut.record());
  CHECK(before.resume(7, 5) == "ok");
  CHECK(before.open(0, "a") == "ok");
  CHECK(before.open(1, "b") == "ok");
  CHECK(before.whole(0, 5, 10) == "ok");
  CHECK(before.whole(1, 6, 10) == "ok");
  CHECK(before.whole(1, 7, 10) == "ok");
  CHECK_FALSE(before.uut.at_rest());
  before.finish("a5", engine_gone);
  before.finish("b6");
  CHECK_FALSE(before.uut.at_rest());
  before.finish("b7", malformed);
  CHECK(before.uut.at_rest());
  auto record = before.uut.record();
  REQUIRE(record);
  CHECK(record->epoch == 7);
  CHECK(record->next == 8);
  CHECK(record->reject_count() == 2);
  CHECK(sorted(*record)
        == std::vector<inbox_record::channel>{
          {ordered_to("a"), {{5, engine_gone}}, {}},
          {ordered_to("b"), {{7, malformed}}, {}}});
  later_inbox x{record};
  CHECK(x.uut.received() == control::received_state{7, 8});
  CHECK(x.uut.unsettled());
  CHECK(x.resume(7, 8) == "ok");
  CHECK(x.open(0, "b") == "ok");
  CHECK(x.acked() == "0:8 7=malformed");
  x.uut.handle_reopened(x.uut.received()->next, x.now);
  CHECK(x.settled(0, 8) == "ok");
  CHECK(x.uut.record() == inbox_record{7, 8, {}, record->used});
}

TEST_CASE("messages that have arrived in part are remembered") {
  inbox_fixture before;
  before.connect("ab");
  auto data = announcing(2 * fragment);
  data.back() = std::byte{7};
  CHECK(before.chunk(0, 0, false, data) == "ok");
  CHECK(before.begin(1, 1, 2 * fragment) == "ok");
  CHECK(before.uut.at_rest());
  CHECK_FALSE(before.uut.idle());
  auto record = before.uut.record();
  REQUIRE(record);
  CHECK(record->next == 2);
  // With what it takes to remember that.
  CHECK(record->unfinished_bytes() >= 2 * fragment);
  CHECK(record->unfinished_bytes() < 2 * fragment + 1'000);
  later_inbox x{record};
  CHECK(x.uut.record()->channels.size() == 2);
  CHECK_FALSE(x.uut.idle());
  CHECK(x.resume(1, 0) == "ok");
  CHECK(x.open(0, "a") == "ok");
  SUBCASE("until they are whole") {
    CHECK(x.open(1, "b") == "ok");
    x.uut.handle_reopened(x.uut.received()->next, x.now);
    CHECK(x.end(1, 2) == "ok");
    CHECK(x.end(0, 3) == "ok");
    CHECK(x.arrived() == "b1:32000 a0:32000");
    CHECK(x.last_data[fragment - 1] == std::byte{7});
    x.finish("a0");
    x.finish("b1");
    CHECK(x.acked() == "0:4, 1:4");
  }
  SUBCASE("or given up") {
    CHECK(x.abort(0, 0) == "ok");
    x.uut.handle_reopened(x.uut.received()->next, x.now);
    CHECK(x.uut.idle());
    CHECK(x.acked() == "0:2");
  }
  SUBCASE("or the sender begins anew") {
    CHECK(x.resume(2, 0) == "ok");
    CHECK(x.uut.idle());
    CHECK(x.open(0, "a") == "ok");
    CHECK(x.end(0, 0, 10) == "ok");
    CHECK(x.arrived() == "a0:10");
  }
}

TEST_CASE("what is remembered in part counts in its window again") {
  inbox_fixture before{with_windows(20'000, 100'000, 0)};
  before.connect();
  CHECK(before.begin(0, 0, 2 * fragment) == "ok");
  auto window = before.window(0);
  inbox_fixture x{before.settings, before.uut.record()};
  CHECK(x.taken() == 0);
  CHECK(x.resume(1, 0) == "ok");
  SUBCASE("as the sender knows") {
    CHECK(x.open(0, "a", window) == "ok");
  }
  SUBCASE("of which it has not heard") {
    CHECK(x.open(0, "a") == "ok");
  }
  CHECK(x.window(0) == 2 * fragment + overhead);
  CHECK(x.end(0, 1) == "ok");
  CHECK(x.whole(0, 2, 1) == "beyond_window");
}
