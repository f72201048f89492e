#include <chrono>
#include <list>
#include <memory>
#include <optional>
#include <vector>

#include <doctest/doctest.h>

#include <node_proxy/protocol/peer/reading_budget.hpp>

#include "rogue.hpp"

using namespace test;

namespace {

constexpr std::size_t tiny = 26;

/// Peers of one node, each of which sends as much as it may of one thing.
struct fixture {
  std::shared_ptr<spare_time> spare = std::make_shared<spare_time>();
  reading_budget uut{spare};
  steady_time now = 1000s;

  /// Takes what `handle` is, frame by frame, as long as a turn goes on.
  template <class F>
  std::size_t read_turn(reading_budget& x, F handle) {
    if (!x.begin_turn(now))
      return 0;
    std::size_t result = 0;
    while (x.goes_on()) {
      handle(x);
      ++result;
    }
    x.end_turn(64 * 1024);
    return result;
  }

  /// The same for that time, whenever it may be read.
  template <class F>
  std::size_t read_for(duration time, F handle) {
    std::size_t result = 0;
    for (auto end = now + time; now < end; now += 1ms) {
      uut.handle_timeout(now);
      result += read_turn(uut, handle);
    }
    return result;
  }

  static void heartbeat(reading_budget& x) { x.handle_other(tiny); }
  static void message(reading_budget& x) { x.handle_messages(tiny, 1); }
};

/// How many units so many small frames cost.
double cost_of(std::size_t frames) {
  return static_cast<double>(frames) * (reading_cost::frame + tiny);
}

} // namespace

TEST_CASE_FIXTURE(fixture, "a turn ends after the same cost whatever comes") {
  auto small = read_turn(uut, message);
  auto large =
    read_turn(uut, [](reading_budget& x) { x.handle_messages(65'535, 4); });
  CHECK(small * (reading_cost::frame + tiny + reading_cost::chunk)
        >= reading_budget::turn);
  CHECK(large * 65'535 <= reading_budget::turn + 2 * 65'535);
  CHECK(large >= 7);
}

TEST_CASE_FIXTURE(fixture, "an acknowledgement costs as much as it names") {
  control::ack many{std::vector<control::channel_ack>(limits::channels)};
  auto frame = opened_frame{control::frame{std::move(many)}};
  auto count = read_turn(
    uut, [&](reading_budget& x) { x.handle_frame(frame, 6'000, true); });
  CHECK(count * limits::channels * reading_cost::chunk
        <= reading_budget::turn
             + limits::channels * (reading_cost::chunk + 10));
}

TEST_CASE_FIXTURE(fixture,
                  "what a turn takes too much is missing in the next") {
  auto huge = [](reading_budget& x) {
    x.handle_messages(reading_budget::turn * 3 / 2, 1);
  };
  CHECK(read_turn(uut, huge) == 1);
  auto rest = read_turn(uut, message);
  CHECK(rest * 1'154 < reading_budget::turn * 11 / 20);
  CHECK(read_turn(uut, message) * 1'154 > reading_budget::turn * 19 / 20);
}

TEST_CASE_FIXTURE(fixture, "who takes several turns at once has the next ones "
                           "after others") {
  std::vector<int> turns;
  for (int turn = 0; turn < 12; ++turn) {
    if (!uut.begin_turn(now))
      continue;
    turns.push_back(turn);
    uut.handle_unreliable(65'535, 21'835);
    CHECK_FALSE(uut.goes_on());
    uut.end_turn(65'535);
  }
  CHECK(turns == std::vector{0, 5, 10});
  CHECK_FALSE(uut.paused());
}

TEST_CASE_FIXTURE(fixture, "reliable messages are read without end") {
  CHECK(read_for(1s, message) > 400'000);
  CHECK_FALSE(uut.paused());
}

TEST_CASE_FIXTURE(fixture, "what is of no use has the spare time alone") {
  auto before = cost_of(read_for(1s, heartbeat));
  CHECK(before <= reading_budget::from_time + 1.02 * spare_time::rate);
  auto after = cost_of(read_for(10s, heartbeat));
  CHECK(after <= 10.2 * spare_time::rate);
  CHECK(after >= 9.5 * spare_time::rate);
}

TEST_CASE_FIXTURE(fixture, "the spare time is shared by those who want it") {
  std::list<reading_budget> others;
  for (int i = 0; i < 99; ++i)
    read_turn(others.emplace_back(spare), heartbeat);
  read_for(1s, heartbeat);
  auto alone = reading_budget::own_rate + spare_time::rate / 100;
  auto met = cost_of(read_for(10s, heartbeat));
  CHECK(met <= 10.5 * alone);
  CHECK(met >= 9 * alone);
  others.clear();
  CHECK(spare->share() == spare_time::rate);
}

TEST_CASE_FIXTURE(fixture,
                  "who has taken too much is read when it has enough") {
  read_turn(uut, heartbeat);
  REQUIRE(uut.paused());
  auto at = uut.next_deadline();
  REQUIRE(at);
  CHECK_FALSE(uut.begin_turn(*at - 1ms));
  CHECK(uut.begin_turn(*at + 1ms));
}

TEST_CASE_FIXTURE(fixture, "who stops gives its claim back by itself") {
  read_turn(uut, heartbeat);
  CHECK(uut.next_deadline());
  now += 1s;
  uut.handle_timeout(now);
  CHECK_FALSE(uut.next_deadline());
  uut.handle_timeout(now + 1h);
  CHECK_FALSE(uut.next_deadline());
}

TEST_CASE_FIXTURE(fixture, "heartbeats of honest peers cost nobody anything") {
  std::list<reading_budget> others;
  for (int i = 0; i < 1'000; ++i)
    read_turn(others.emplace_back(spare), heartbeat);
  for (int i = 0; i < 1'000; ++i) {
    now += 1s; // ten times as often as they are sent
    REQUIRE(uut.begin_turn(now));
    heartbeat(uut);
    uut.end_turn(tiny);
  }
}

TEST_CASE_FIXTURE(fixture, "who was of use has a longer breath") {
  auto breath = [this](reading_budget& x) {
    double result = 0;
    while (!x.paused())
      result += cost_of(read_turn(x, heartbeat));
    return result;
  };
  reading_budget stranger{spare};
  CHECK(breath(stranger) <= 1.01 * reading_budget::from_time);
  for (int i = 0; i < 1'000; ++i)
    read_turn(uut, message);
  CHECK(breath(uut) >= reading_budget::from_use);
}

TEST_CASE_FIXTURE(fixture, "whom much is sent may say much of it") {
  auto ack = [](reading_budget& x) {
    x.handle_sent(1);
    x.handle_other(tiny);
  };
  CHECK(read_for(1s, ack) > 400'000);
}

TEST_CASE_FIXTURE(fixture, "a rejected message counts with its frame") {
  // One message in each frame, or many.
  auto rejected = [](std::size_t count) {
    return [count](reading_budget& x) {
      x.handle_messages(tiny * count, count);
      x.handle_waste(count * (tiny + 128), count);
    };
  };
  auto few = read_for(1s, rejected(1));
  CHECK(static_cast<double>(few) * reading_cost::frame
        <= reading_budget::from_use + spare_time::rate);
  auto many = 100 * read_for(1s, rejected(100));
  CHECK(many > 4 * few);
}

TEST_CASE_FIXTURE(fixture, "what was of no use is paid for once") {
  auto half = static_cast<std::uint64_t>(reading_budget::from_time) / 2;
  for (int i = 0; i < 10; ++i)
    uut.handle_waste_so_far(half, 0);
  CHECK_FALSE(uut.paused());
  uut.handle_waste_so_far(2 * half, 0);
  CHECK(uut.paused());
}

TEST_CASE_FIXTURE(fixture, "one large message in vain does not silence a peer "
                           "that is no stranger") {
  constexpr std::uint64_t large = 16u << 20;
  for (int i = 0; i < 999; ++i)
    spare->add_claim();
  auto silence = [&](bool is_stranger) {
    reading_budget one{spare};
    one.handle_standing(is_stranger);
    static_cast<void>(one.begin_turn(now));
    one.handle_waste(large, 1);
    CHECK(one.paused());
    auto since = now;
    while (!one.begin_turn(now))
      now += 100ms;
    return now - since;
  };
  CHECK(silence(false) < 10s);
  // Of those there may be many, who share what there is to the end.
  CHECK(silence(true) > 200s);
}

TEST_CASE_FIXTURE(fixture, "a stranger that becomes known is let off") {
  uut.handle_waste(1u << 30, 1);
  uut.handle_standing(false);
  uut.handle_timeout(now);
  uut.handle_timeout(now + 100ms);
  CHECK_FALSE(uut.paused());
}

TEST_CASE_FIXTURE(fixture, "what a frame costs depends on what it is") {
  auto in_a_turn = [this](const opened_frame& frame, bool used = true) {
    reading_budget one{spare};
    return read_turn(
      one, [&](reading_budget& x) { x.handle_frame(frame, tiny, used); });
  };
  auto heartbeats = in_a_turn(control::frame{control::heartbeat{}});
  CHECK(heartbeats == read_turn(uut, heartbeat));
  CHECK(in_a_turn(control::frame{control::rekey{}}) < heartbeats * 2 / 3);
  CHECK(in_a_turn(control::frame{node_advert{}}) < heartbeats / 50);
  // Nothing is earned by messages that nobody looks at.
  opened_messages none;
  CHECK(in_a_turn(none, false) == heartbeats);
  chunk_view chunk;
  opened_messages one{{0, {&chunk, 1}}};
  CHECK(in_a_turn(one) < heartbeats);
}

TEST_CASE_FIXTURE(fixture, "unreliable messages pay for their frame or wait") {
  auto large = [](reading_budget& x) {
    x.handle_unreliable(2'000, 1);
  };
  CHECK(read_for(1s, large) > 100'000);
  auto small = [](reading_budget& x) {
    x.handle_unreliable(tiny, 1);
  };
  CHECK(static_cast<double>(read_for(1s, small)) * (reading_cost::frame - tiny)
        <= reading_budget::from_time + 1.02 * spare_time::rate);
}

TEST_CASE_FIXTURE(fixture, "octets that come one by one count as reads") {
  std::size_t reads = 0;
  for (auto end = now + 1s; now < end; now += 1us)
    if (uut.begin_turn(now)) {
      uut.end_turn(1);
      ++reads;
    }
  CHECK(static_cast<double>(reads) * 0.99 * reading_cost::read
        <= reading_budget::from_time + spare_time::rate);
  // What comes in usual packets does not.
  uut.handle_timeout(now += 1s);
  for (int i = 0; i < 10'000; ++i) {
    REQUIRE(uut.begin_turn(now));
    uut.end_turn(536);
  }
}

TEST_CASE_FIXTURE(fixture,
                  "whoever is of no use for a minute has no standing") {
  read_for(reading_budget::patience - 1s, heartbeat);
  CHECK_FALSE(uut.hopeless(now));
  read_for(2s, heartbeat);
  CHECK(uut.hopeless(now));
  uut.handle_taken(now);
  CHECK_FALSE(uut.hopeless(now));
}

// -- of a peer ----------------------------------------------------------------

namespace {

/// Alice says this as often as Bob reads it in a turn.
template <class F>
std::size_t said_in_turn(rogue& alice, F say) {
  if (!alice.uut.begin_turn(1, alice.now))
    return 0;
  std::size_t result = 0;
  for (; alice.uut.reads_on() && result < 100'000; ++result)
    say();
  alice.uut.end_turn(64 * 1024);
  return result;
}

/// The same in ten seconds.
template <class F>
std::size_t said_in_ten_seconds(rogue& alice, F say) {
  std::size_t result = 0;
  for (int i = 0; i < 10'000; ++i) {
    alice.wait(1ms);
    result += said_in_turn(alice, say);
  }
  return result;
}

/// What the spare time is good for, with what Alice had before.
constexpr auto small_frames =
  static_cast<std::size_t>(10.2 * spare_time::rate / reading_cost::frame);

} // namespace

TEST_CASE_FIXTURE(rogue, "frames that carry nothing have a budget") {
  connect();
  auto heartbeats = said_in_turn(*this, [&] { say(control::heartbeat{}); });
  CHECK(heartbeats < 600);
  CHECK(uut.paused());
  wait(1s);
  CHECK(said_in_turn(*this, [&] { say_raw(hex("800100")); }) < 600);
  wait(1s);
  CHECK(said_in_turn(*this, [&] { say(control::rekey{}); }) < 300);
}

TEST_CASE_FIXTURE(rogue, "channels that are opened and closed have a budget") {
  connect();
  std::uint64_t channel = 1;
  auto said = said_in_turn(*this, [&] {
    open(channel, "other");
    say(control::close{channel++});
  });
  CHECK(said < 300);
  CHECK(uut.paused());
}

TEST_CASE_FIXTURE(rogue, "messages that nobody takes have a budget") {
  takes_messages = false;
  connect();
  // With others who want as much she has a tenth.
  for (int i = 0; i < 9; ++i)
    spare->add_claim();
  std::uint64_t number = 0;
  auto said = said_in_ten_seconds(*this, [&] {
    send(number++, {message("x")});
    uut.handle_finished(last_delivery, control::reject_reason::unknown_engine,
                        now);
    say(control::settled{0, number});
  });
  CHECK(said > 1'000);
  CHECK(said < small_frames / 10 / 2);
}

TEST_CASE_FIXTURE(rogue, "tiny unreliable messages have a budget") {
  connect();
  auto say_some = [this] {
    return said_in_turn(*this, [this] { send_unreliable({message("x")}); });
  };
  CHECK(say_some() + say_some() + say_some() < 700);
  CHECK(uut.paused());
}

TEST_CASE_FIXTURE(rogue, "messages that are taken have none") {
  connect();
  std::uint64_t number = 0;
  for (int turn = 0; turn < 100; ++turn)
    CHECK(said_in_turn(*this, [&] { send(number++, {message("x")}); }) > 400);
}

namespace {

/// Alice says for that time what is of no use, as much as Bob reads. That is
/// little beside so many others who do the same.
void flood(rogue& alice, duration time) {
  constexpr auto others = 99;
  for (int i = 0; i < others; ++i)
    alice.spare->add_claim();
  // An unknown control frame with 60,000 octets.
  auto large = joined(hex("8001e0d403"), bytes(60'000));
  auto end = alice.now.steady + time;
  while (alice.uut.connected() && alice.now.steady < end) {
    static_cast<void>(said_in_turn(alice, [&] { alice.say_raw(large); }));
    alice.wait(10ms);
  }
  for (int i = 0; i < others; ++i)
    alice.spare->remove_claim();
}

} // namespace

TEST_CASE_FIXTURE(rogue, "a peer that is of no use is shed in the end") {
  connect();
  flood(*this, reading_budget::patience - 1s);
  CHECK(uut.connected());
  CHECK(heard().find("goodbye") == std::string::npos);
  flood(*this, 2s);
  CHECK_FALSE(uut.connected());
  // It is read on no more.
  CHECK(heard().ends_with("goodbye limit finished, closed"));
}

TEST_CASE_FIXTURE(rogue, "a peer that is wanted for good is not shed") {
  connect();
  uut.handle_permanence(connection_permanence::permanent, now);
  flood(*this, reading_budget::patience + 1s);
  CHECK(uut.connected());
}

TEST_CASE("who is not read is not dead") {
  peer_settings settings;
  settings.dead_peer_limit = 5s;
  rogue alice{settings};
  alice.connect();
  // Beside so many others she is not read for a while.
  for (int i = 0; i < 1'000'000; ++i)
    alice.spare->add_claim();
  static_cast<void>(
    said_in_turn(alice, [&] { alice.say(control::heartbeat{}); }));
  auto begin = alice.now.steady;
  while (alice.uut.paused() && alice.now.steady < begin + 20s)
    alice.wait(100ms);
  CHECK(alice.now.steady - begin > settings.dead_peer_limit + 1s);
  CHECK_FALSE(alice.uut.paused());
  CHECK(alice.uut.connected());
  // From now on she would be heard.
  alice.wait(4s);
  CHECK(alice.uut.connected());
  alice.wait(1s + 1ms);
  CHECK_FALSE(alice.uut.connected());
  CHECK(alice.ended("dead_peer") == 1);
}

TEST_CASE_FIXTURE(rogue, "who is known is read again soon after it gave up a "
                         "large message") {
  dial_later();
  connect();
  for (int i = 0; i < 999; ++i)
    spare->add_claim();
  auto whole = message(std::string(4u << 20, 'x'));
  std::uint64_t number = 0;
  for (std::size_t at = 0; at + limits::fragment < whole.size();
       at += limits::fragment)
    send(number++, {to_bytes(bytes_view{whole}.subspan(at, limits::fragment))},
         false);
  say(control::abort{0, 0});
  CHECK(uut.connected());
  CHECK(uut.paused());
  wait(10s);
  CHECK_FALSE(uut.paused());
}
