// Channels at their receiver: how they come and go, and that none waits for
// another one.

#include <node_proxy/protocol/delivery/inbox.hpp>

#include "inbox_fixture.hpp"

using namespace test;

namespace {

using enum control::reject_reason;

/// The name of an engine.
std::string engine(std::uint64_t number) {
  return "engine" + std::to_string(number);
}

} // namespace

TEST_CASE_FIXTURE(inbox_fixture, "channels do not wait for each other") {
  connect("ab");
  CHECK(whole(0, 0, 10) == "ok");
  CHECK(whole(1, 1, 10) == "ok");
  CHECK(whole(0, 2, 10) == "ok");
  CHECK(whole(1, 3, 10) == "ok");
  CHECK(arrived() == "a0:10 b1:10 a2:10 b3:10");
  // The engine a stands still.
  finish("b1");
  CHECK(acked() == "1:3");
  finish("b3", malformed);
  CHECK(acked() == "1:4 3=malformed");
  finish("a2");
  CHECK(acked().empty());
  finish("a0");
  CHECK(acked() == "0:4");
}

TEST_CASE("a full window stops one channel alone") {
  inbox_fixture x{with_windows(1'000, 0, 0)};
  x.connect("ab");
  CHECK(x.whole(0, 0, 1'000 - overhead) == "ok");
  for (std::uint64_t seq = 1; seq < 100; ++seq) {
    CHECK(x.whole(1, seq, 1'000 - overhead) == "ok");
    x.finish("b" + std::to_string(seq));
    CHECK(x.acked() == "1:" + std::to_string(seq + 1));
  }
  CHECK(x.whole(0, 100, 1) == "beyond_window");
}

TEST_CASE_FIXTURE(inbox_fixture, "fragments of several channels interleave") {
  connect("abc");
  CHECK(begin(0, 0, 2 * fragment + 1) == "ok");
  CHECK(begin(1, 1, 2 * fragment) == "ok");
  CHECK(more(0, 2) == "ok");
  CHECK(whole(2, 3, 10) == "ok");
  CHECK(end(1, 4) == "ok");
  CHECK(end(0, 5, 1) == "ok");
  CHECK(arrived() == "c3:10 b1:32000 a0:32001");
  finish("b1");
  finish("a0");
  finish("c3");
  CHECK(acked() == "0:6, 1:6, 2:6");
}

TEST_CASE_FIXTURE(inbox_fixture, "a void range moves all channels on") {
  connect("ab");
  CHECK(whole(0, 0, 10) == "ok");
  CHECK(void_range(1, 3) == "ok");
  CHECK(acked() == "0:0, 1:3");
}

TEST_CASE_FIXTURE(inbox_fixture, "channels are numbered from 0 on") {
  CHECK(resume(1, 0) == "ok");
  CHECK(open(1, "a") == "out_of_order");
  CHECK(open(0, "a") == "ok");
  CHECK(open(0, "b") == "out_of_order");
  CHECK(open(2, "b") == "out_of_order");
  CHECK(open(1, "b") == "ok");
  CHECK(uut.target_of(1) != nullptr);
  CHECK(*uut.target_of(1) == "b");
  CHECK(uut.target_of(2) == nullptr);
  // The next connection begins anew.
  CHECK(resume(1, 0) == "ok");
  CHECK(uut.target_of(1) == nullptr);
  CHECK(open(0, "b") == "ok");
  CHECK(*uut.target_of(0) == "b");
}

TEST_CASE_FIXTURE(inbox_fixture, "no engine has two channels of one kind") {
  connect("a");
  CHECK(open(1, "a") == "bad_open");
  CHECK(open(1, "a", {}, transport_ordering::unordered) == "ok");
  CHECK(open(2, "a", {}, transport_ordering::unordered) == "bad_open");
  CHECK(whole(0, 0, 10) == "ok");
  CHECK(whole(1, 1, 20) == "ok");
  finish("a1");
  CHECK(acked() == "1:2");
}

TEST_CASE_FIXTURE(inbox_fixture, "there are 1,024 open channels at most") {
  CHECK(resume(1, 0) == "ok");
  for (std::uint64_t i = 0; i < limits::channels; ++i)
    CHECK(open(i, engine(i)) == "ok");
  CHECK(open(limits::channels, "one more") == "bad_open");
  CHECK(close(7) == "ok");
  CHECK(open(limits::channels, "one more") == "ok");
  CHECK(open(limits::channels + 1, engine(7)) == "bad_open");
}

TEST_CASE_FIXTURE(inbox_fixture, "a channel is closed when all is done") {
  connect("ab");
  CHECK(whole(0, 0, 10) == "ok");
  SUBCASE("not before its message is taken") {
    CHECK(close(0) == "bad_close");
    return;
  }
  SUBCASE("not before a reject is settled") {
    finish("a0", malformed);
    CHECK(close(0) == "bad_close");
    CHECK(settled(0, 1) == "ok");
  }
  SUBCASE("not in the middle of a message") {
    finish("a0");
    CHECK(begin(0, 1, 2 * fragment) == "ok");
    CHECK(close(0) == "bad_close");
    CHECK(abort(0, 1) == "ok");
  }
  CHECK(close(0) == "ok");
  CHECK(close(0) == "unknown_channel");
  CHECK(whole(0, 2, 10) == "unknown_channel");
  // What there is to acknowledge is no more.
  CHECK(acked().find("0:") == std::string::npos);
  CHECK(open(2, "a") == "ok");
}

TEST_CASE_FIXTURE(inbox_fixture,
                  "a chunk for a channel of the last connection") {
  connect("ab");
  CHECK(whole(1, 0, 10) == "ok");
  CHECK(resume(1, 0) == "ok");
  CHECK(whole(1, 1, 10) == "unknown_channel");
  CHECK(open(0, "a") == "ok");
  CHECK(whole(1, 1, 10) == "unknown_channel");
  CHECK(whole(0, 1, 10) == "ok");
}

TEST_CASE_FIXTURE(inbox_fixture, "messages go on with another channel number") {
  connect("ab");
  CHECK(begin(0, 0, 2 * fragment) == "ok");
  CHECK(begin(1, 1, 2 * fragment) == "ok");
  connect("ba");
  CHECK(end(1, 2) == "ok");
  CHECK(end(0, 3) == "ok");
  CHECK(arrived() == "a0:32000 b1:32000");
  finish("b1");
  CHECK(acked() == "0:4");
}

TEST_CASE_FIXTURE(inbox_fixture, "what is not opened again is forgotten") {
  connect("abc");
  CHECK(begin(0, 0, 2 * fragment) == "ok");
  CHECK(whole(1, 1, 10) == "ok");
  CHECK(whole(2, 2, 10) == "ok");
  CHECK(whole(2, 3, 10) == "ok");
  finish("b1", malformed);
  finish("c2", malformed);
  CHECK(resume(1, 0) == "ok");
  CHECK(uut.unsettled());
  uut.handle_reopened(uut.received()->next, now);
  CHECK_FALSE(uut.unsettled());
  // Nobody has to be told of what an engine has, but it counts until then.
  CHECK_FALSE(uut.idle());
  CHECK_FALSE(uut.at_rest());
  finish("c3", malformed);
  CHECK(uut.idle());
  CHECK(uut.at_rest());
  CHECK_FALSE(uut.unsettled());
  CHECK(acked().empty());
  CHECK(uut.record() == inbox_record{1, 4, {}, true});
  // And nothing goes on that was dropped.
  CHECK(open(0, "a") == "ok");
  CHECK(end(0, 4) == "ok");
  CHECK(arrived() == "b1:10 c2:10 c3:10 a4:16000");
}

TEST_CASE_FIXTURE(inbox_fixture,
                  "until all are reopened nothing is forgotten") {
  connect("ab");
  CHECK(begin(0, 0, 2 * fragment) == "ok");
  CHECK(whole(1, 1, 10) == "ok");
  CHECK(resume(1, 0) == "ok");
  CHECK(open(0, "a") == "ok");
  finish("b1", malformed);
  CHECK(open(1, "b") == "ok");
  uut.handle_reopened(uut.received()->next, now);
  CHECK(acked() == "0:0, 1:2 1=malformed");
  CHECK(end(0, 2) == "ok");
  CHECK(arrived() == "b1:10 a0:32000");
}

TEST_CASE_FIXTURE(inbox_fixture,
                  "what came on a later connection outlives an earlier one") {
  // The peer has begun two connections, of which this end heard in turn: the
  // earlier one last, when nothing was to be opened again.
  auto begin_of_earlier = uut.received() ? uut.received()->next : 0;
  connect("ab");
  CHECK(whole(1, 0, 10) == "ok");
  finish("b0", malformed);
  CHECK(begin(0, 1, 2 * fragment) == "ok");
  CHECK(resume(1, 0) == "ok");
  uut.handle_reopened(begin_of_earlier, now);
  CHECK(uut.unsettled());
  // The next connection goes on with all.
  CHECK(resume(1, 0) == "ok");
  CHECK(open(0, "a") == "ok");
  CHECK(open(1, "b") == "ok");
  uut.handle_reopened(uut.received()->next, now);
  CHECK(acked() == "0:1, 1:2 0=malformed");
  CHECK(end(0, 2) == "ok");
  CHECK(arrived() == "b0:10 a1:32000");
}

TEST_CASE_FIXTURE(inbox_fixture,
                  "what is aborted after a channel is reopened") {
  connect("a");
  CHECK(begin(0, 0, 3 * fragment) == "ok");
  CHECK(resume(1, 0) == "ok");
  CHECK(open(0, "a") == "ok");
  CHECK(abort(0, 0) == "ok");
  uut.handle_reopened(uut.received()->next, now);
  CHECK(void_range(1, 2) == "ok");
  CHECK(acked() == "0:2");
  CHECK(uut.idle());
}

TEST_CASE_FIXTURE(inbox_fixture, "what engines take between connections") {
  connect("ab");
  CHECK(whole(0, 0, 10) == "ok");
  CHECK(whole(1, 1, 10) == "ok");
  finish("a0");
  CHECK(resume(1, 0) == "ok");
  CHECK(acked().empty()); // of channels that are not open
  finish("b1", engine_gone);
  CHECK(open(0, "b") == "ok");
  CHECK(open(1, "a") == "ok");
  uut.handle_reopened(uut.received()->next, now);
  CHECK(acked() == "0:2 1=engine_gone, 1:2");
}

TEST_CASE("1,024 unsettled rejects of all channels hold back others alone") {
  inbox_fixture x;
  x.connect("abc");
  constexpr std::uint64_t most = limits::unsettled_rejects;
  std::uint64_t seq = 0;
  for (; seq < most; ++seq) {
    auto target = seq % 2;
    CHECK(x.whole(target, seq, 10) == "ok");
    x.finish((target == 0 ? "a" : "b") + std::to_string(seq), malformed);
  }
  CHECK(x.acked().starts_with("0:1024 0=malformed 2=malformed"));
  CHECK(x.whole(0, seq, 10) == "ok");
  CHECK(x.whole(0, seq + 1, 10) == "ok");
  CHECK(x.whole(2, seq + 2, 10) == "ok");
  CHECK(x.whole(2, seq + 3, 10) == "ok");
  x.finish("a1024", malformed);
  x.finish("a1025");
  CHECK(x.acked().empty());
  x.finish("c1026");
  CHECK(x.acked() == "2:1027");
  x.finish("c1027", malformed);
  CHECK(x.acked().empty());
  CHECK_FALSE(x.uut.record());
  // It does not matter in which channel some are settled.
  x.now = 2s;
  CHECK(x.settled(1, 4) == "ok");
  CHECK(x.uut.ack_wanted_since() == x.now);
  auto text = x.acked();
  CHECK(text.ends_with("1024=malformed, 2:1028 1027=malformed"));
  CHECK(text.starts_with("0:1028 "));
}

TEST_CASE("rejects that were held back go on in their order") {
  inbox_fixture x;
  const std::string targets = "abcdefghijklmnop";
  x.connect(targets);
  std::uint64_t seq = 0;
  for (; seq < limits::unsettled_rejects; ++seq) {
    CHECK(x.whole(0, seq, 10) == "ok");
    x.finish("a" + std::to_string(seq), malformed);
  }
  x.acked();
  for (std::uint64_t channel = 1; channel < targets.size(); ++channel, ++seq) {
    CHECK(x.whole(channel, seq, 10) == "ok");
    x.finish(targets[channel] + std::to_string(seq), malformed);
  }
  CHECK(x.settled(0, 0) == "ok");
  CHECK(x.acked().empty());
  // Each that is settled makes room for the one that has waited longest.
  for (std::uint64_t channel = 1; channel < targets.size(); ++channel) {
    CHECK(x.settled(0, channel) == "ok");
    CHECK(x.acked().starts_with(std::to_string(channel) + ":"));
  }
}

TEST_CASE("a forgotten channel makes room for rejects") {
  inbox_fixture x;
  x.connect("ab");
  constexpr std::uint64_t most = limits::unsettled_rejects;
  for (std::uint64_t seq = 0; seq < most; ++seq) {
    CHECK(x.whole(0, seq, 10) == "ok");
    x.finish("a" + std::to_string(seq), malformed);
  }
  CHECK(x.whole(1, most, 10) == "ok");
  x.finish("b1024", malformed);
  CHECK(x.resume(1, most) == "ok");
  CHECK(x.open(0, "b") == "ok");
  CHECK(x.acked() == "0:1024");
  x.uut.handle_reopened(x.uut.received()->next, x.now);
  CHECK(x.acked() == "0:1025 1024=malformed");
}

TEST_CASE_FIXTURE(inbox_fixture, "an acknowledgement may be urgent") {
  connect("ab");
  for (std::uint64_t seq = 0; seq < 4; ++seq)
    CHECK(whole(0, seq, 1'000) == "ok");
  CHECK_FALSE(uut.ack_is_urgent());
  SUBCASE("when more than half of what is here is finished") {
    finish("a0");
    finish("a1");
    CHECK_FALSE(uut.ack_is_urgent());
    finish("a2");
  }
  SUBCASE("in any channel") {
    finish("a0");
    CHECK(whole(1, 4, 10) == "ok");
    CHECK_FALSE(uut.ack_is_urgent());
    finish("b4");
  }
  CHECK(uut.ack_is_urgent());
  acked();
  CHECK_FALSE(uut.ack_is_urgent());
}

TEST_CASE("an acknowledgement of much is urgent") {
  inbox_fixture x{with_windows(16'000, 0, 0)};
  x.connect();
  for (std::uint64_t seq = 0; seq < 10; ++seq)
    CHECK(x.whole(0, seq, 1'600 - overhead) == "ok");
  x.finish("a0");
  x.finish("a1");
  CHECK_FALSE(x.uut.ack_is_urgent());
  x.finish("a2"); // more than a quarter
  CHECK(x.uut.ack_is_urgent());
}

TEST_CASE(
  "what is void on a connection is settled, if its channel is not open") {
  inbox_fixture x;
  x.connect("ab");
  CHECK(x.whole(0, 0, 10) == "ok");
  CHECK(x.whole(1, 1, 10) == "ok");
  x.finish("a0", control::reject_reason::unknown_engine);
  x.finish("b1");
  CHECK(x.uut.unsettled());
  // A connection that had begun before anything arrived.
  CHECK(x.resume(1, 0) == "ok");
  CHECK(x.open(0, "b") == "ok");
  x.uut.handle_reopened(0, x.now);
  CHECK(x.uut.unsettled());
  CHECK(x.void_range(0, 1) == "ok");
  CHECK_FALSE(x.uut.unsettled());
}

TEST_CASE("what is void once more is paid for by the channels that are left") {
  inbox_fixture x;
  x.connect("ab");
  CHECK(x.whole(0, 0, 10) == "ok");
  CHECK(x.whole(1, 1, 10) == "ok");
  CHECK(x.whole(1, 2, 10) == "ok");
  x.finish("b1");
  x.finish("b2");
  CHECK(x.resume(1, 0) == "ok");
  CHECK(x.open(0, "b") == "ok");
  x.uut.handle_reopened(0, x.now);
  auto before = x.uut.wasted().bytes;
  // An engine still has what came in the other one.
  CHECK(x.void_range(0, 1) == "ok");
  auto after = x.uut.wasted().bytes;
  CHECK(after > before);
  CHECK(x.void_range(1, 2) == "ok");
  CHECK(x.uut.wasted().bytes - after == after - before);
  x.finish("a0");
  CHECK(x.resume(1, 0) == "ok");
  CHECK(x.open(0, "b") == "ok");
  x.uut.handle_reopened(0, x.now);
  before = x.uut.wasted().bytes;
  CHECK(x.void_range(0, 1) == "ok");
  CHECK(x.void_range(1, 2) == "ok");
  CHECK(x.uut.wasted().bytes == before);
}
