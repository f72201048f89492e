// What strangers may have in memory, each and all together.

#include <node_proxy/protocol/delivery/stranger_budget.hpp>

#include "inbox_fixture.hpp"

using namespace test;

namespace {

constexpr auto each = stranger_budget::message_memory;

/// What a channel to an engine with a short name takes.
constexpr std::int64_t empty_channel = 640 + 3;

struct strangers {
  static constexpr std::int64_t all = 8'000'000;
  static constexpr std::int64_t part = all / stranger_budget::parts;

  std::shared_ptr<stranger_budget> shared =
    std::make_shared<stranger_budget>(all, 1'000);
  std::shared_ptr<receive_budget> budget =
    std::make_shared<receive_budget>(0, shared);

  /// What is there for engines.
  std::int64_t taken() const {
    std::int64_t result = 0;
    for (auto engine = 'a'; engine <= 'z'; ++engine)
      result += *shared->of_engine(std::string(1, engine));
    return result;
  }
};

/// A stranger who is connected, with a channel to each of some engines.
struct stranger : inbox_fixture {
  explicit stranger(const strangers& all, std::string_view targets = "a")
    : inbox_fixture(with_windows(20'000, 3'000'000, 10'000'000, 9'000'000), {},
                    all.budget) {
    uut.handle_standing(true, now);
    connect(targets);
  }

  /// Sends what is missing of a message of so many fragments, of which there
  /// is one, but for the last.
  void go_on(std::uint64_t channel, std::uint64_t seq, std::size_t fragments) {
    for (std::size_t i = 1; i + 1 < fragments; ++i)
      CHECK(more(channel, seq++) == "ok");
  }
};

} // namespace

TEST_CASE("an engine may have as much as is free beside it") {
  stranger_budget uut{8'000, 1'000};
  auto a = uut.of_engine("a");
  auto b = uut.of_engine("b");
  CHECK(uut.of_engine("a") == a);
  CHECK(uut.has_room(*a, 4'000));
  CHECK_FALSE(uut.has_room(*a, 4'001));
  *a += 4'000;
  uut.add(4'000);
  CHECK(uut.used() == 4'000);
  CHECK_FALSE(uut.has_room(*a, 1));
  CHECK(uut.has_room(*b, 2'000));
  CHECK_FALSE(uut.has_room(*b, 2'001));
  *a -= 4'000;
  uut.add(-4'000);
  CHECK(uut.free() == 8'000);
}

TEST_CASE("there is room for four of the largest messages") {
  stranger_budget uut{0, 1'000};
  CHECK(uut.free() == 4'000);
  CHECK(uut.has_room(*uut.of_engine("a"), 1'000));
}

TEST_CASE_FIXTURE(strangers, "what is there is charged, with what it takes") {
  stranger x{*this};
  CHECK(x.whole(0, 0, 10) == "ok");
  CHECK(x.whole(0, 1, 10) == "ok");
  CHECK(taken() == static_cast<std::int64_t>(2 * (10 + overhead + each)));
  x.finish("a0");
  CHECK(taken() == static_cast<std::int64_t>(10 + overhead + each));
  SUBCASE("as long as it is a stranger's") {
    x.uut.handle_standing(false, x.now);
    CHECK(taken() == 0);
    x.uut.handle_standing(true, x.now);
    CHECK(taken() > 0);
    x.finish("a1");
  }
  SUBCASE("also if its numbers begin anew") {
    CHECK(x.resume(2, 0) == "ok");
    CHECK(taken() == static_cast<std::int64_t>(10 + overhead + each));
    x.finish("a1");
  }
  CHECK(taken() == 0);
}

TEST_CASE_FIXTURE(strangers, "what was promised to a message is charged") {
  stranger x{*this};
  CHECK(x.begin(0, 0, 900'000) == "ok");
  CHECK(x.window(0) == 900'000 + overhead);
  CHECK(taken() == static_cast<std::int64_t>(900'000 + overhead));
  // What each is spared is not shared.
  CHECK(all - shared->free()
        == taken() + empty_channel - stranger_account::spared);
  CHECK(x.abort(0, 0) == "ok");
  CHECK(taken() == 0);
  CHECK(shared->free() == all);
}

TEST_CASE("however small the part is, a message does not wait for itself") {
  strangers all;
  all.shared = std::make_shared<stranger_budget>(0, 20'000);
  all.budget = std::make_shared<receive_budget>(0, all.shared);
  stranger x{all};
  // The memory of its beginning is more than the part.
  CHECK(x.begin(0, 0, 20'000 - overhead) == "ok");
  CHECK(x.window(0) == 20'000);
  CHECK(x.end(0, 1, 4'000 - overhead) == "ok");
  CHECK(x.arrived() == "a0:19872");
}

TEST_CASE_FIXTURE(strangers, "a channel of a stranger grows within its part") {
  stranger x{*this};
  std::uint64_t seq = 0;
  for (int i = 0; i < 1'000; ++i) {
    CHECK(x.whole(0, seq, 10'000) == "ok");
    x.finish("a" + std::to_string(seq++));
  }
  CHECK(x.window(0) == 20'000 + part / 16);
}

TEST_CASE_FIXTURE(strangers, "who has its part begins nothing more") {
  stranger x{*this, "abc"};
  CHECK(x.begin(0, 0, part - 3'000) == "ok");
  // One that begins before that may be of any size.
  CHECK(x.begin(1, 1, 2'000'000) == "ok");
  CHECK(x.window(1) == 2'000'000 + overhead);
  CHECK(x.begin(2, 2, 100'000) == "ok");
  CHECK(x.window(2) == 20'000);
  // Nobody else's memory is waited for.
  CHECK(shared->waiting() == 0);
  CHECK(x.abort(0, 0) == "ok");
  CHECK(x.abort(1, 1) == "ok");
  CHECK(x.window(2) == 100'000 + overhead);
}

TEST_CASE_FIXTURE(strangers, "what waits for memory is not copied for each "
                             "fragment") {
  stranger x{*this, "a"};
  CHECK(x.begin(0, 0, part) == "ok");
  // A window that is large enough does not ask for memory.
  CHECK(x.open(1, "b", 2'000'000) == "ok");
  auto taken_for_b = [&] {
    return shared->of_engine("b")->load();
  };
  CHECK(x.begin(1, 1, 1'900'000) == "ok");
  CHECK(taken_for_b() < 2 * static_cast<std::int64_t>(fragment));
  int copies = 0;
  for (std::uint64_t seq = 2; seq <= 100; ++seq) {
    auto before = taken_for_b();
    CHECK(x.more(1, seq) == "ok");
    copies += taken_for_b() > before;
    CHECK(taken_for_b()
          <= static_cast<std::int64_t>(seq * fragment * 3 / 2 + 1'000));
  }
  CHECK(copies < 25);
}

TEST_CASE_FIXTURE(strangers, "an engine that takes nothing leaves room for "
                             "others, whoever sends") {
  std::vector<std::unique_ptr<stranger>> senders;
  for (int i = 0; i < 20; ++i) {
    senders.push_back(std::make_unique<stranger>(*this, "stuck"));
    CHECK(senders.back()->begin(0, 0, 500'000) == "ok");
  }
  CHECK(shared->free() >= all / 2);
  stranger x{*this, "x"};
  CHECK(x.begin(0, 0, 1'000'000) == "ok");
  CHECK(x.window(0) == 1'000'000 + overhead);
}

TEST_CASE_FIXTURE(strangers, "who sends more than its part is shed") {
  stranger x{*this, "abcdefghijklmnopqrstuvwxyz"};
  CHECK_FALSE(x.uut.poll_overrun());
  std::uint64_t seq = 0;
  // Small messages, of which no engine takes any.
  auto most =
    static_cast<std::uint64_t>(part + shared->largest()
                               + stranger_account::spared - 26 * empty_channel)
    / (1 + overhead + each);
  for (std::uint64_t i = 0; i < most; ++i)
    CHECK(x.whole(i % 26, seq++, 1) == "ok");
  CHECK_FALSE(x.uut.poll_overrun());
  for (int i = 0; i < 4; ++i)
    CHECK(x.whole(0, seq++, 1) == "ok");
  CHECK(x.uut.poll_overrun());
  CHECK_FALSE(x.uut.poll_overrun());
}

TEST_CASE_FIXTURE(strangers, "when there is no memory nobody is shed for "
                             "a few small messages") {
  stranger x{*this};
  auto others = shared->of_engine("other");
  *others += all;
  shared->add(all);
  std::uint64_t seq = 0;
  for (std::int64_t i = 0; i < 100; ++i)
    CHECK(x.whole(0, seq++, 1) == "ok");
  CHECK_FALSE(x.uut.poll_overrun());
  CHECK(x.resume(2, 0) == "ok");
  CHECK(x.open(0, "a", 300'000) == "ok");
  for (seq = 0; seq < 10; ++seq)
    CHECK(x.whole(0, seq, 16'000) == "ok");
  CHECK(x.uut.poll_overrun());
}

TEST_CASE_FIXTURE(strangers, "who keeps others waiting has to come to an end") {
  shared = std::make_shared<stranger_budget>(all, 2'000'000);
  budget = std::make_shared<receive_budget>(0, shared);
  auto others = shared->of_engine("other");
  *others += 4'000'000;
  shared->add(4'000'000);
  stranger x{*this, "a"};
  stranger y{*this, "a"};
  CHECK(x.begin(0, 0, 2'000'000 - overhead) == "ok");
  CHECK(x.window(0) == 2'000'000);
  auto due = x.uut.next_deadline();
  REQUIRE(due);
  CHECK(*due == x.now + 10s + (2'000'000s - 128s) / 65'536);
  // Nobody waits.
  x.now = *due;
  x.uut.handle_timeout(x.now);
  CHECK_FALSE(x.uut.poll_overrun());
  CHECK(y.begin(0, 0, 100'000) == "ok");
  CHECK(y.window(0) == 20'000);
  CHECK(shared->waiting() == 1);
  x.now = *x.uut.next_deadline();
  x.uut.handle_timeout(x.now);
  CHECK(x.uut.poll_overrun());
  // It goes, with what it had begun.
  x.uut.handle_departure();
  CHECK_FALSE(x.uut.poll_overrun());
  y.now = *y.uut.next_deadline();
  y.uut.handle_timeout(y.now);
  CHECK(y.window(0) == 100'000 + overhead);
  CHECK(shared->waiting() == 0);
}

namespace {

/// Opens as many channels as it may, to engines with long names, and comes
/// again to open as many others.
/// @returns how many there are.
std::uint64_t open_all(stranger& x) {
  std::uint64_t result = 0;
  for (int pass = 0; pass < 2; ++pass) {
    CHECK(x.resume(1, 0) == "ok");
    std::uint64_t channel = 0;
    while (x.open(channel, std::to_string(result) + std::string(250, 'x'))
           == "ok") {
      ++channel;
      ++result;
    }
  }
  return result;
}

} // namespace

TEST_CASE_FIXTURE(strangers, "channels count, with their names") {
  stranger x{*this, ""};
  CHECK_FALSE(x.uut.poll_overrun());
  auto all_channels = open_all(x);
  CHECK(all_channels == 2 * limits::channels);
  CHECK(shared->used() >= all_channels * 1'000);
  // That is more than the part of one of them.
  CHECK(x.uut.poll_overrun());
  x.uut.handle_standing(false, x.now);
  CHECK(shared->used() == 0);
  x.uut.handle_standing(true, x.now);
  CHECK(shared->used() >= all_channels * 1'000);
  CHECK(x.resume(2, 0) == "ok");
  CHECK(shared->used() == 0);
}

TEST_CASE_FIXTURE(strangers, "channels without anything go with a stranger") {
  stranger x{*this, "ab"};
  CHECK(x.whole(0, 0, 10) == "ok");
  open_all(x);
  CHECK(shared->used() > 1'000'000);
  x.uut.handle_departure();
  CHECK(shared->used() == 0);
  // What engines have is kept, with its channel, until they have taken it.
  CHECK(taken() == static_cast<std::int64_t>(10 + overhead + each));
  CHECK_FALSE(x.uut.idle());
  SUBCASE("it is taken before the stranger comes again") {
    x.finish("a0");
    CHECK(taken() == 0);
    CHECK(x.resume(1, 0) == "ok");
    CHECK(x.open(0, "a") == "ok");
  }
  SUBCASE("it is taken later") {
    CHECK(x.resume(1, 0) == "ok");
    CHECK(x.open(0, "a") == "ok");
    x.finish("a0");
  }
  CHECK(x.acked() == "0:1");
  CHECK(x.whole(0, 1, 10) == "ok");
  CHECK(x.arrived() == "a0:10 a1:10");
}

namespace {

/// One stranger leaves with a message of 100,000 bytes for `a` unfinished, of
/// which fragments have the numbers 0, 2 and 3, and comes again.
struct departure : strangers {
  stranger before{*this, "ab"};
  std::optional<inbox_fixture> after;

  departure() {
    CHECK(before.begin(0, 0, 100'000) == "ok");
    CHECK(before.whole(1, 1, 10) == "ok");
    CHECK(before.more(0, 2) == "ok");
    CHECK(before.more(0, 3) == "ok");
    before.finish("b1");
    before.uut.handle_departure();
  }

  /// @param remembered by a record, otherwise in the same state.
  inbox_fixture& come(bool remembered, std::string_view targets = "ab") {
    auto* result = static_cast<inbox_fixture*>(&before);
    if (remembered) {
      after.emplace(before.settings, before.uut.record(), budget);
      before.uut.handle_standing(false, before.now);
      after->uut.handle_standing(true, before.now);
      result = &*after;
    }
    CHECK(result->resume(1, 0) == "ok");
    for (std::size_t i = 0; i < targets.size(); ++i)
      CHECK(result->open(i, targets.substr(i, 1), 200'000) == "ok");
    result->uut.handle_reopened(result->uut.arrived(), result->now);
    result->acked();
    return *result;
  }
};

} // namespace

TEST_CASE_FIXTURE(departure, "of an unfinished message nothing is left") {
  CHECK(taken() < 100);
  CHECK(before.uut.received()->next == 0);
  auto record = before.uut.record();
  REQUIRE(record);
  CHECK(record->unfinished_bytes() < 300);
  CHECK(record->next == 4);
}

TEST_CASE_FIXTURE(departure, "what was dropped comes again, and nothing else") {
  auto remembered = false;
  SUBCASE("on the next connection") {}
  SUBCASE("after there was only a record") {
    remembered = true;
  }
  auto& x = come(remembered);
  x.arrived();
  CHECK(x.begin(0, 0, 100'000) == "ok");
  CHECK(x.uut.received()->next == 2);
  // That one was taken.
  CHECK(x.whole(1, 1, 10) == "ok");
  CHECK(x.more(0, 2) == "ok");
  SUBCASE("even if it is dropped once more") {
    x.uut.handle_departure();
    CHECK(x.uut.received()->next == 0);
    CHECK(x.resume(1, 0) == "ok");
    CHECK(x.open(0, "a", 200'000) == "ok");
    x.uut.handle_reopened(x.uut.arrived(), x.now);
    CHECK(x.begin(0, 0, 100'000) == "ok");
    CHECK(x.more(0, 2) == "ok");
  }
  CHECK(x.more(0, 3) == "ok");
  CHECK(x.uut.received()->next == 4);
  for (std::uint64_t seq = 4; seq < 7; ++seq)
    CHECK(x.more(0, seq) == "ok");
  CHECK(x.end(0, 7, 4'000) == "ok");
  CHECK(x.arrived() == "a0:100000");
  x.finish("a0");
  CHECK(taken() == 0);
}

TEST_CASE_FIXTURE(departure, "nothing new comes before what was dropped") {
  auto& x = come(true);
  CHECK(x.more(0, 4) == "out_of_order");
  CHECK(x.whole(1, 4, 10) == "ok");
}

TEST_CASE_FIXTURE(departure, "what was dropped may be given up") {
  auto& x = come(true);
  SUBCASE("at once") {}
  SUBCASE("when a part of it has come again") {
    CHECK(x.begin(0, 0, 100'000) == "ok");
  }
  CHECK(x.abort(0, 0) == "ok");
  CHECK(x.acked() == "0:4");
  CHECK(x.uut.received()->next == 4);
  CHECK(x.void_range(0, 4) == "ok");
  CHECK(x.uut.idle());
  CHECK(taken() == 0);
}

TEST_CASE_FIXTURE(departure, "what was dropped is forgotten with its channel") {
  auto& x = come(true, "b");
  CHECK(x.uut.received()->next == 4);
  CHECK(x.uut.idle());
}

TEST_CASE_FIXTURE(strangers, "whoever is no stranger finds what it had sent") {
  stranger x{*this};
  x.uut.handle_standing(false, x.now);
  CHECK(x.begin(0, 0, 100'000) == "ok");
  x.uut.handle_departure();
  CHECK(x.uut.received()->next == 1);
  CHECK(x.uut.record()->unfinished_bytes() > limits::fragment);
}
