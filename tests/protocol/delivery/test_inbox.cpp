// Messages in one channel. What several have to do with each other is in
// test_inbox_channels.cpp, and their windows are in test_inbox_windows.cpp.

#include <node_proxy/protocol/delivery/inbox.hpp>

#include <node_proxy/protocol/wire/message_data.hpp>

#include "inbox_fixture.hpp"

using namespace test;

namespace {

using enum control::reject_reason;

struct fixture : inbox_fixture {
  fixture() { connect(); }
};

} // namespace

TEST_CASE_FIXTURE(fixture, "a message is acknowledged when it was taken") {
  CHECK(uut.idle());
  CHECK(whole(0, 0, 10) == "ok");
  CHECK(arrived() == "a0:10");
  CHECK_FALSE(uut.idle());
  CHECK_FALSE(uut.ack_wanted_since());
  CHECK(acked().empty());
  finish("a0");
  CHECK(uut.ack_wanted_since() == now);
  CHECK(uut.idle());
  CHECK(acked() == "0:1");
  CHECK_FALSE(uut.ack_wanted_since());
  CHECK(acked().empty());
}

TEST_CASE_FIXTURE(fixture, "messages are acknowledged in order") {
  for (std::uint64_t seq = 0; seq < 4; ++seq)
    CHECK(whole(0, seq, 10) == "ok");
  CHECK(arrived() == "a0:10 a1:10 a2:10 a3:10");
  finish("a2");
  finish("a1");
  CHECK(acked().empty());
  finish("a0");
  CHECK(acked() == "0:3");
  finish("a3");
  finish("a3");
  CHECK(acked() == "0:4");
}

TEST_CASE_FIXTURE(fixture, "fragments are put together") {
  CHECK(begin(0, 0, 2 * fragment + 1) == "ok");
  CHECK(more(0, 1) == "ok");
  CHECK(arrived().empty());
  CHECK_FALSE(uut.idle());
  CHECK(end(0, 2, 1) == "ok");
  CHECK(arrived() == "a0:32001");
  finish("a0");
  CHECK(acked() == "0:3");
}

TEST_CASE_FIXTURE(fixture, "the content of fragments") {
  auto data = announcing(fragment + 300);
  auto rest = numbered(300, 9);
  CHECK(chunk(0, 0, false, data) == "ok");
  CHECK(chunk(0, 1, true, rest) == "ok");
  CHECK(last_data == joined(data, rest));
}

TEST_CASE_FIXTURE(fixture, "what arrived before is ignored") {
  CHECK(whole(0, 0, 10) == "ok");
  CHECK(begin(0, 1, fragment + 5) == "ok");
  CHECK(whole(0, 0, 10) == "ok");
  CHECK(more(0, 1) == "ok");
  CHECK(void_range(0, 1) == "ok");
  CHECK(end(0, 2, 5) == "ok");
  CHECK(void_range(1, 3) == "ok");
  CHECK(arrived() == "a0:10 a1:16005");
}

TEST_CASE_FIXTURE(fixture, "chunks that cannot be right are refused") {
  CHECK(whole(0, 1, 10) == "out_of_order");
  CHECK(whole(1, 0, 10) == "unknown_channel");
  CHECK(whole(0, 0, 0) == "empty_chunk");
  CHECK(chunk(0, 0, false, announcing(2 * fragment, fragment - 1))
        == "bad_fragment");
  CHECK(chunk(0, 0, false, announcing(2 * fragment, fragment + 1))
        == "bad_fragment");
  CHECK(whole(0, 0, fragment + 1) == "bad_fragment");
  CHECK(resume(2, limits::sequence_end + 1) == "bad_range");
  CHECK(resume(2, limits::sequence_end) == "ok");
  CHECK(open(0, "a") == "ok");
  CHECK(whole(0, limits::sequence_end, 1) == "bad_range");
  CHECK(arrived().empty());
}

TEST_CASE_FIXTURE(fixture, "a message has the size that it announced") {
  SUBCASE("not less") {
    CHECK(begin(0, 0, 3 * fragment) == "ok");
    CHECK(end(0, 1) == "bad_fragment");
  }
  SUBCASE("not more") {
    CHECK(begin(0, 0, 2 * fragment) == "ok");
    CHECK(more(0, 1) == "bad_fragment");
  }
  SUBCASE("not one byte more") {
    CHECK(begin(0, 0, fragment + 5) == "ok");
    CHECK(end(0, 1, 6) == "bad_fragment");
  }
  SUBCASE("not so little that it needs no fragments") {
    CHECK(begin(0, 0, fragment) == "bad_fragment");
  }
  SUBCASE("which it has to say") {
    CHECK(chunk(0, 0, false, bytes(fragment, std::byte{0xff}))
          == "bad_fragment");
  }
}

TEST_CASE("a message is no longer than the limit") {
  inbox_fixture x{with_windows(300'000, 0, 0, 20'000)};
  x.connect();
  CHECK(x.begin(0, 0, 20'001) == "message_too_long");
  CHECK(x.begin(0, 0, 20'000) == "ok");
  CHECK(x.end(0, 1, 4'000) == "ok");
  CHECK(x.arrived() == "a0:20000");
  inbox_fixture y{with_windows(300'000, 0, 0, 1'000)};
  y.connect();
  CHECK(y.whole(0, 0, 1'001) == "message_too_long");
  CHECK(y.whole(0, 0, 1'000) == "ok");
}

TEST_CASE_FIXTURE(fixture, "fragments take no more memory than was announced") {
  constexpr auto total = 10 * fragment + 7;
  CHECK(begin(0, 0, total) == "ok");
  for (std::uint64_t seq = 1; seq < 10; ++seq)
    CHECK(more(0, seq) == "ok");
  CHECK(end(0, 10, 7) == "ok");
  CHECK(last_capacity == total);
}

TEST_CASE_FIXTURE(fixture, "to announce much takes little memory") {
  CHECK(begin(0, 0, 250'000) == "ok");
  auto record = uut.record();
  REQUIRE(record);
  CHECK(record->unfinished_bytes() <= 4 * fragment);
}

TEST_CASE("once much of a message is there, its memory stays where it is") {
  inbox_fixture x{with_windows(2'000'000, 0, 0)};
  x.connect();
  CHECK(x.begin(0, 0, 900'000) == "ok");
  auto held = [&x] {
    return x.uut.record()->unfinished_bytes();
  };
  std::uint64_t seq = 1;
  for (; seq * fragment < 250'000; ++seq)
    CHECK(x.more(0, seq) == "ok");
  CHECK(held() < 900'000);
  for (; seq * fragment < 300'000; ++seq)
    CHECK(x.more(0, seq) == "ok");
  CHECK(held() >= 900'000);
  CHECK(held() < 901'000);
}

TEST_CASE_FIXTURE(fixture, "more than the window is refused") {
  auto half = 150'000 - overhead;
  for (std::uint64_t seq = 0; seq < 9; ++seq)
    CHECK(whole(0, seq, fragment - overhead) == "ok");
  CHECK(whole(0, 9, half - 9 * fragment) == "ok");
  for (std::uint64_t seq = 10; seq < 19; ++seq)
    CHECK(whole(0, seq, fragment - overhead) == "ok");
  SUBCASE("by one byte") {
    CHECK(whole(0, 19, half - 9 * fragment + 1) == "beyond_window");
  }
  SUBCASE("by another message") {
    CHECK(whole(0, 19, half - 9 * fragment) == "ok");
    CHECK(whole(0, 20, 1) == "beyond_window");
  }
  SUBCASE("unless there is room again") {
    CHECK(whole(0, 19, half - 9 * fragment) == "ok");
    finish("a0");
    CHECK(whole(0, 20, 1) == "ok");
  }
}

TEST_CASE_FIXTURE(fixture, "void ranges are consumed at once") {
  CHECK(void_range(0, 3) == "ok");
  CHECK(acked() == "0:3");
  CHECK(whole(0, 3, 10) == "ok");
  CHECK(void_range(4, 5) == "ok");
  CHECK(acked() == "0:3");
  CHECK(arrived() == "a3:10");
  finish("a3");
  CHECK(acked() == "0:5");
}

TEST_CASE_FIXTURE(fixture, "a void range may begin before what arrived") {
  CHECK(whole(0, 0, 10) == "ok");
  CHECK(void_range(0, 4) == "ok");
  CHECK(arrived() == "a0:10");
  finish("a0");
  CHECK(acked() == "0:4");
}

TEST_CASE_FIXTURE(fixture, "void ranges that cannot be right are refused") {
  CHECK(void_range(1, 2) == "out_of_order");
  CHECK(void_range(0, 0) == "bad_range");
  CHECK(void_range(3, 2) == "bad_range");
  CHECK(void_range(0, limits::sequence_end + 1) == "bad_range");
}

TEST_CASE_FIXTURE(fixture, "many void ranges are acknowledged as one") {
  CHECK(whole(0, 0, 10) == "ok");
  for (std::uint64_t seq = 1; seq < 100'000; ++seq)
    CHECK(uut.handle_void({seq, seq + 1}, now));
  CHECK(whole(0, 100'000, 10) == "ok");
  CHECK(arrived() == "a0:10 a100000:10");
  finish("a0");
  CHECK(acked() == "0:100000");
  finish("a100000");
  CHECK(acked() == "0:100001");
}

TEST_CASE_FIXTURE(fixture, "what is aborted does not come any more") {
  CHECK(begin(0, 0, 3 * fragment) == "ok");
  CHECK(more(0, 1) == "ok");
  CHECK(abort(0, 0) == "ok");
  CHECK(uut.idle());
  CHECK(acked() == "0:2");
  CHECK(whole(0, 2, 7) == "ok");
  CHECK(begin(0, 3, 2 * fragment) == "ok");
  CHECK(end(0, 4) == "ok");
  CHECK(arrived() == "a2:7 a3:32000");
}

TEST_CASE_FIXTURE(fixture, "an abort is of one message and one channel") {
  CHECK(abort(1, 0) == "unknown_channel");
  // What did not arrive is not missed.
  CHECK(abort(0, 0) == "ok");
  CHECK(acked().empty());
  CHECK(begin(0, 0, 2 * fragment) == "ok");
  CHECK(abort(0, 1) == "ok");
  CHECK(end(0, 1) == "ok");
  CHECK(arrived() == "a0:32000");
  // It is whole.
  CHECK(abort(0, 0) == "ok");
  CHECK(acked().empty());
  finish("a0");
  CHECK(acked() == "0:2");
}

TEST_CASE_FIXTURE(fixture, "rejects are repeated until they are settled") {
  for (std::uint64_t seq = 0; seq < 3; ++seq)
    CHECK(whole(0, seq, 10) == "ok");
  finish("a0", unknown_engine);
  CHECK(acked() == "0:1 0=unknown_engine");
  finish("a1");
  finish("a2", malformed);
  CHECK(uut.unsettled());
  CHECK(acked() == "0:3 0=unknown_engine 2=malformed");
  CHECK(settled(0, 1) == "ok");
  CHECK(whole(0, 3, 10) == "ok");
  finish("a3");
  CHECK(acked() == "0:4 2=malformed");
  CHECK(settled(0, 3) == "ok");
  CHECK_FALSE(uut.unsettled());
  CHECK(settled(0, 4) == "ok");
  CHECK(settled(0, 5) == "beyond_received");
  CHECK(settled(1, 0) == "unknown_channel");
}

TEST_CASE_FIXTURE(fixture, "what is not consumed cannot be settled") {
  CHECK(whole(0, 0, 10) == "ok");
  CHECK(whole(0, 1, 10) == "ok");
  finish("a1", malformed);
  CHECK(settled(0, 1) == "beyond_received");
  finish("a0");
  CHECK(settled(0, 2) == "ok");
}

TEST_CASE_FIXTURE(fixture,
                  "what was acknowledged and forgotten is passed over") {
  // A connection of earlier times began the epoch again.
  CHECK(resume(2, 0) == "ok");
  CHECK(resume(2, 6) == "ok");
  CHECK(uut.received() == control::received_state{2, 0});
  CHECK(open(0, "a") == "ok");
  CHECK(void_range(0, 6) == "ok");
  CHECK(whole(0, 6, 10) == "ok");
  CHECK(arrived() == "a6:10");
}

TEST_CASE_FIXTURE(fixture, "the same epoch goes on") {
  CHECK(whole(0, 0, 10) == "ok");
  CHECK(begin(0, 1, fragment + 10) == "ok");
  CHECK(uut.received() == control::received_state{1, 2});
  connect("a", 0);
  CHECK(end(0, 2, 10) == "ok");
  CHECK(arrived() == "a0:10 a1:16010");
  finish("a0");
  CHECK(resume(1, 1) == "ok");
  CHECK(resume(1, 2) == "beyond_received");
}

TEST_CASE_FIXTURE(fixture, "another epoch begins anew") {
  CHECK(whole(0, 0, 10) == "ok");
  CHECK(whole(0, 1, 20) == "ok");
  auto before = ids.at("a1");
  finish("a0", malformed);
  CHECK(resume(2, 7) == "ok");
  CHECK(uut.received() == control::received_state{2, 7});
  CHECK(uut.idle());
  CHECK_FALSE(uut.unsettled());
  CHECK_FALSE(uut.ack_wanted_since());
  CHECK(open(0, "a") == "ok");
  CHECK(acked() == "0:7");
  CHECK(whole(0, 7, 30) == "ok");
  CHECK(arrived() == "a0:10 a1:20 a7:30");
  uut.handle_finished({before.generation, before.channel, 7}, {}, now);
  CHECK(acked().empty());
  finish("a7");
  CHECK(acked() == "0:8");
}

TEST_CASE("what engines hold of earlier epochs is bounded") {
  inbox_fixture x{with_windows(1'000, 1'500, 500)};
  x.connect();
  CHECK(x.whole(0, 0, 1'000 - overhead) == "ok");
  auto first = x.ids.at("a0");
  for (std::uint64_t epoch = 2; epoch < 4; ++epoch) {
    CHECK(x.resume(epoch, 0) == "ok");
    CHECK_FALSE(x.uut.poll_overrun());
    CHECK(x.open(0, "a") == "ok");
    CHECK(x.whole(0, 0, 1'000 - overhead) == "ok");
  }
  CHECK(x.resume(4, 0) == "ok");
  CHECK(x.uut.poll_overrun());
  CHECK_FALSE(x.uut.at_rest());
  x.uut.handle_finished({first.generation, first.channel, 1}, {}, x.now);
  CHECK(x.uut.poll_overrun());
  x.uut.handle_finished(first, {}, x.now);
  x.uut.handle_finished(first, {}, x.now);
  CHECK_FALSE(x.uut.poll_overrun());
  CHECK_FALSE(x.uut.ack_wanted_since());
}

TEST_CASE("before the first connection nothing has been received") {
  inbox_fixture x;
  CHECK_FALSE(x.uut.received());
  CHECK(x.uut.idle());
  CHECK_FALSE(x.uut.record());
}

TEST_CASE_FIXTURE(fixture, "a connection goes on above what has arrived") {
  // Its sender took this end for one that has the numbers before.
  CHECK(resume(1, 100, 105) == "ok");
  CHECK(open(0, "a") == "ok");
  CHECK(whole(0, 104, 10) == "ok");
  CHECK(arrived() == "");
  CHECK(whole(0, 105, 10) == "ok");
  CHECK(arrived() == "a105:10");
}
