// What the channels of one peer, and those of several, may have outstanding.

#include <node_proxy/protocol/delivery/inbox.hpp>

#include "inbox_fixture.hpp"

using namespace test;

namespace {

constexpr std::uint64_t own = 20'000;

} // namespace

TEST_CASE("each channel has a window of its own") {
  inbox_fixture x{with_windows(own, 0, 0)};
  x.connect("ab");
  for (std::uint64_t channel : {0u, 1u}) {
    CHECK(x.whole(channel, 2 * channel, 16'000) == "ok");
    CHECK(x.whole(channel, 2 * channel + 1, own - 16'000 - 2 * overhead)
          == "ok");
  }
  CHECK(x.whole(0, 4, 1) == "beyond_window");
  CHECK(x.taken() == 0);
}

TEST_CASE("the window of an engine that takes messages grows") {
  inbox_fixture x{with_windows(own, 1'000'000, 0)};
  x.connect();
  std::uint64_t seq = 0;
  auto flow = [&](std::size_t bytes) {
    for (std::size_t i = 0; i < bytes / 10'000; ++i) {
      CHECK(x.whole(0, seq, 10'000 - overhead) == "ok");
      x.finish("a" + std::to_string(seq++));
    }
    return x.window(0);
  };
  CHECK(flow(10'000) == 2 * own);
  CHECK(flow(20'000) == 4 * own);
  // Up to half of what is shared.
  CHECK(flow(1'000'000) == own + 500'000);
  CHECK(x.taken() == 500'000);
  CHECK(x.close(0) == "ok");
  CHECK(x.taken() == 0);
}

TEST_CASE("a large message makes its window large enough") {
  inbox_fixture x{with_windows(own, 1'000'000, 0)};
  x.connect();
  CHECK(x.whole(0, 0, 1'000) == "ok");
  CHECK(x.begin(0, 1, 100'000) == "ok");
  CHECK(x.uut.ack_is_urgent());
  // With what is before it.
  CHECK(x.window(0) == 1'000 + overhead + 100'000 + overhead);
  for (std::uint64_t seq = 2; seq < 7; ++seq)
    CHECK(x.more(0, seq) == "ok");
  CHECK(x.end(0, 7, 4'000) == "ok");
  CHECK(x.arrived() == "a0:1000 a1:100000");
}

TEST_CASE("what others hold is not shared again") {
  inbox_fixture x{with_windows(own, 800'000, 0)};
  x.connect("abc");
  CHECK(x.begin(0, 0, 400'000 + own - overhead) == "ok");
  CHECK(x.window(0) == own + 400'000);
  // Half of what is left, then half of that.
  CHECK(x.begin(1, 1, 200'001 + own - overhead) == "ok");
  CHECK(x.window(1) == own);
  CHECK(x.begin(2, 2, 200'000 + own - overhead) == "ok");
  CHECK(x.window(2) == own + 200'000);
  CHECK(x.taken() == 600'000);
  // What the first one may not have any more comes back with what is consumed,
  // and no faster, for its sender may use what it was permitted.
  CHECK(x.abort(0, 0) == "ok");
  CHECK(x.window(0) == own + 400'000 - fragment - overhead);
  CHECK(x.taken() == static_cast<std::int64_t>(600'000 - fragment - overhead));
  CHECK(x.window(1) == own);
}

TEST_CASE("a message that is too large for what is shared is one at a time") {
  inbox_fixture x{with_windows(own, 0, 1'000'000)};
  x.connect("abc");
  CHECK(x.begin(0, 0, 700'000) == "ok");
  CHECK(x.window(0) == 700'000 + overhead);
  CHECK(x.taken() == static_cast<std::int64_t>(700'000 + overhead - own));
  CHECK(x.begin(1, 1, 500'000) == "ok");
  CHECK(x.window(1) == own);
  // A smaller one finds room.
  CHECK(x.begin(2, 2, 200'000) == "ok");
  CHECK(x.window(2) == 200'000 + overhead);
  // Nothing is left of the one that has to wait.
  CHECK(x.more(1, 3) == "beyond_window");
}

TEST_CASE("what a large message took is given to the next one") {
  inbox_fixture x{with_windows(own, 0, 100'000)};
  x.connect("ab");
  CHECK(x.begin(0, 0, 100'000) == "ok");
  CHECK(x.begin(1, 1, 90'000) == "ok");
  CHECK(x.window(1) == own);
  SUBCASE("when it was taken") {
    for (std::uint64_t seq = 2; seq < 7; ++seq)
      CHECK(x.more(0, seq) == "ok");
    CHECK(x.end(0, 7, 4'000) == "ok");
    CHECK(x.window(1) == own);
    x.finish("a0");
  }
  SUBCASE("when it was given up") {
    CHECK(x.abort(0, 0) == "ok");
    // Only what of it had arrived.
    CHECK(x.window(0) == 100'000 - fragment);
    CHECK(x.window(1) == own);
    return;
  }
  CHECK(x.window(0) == own);
  CHECK(x.window(1) == 90'000 + overhead);
}

TEST_CASE("a large message waits until it is alone in its channel") {
  inbox_fixture x{with_windows(own, 0, 100'000)};
  x.connect();
  CHECK(x.whole(0, 0, 1'000) == "ok");
  CHECK(x.begin(0, 1, 90'000) == "ok");
  CHECK(x.window(0) == own);
  x.finish("a0");
  CHECK(x.window(0) == 90'000 + overhead);
}

TEST_CASE("memory that was not there is looked for again") {
  auto budget = budget_of(50'000);
  inbox_fixture x{with_windows(own, 0, 100'000), {}, budget};
  inbox_fixture y{with_windows(own, 0, 100'000), {}, budget};
  x.connect();
  y.connect();
  CHECK(x.begin(0, 0, 60'000) == "ok");
  CHECK(x.window(0) == 60'000 + overhead);
  CHECK_FALSE(x.uut.next_deadline());
  CHECK(y.begin(0, 0, 60'000) == "ok");
  CHECK(y.window(0) == own);
  auto at = y.uut.next_deadline();
  REQUIRE(at);
  CHECK(*at > y.now);
  y.now = *at;
  y.uut.handle_timeout(y.now);
  CHECK(y.window(0) == own);
  CHECK(y.uut.next_deadline() > y.now);
  // The other peer of the node is done, and says nothing.
  CHECK(x.resume(2, 0) == "ok");
  CHECK(budget->free() == 50'000);
  y.now = *y.uut.next_deadline();
  y.uut.handle_timeout(y.now);
  CHECK(y.window(0) == 60'000 + overhead);
  CHECK_FALSE(y.uut.next_deadline());
  CHECK(budget->free() == 10'000 - static_cast<std::int64_t>(overhead));
}

TEST_CASE("all memory is given back") {
  auto budget = budget_of(1'000'000);
  {
    inbox_fixture x{with_windows(own, 200'000, 100'000), {}, budget};
    x.connect("ab");
    CHECK(x.begin(0, 0, 110'000) == "ok");
    CHECK(x.begin(1, 1, 110'000) == "ok");
    CHECK(budget->free() < 1'000'000 - 170'000);
    SUBCASE("with the peer") {}
    SUBCASE("with its epoch") {
      CHECK(x.resume(2, 0) == "ok");
      CHECK(budget->free() == 1'000'000);
    }
    SUBCASE("with channels that are not opened again") {
      CHECK(x.resume(1, 0) == "ok");
      x.uut.handle_reopened(x.uut.received()->next, x.now);
      CHECK(budget->free() == 1'000'000);
    }
    SUBCASE("with channels that are closed") {
      CHECK(x.abort(0, 0) == "ok");
      CHECK(x.abort(1, 1) == "ok");
      CHECK(x.close(0) == "ok");
      CHECK(x.close(1) == "ok");
      CHECK(budget->free() == 1'000'000);
    }
  }
  CHECK(budget->free() == 1'000'000);
}

TEST_CASE("what the sender was permitted once it may use") {
  inbox_fixture x{with_windows(own, 200'000, 100'000)};
  CHECK(x.resume(1, 0) == "ok");
  SUBCASE("of what is shared") {
    CHECK(x.open(0, "a", own + 200'000) == "ok");
    CHECK(x.taken() == 200'000);
    CHECK(x.window(0) == own + 200'000);
  }
  SUBCASE("of both") {
    CHECK(x.open(0, "a", own + 300'000) == "ok");
    CHECK(x.open(1, "b", own + 300'000) == "ok");
    CHECK(x.open(2, "c", own + 1) == "bad_open");
  }
  SUBCASE("though the node has no memory") {
    CHECK(x.budget->take(inbox_fixture::all_memory));
    CHECK(x.open(0, "a", own + 100'000) == "ok");
    CHECK(x.budget->free() == -100'000);
    CHECK(x.close(0) == "ok");
    CHECK(x.budget->free() == 0);
  }
  SUBCASE("but not more than there ever is") {
    CHECK(x.open(0, "a", own + 300'001) == "bad_open");
  }
}

TEST_CASE("what one channel had, another one may have by now") {
  inbox_fixture x{with_windows(own, 0, 100'000)};
  x.connect("ab");
  CHECK(x.begin(0, 0, 100'000) == "ok");
  CHECK(x.begin(1, 1, 100'000) == "ok");
  CHECK(x.window(0) == 100'000 + overhead);
  for (std::uint64_t seq = 2; seq < 7; ++seq)
    CHECK(x.more(0, seq) == "ok");
  CHECK(x.end(0, 7, 4'000) == "ok");
  x.finish("a0");
  CHECK(x.window(1) == 100'000 + overhead);
  // The other side has heard of neither.
  CHECK(x.resume(1, 0) == "ok");
  CHECK(x.open(0, "a", 100'000 + overhead) == "ok");
  CHECK(x.open(1, "b") == "ok");
}

TEST_CASE("a window that was known before is not taken twice") {
  inbox_fixture x{with_windows(own, 200'000, 0)};
  x.connect();
  CHECK(x.begin(0, 0, 100'000) == "ok");
  auto window = x.window(0);
  auto taken = x.taken();
  CHECK(x.resume(1, 0) == "ok");
  CHECK(x.open(0, "a", window) == "ok");
  CHECK(x.taken() == taken);
  CHECK(x.window(0) == window);
}

TEST_CASE("however many there are, each channel has its own window") {
  inbox_fixture x{with_windows(own, 8u << 20, 0)};
  CHECK(x.resume(1, 0) == "ok");
  std::uint64_t seq = 0;
  for (std::uint64_t i = 0; i < 1'000; ++i) {
    CHECK(x.open(i, "engine" + std::to_string(i)) == "ok");
    // Each takes enough to get more.
    CHECK(x.whole(i, seq, own / 2 - overhead) == "ok");
    x.finish("engine" + std::to_string(i) + std::to_string(seq++));
  }
  CHECK(x.taken() < static_cast<std::int64_t>(8u << 20));
  CHECK(x.open(1'000, "last") == "ok");
  CHECK(x.whole(1'000, seq, own / 2 - overhead) == "ok");
  CHECK(x.whole(1'000, seq + 1, own / 2 - overhead) == "ok");
  CHECK(x.window(1'000) == own);
}

namespace {

/// Messages that have begun and wait for memory, each to an engine of its own,
/// while all there is belongs to other peers.
struct waiting_messages : inbox_fixture {
  explicit waiting_messages(std::uint64_t count)
    : inbox_fixture{with_windows(own, 0, all_memory)}, channels{count} {
    CHECK(budget->take(all_memory));
    CHECK(resume(1, 0) == "ok");
    for (std::uint64_t i = 0; i < channels; ++i) {
      CHECK(open(i, "b" + std::to_string(i)) == "ok");
      CHECK(begin(i, seq++, 2 * own) == "ok");
    }
    CHECK(open(channels, "a") == "ok");
    acked();
  }

  /// Another engine takes a message.
  void take_one() {
    CHECK(whole(channels, seq, 10) == "ok");
    finish("a" + std::to_string(seq++));
  }

  /// How many have got memory.
  std::uint64_t granted() {
    acked();
    std::uint64_t result = 0;
    for (std::uint64_t i = 0; i < channels; ++i)
      result += windows[i] > own ? 1 : 0;
    return result;
  }

  std::uint64_t channels;
  std::uint64_t seq = 0;
};

} // namespace

TEST_CASE("those that wait for memory do not slow down others") {
  // Whoever is looked at when there is memory for all gets it: what a message
  // costs that is taken is counted by that, however many wait.
  waiting_messages some{100};
  waiting_messages many{1'000};
  for (auto* x : {&some, &many}) {
    x->take_one();
    CHECK(x->granted() == 0);
    x->budget->give(inbox_fixture::all_memory);
    x->take_one();
  }
  auto at_once = some.granted();
  CHECK(at_once > 0);
  CHECK(at_once < 20);
  CHECK(many.granted() == at_once);
  // It is the others' turn next, until all have had theirs.
  some.take_one();
  CHECK(some.granted() == 2 * at_once);
  for (std::uint64_t i = 0; i < some.channels / at_once; ++i)
    some.take_one();
  CHECK(some.granted() == some.channels);
}
