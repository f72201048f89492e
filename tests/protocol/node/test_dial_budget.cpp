#include <node_proxy/protocol/node/dial_budget.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "support/octets.hpp"

using namespace node_proxy;
using namespace node_proxy::internal;
using namespace std::chrono_literals;

namespace {

transport_address place(unsigned host, std::uint16_t port = 1) {
  return tcp_addr{ipv4{{std::byte{1}, std::byte{1}, std::byte(host >> 8),
                        std::byte(host & 0xff)}},
                  port};
}

/// Eight dials, two of them for strangers.
struct fixture {
  using enum peer_standing;

  dial_id want(peer_standing standing, unsigned host) {
    uut.handle_wanted(++last, place(host), standing);
    return last;
  }

  /// The dials that begin now, by their numbers.
  std::string begin() {
    std::string result;
    while (auto id = uut.poll_begin(now))
      result += (result.empty() ? "" : " ") + std::to_string(*id);
    return result;
  }

  dial_budget uut{8};
  dial_id last = 0;
  steady_time now = 1s;
};

} // namespace

TEST_CASE_FIXTURE(fixture, "no more dials go on than there may be") {
  for (unsigned i = 1; i <= 10; ++i)
    want(introduced, i);
  CHECK(begin() == "1 2 3 4 5 6 7 8");
  CHECK(uut.under_way() == 8);
  CHECK(uut.waiting() == 2);
  uut.handle_connected(3);
  CHECK(begin() == "");
  uut.handle_end(3);
  CHECK(begin() == "9");
  uut.handle_end(3);
  CHECK(begin() == "");
  // One that waits may be no longer wanted.
  uut.handle_end(10);
  CHECK(uut.waiting() == 0);
  uut.handle_end(1);
  CHECK(begin() == "");
  CHECK(uut.under_way() == 7);
}

TEST_CASE_FIXTURE(fixture, "who stands higher comes first") {
  for (unsigned i = 1; i <= 8; ++i)
    want(introduced, i);
  begin();
  for (auto x : {guest, known, introduced, named, guest, named})
    want(x, static_cast<unsigned>(last) + 1);
  std::string order;
  for (dial_id id = 1; id <= 6; ++id) {
    uut.handle_end(id);
    order += begin() + ";";
  }
  CHECK(order == "12;14;11;10;9;;");
  CHECK(uut.for_strangers() == 2);
}

TEST_CASE_FIXTURE(fixture, "strangers have a part of it") {
  for (unsigned i = 1; i <= 4; ++i)
    want(i % 2 == 0 ? guest : known, i);
  CHECK(begin() == "1 3");
  CHECK(uut.for_strangers() == 2);
  want(introduced, 9);
  CHECK(begin() == "5");
  uut.handle_end(1);
  CHECK(begin() == "2");
}

TEST_CASE("even a small budget has room for a stranger") {
  dial_budget uut{1};
  uut.handle_wanted(1, place(1), peer_standing::guest);
  CHECK(uut.poll_begin(1s) == 1u);
}

TEST_CASE_FIXTURE(fixture, "one stranger at a time is dialled at a place") {
  for (int i = 0; i < 3; ++i)
    want(guest, 1);
  want(known, 1);
  want(guest, 2);
  // Others are not concerned.
  want(introduced, 1);
  CHECK(begin() == "6 4 5");
  uut.handle_end(5);
  CHECK(begin() == "");
  uut.handle_end(4);
  CHECK(begin() == "1");
  // Its turn comes without those that are no longer wanted.
  uut.handle_end(2);
  uut.handle_end(1);
  CHECK(begin() == "3");
}

TEST_CASE_FIXTURE(fixture, "a place has several names") {
  ipv6 mapped;
  mapped.octets[10] = mapped.octets[11] = std::byte{0xff};
  std::ranges::copy(std::get<ipv4>(std::get<tcp_addr>(place(1)).ip).octets,
                    mapped.octets.begin() + 12);
  want(guest, 1);
  uut.handle_wanted(++last, tcp_addr{mapped, 1}, guest);
  CHECK(begin() == "1");
}

TEST_CASE_FIXTURE(fixture, "one host has one turn, whatever the port") {
  for (std::uint16_t port = 1; port <= 5; ++port)
    uut.handle_wanted(++last, place(1, port), guest);
  auto other = want(guest, 2);
  CHECK(begin() == "1 " + std::to_string(other));
  uut.handle_end(1);
  CHECK(begin() == "2");
}

TEST_CASE_FIXTURE(fixture, "places take turns") {
  for (unsigned i = 1; i <= 8; ++i)
    want(introduced, i);
  begin();
  for (auto host : {1u, 1u, 1u, 2u, 3u, 2u})
    want(named, host);
  std::string order;
  for (dial_id id = 1; id <= 6; ++id) {
    uut.handle_end(id);
    order += begin() + ";";
  }
  CHECK(order == "9;12;13;10;14;11;");
}

TEST_CASE_FIXTURE(fixture,
                  "what leads a stranger nowhere gives way to others") {
  want(guest, 1);
  want(guest, 2);
  CHECK(begin() == "1 2");
  CHECK_FALSE(uut.poll_timeout());
  CHECK_FALSE(uut.poll_overdue(1h));
  now += 100ms;
  want(guest, 3);
  CHECK(uut.poll_timeout() == 1s + dial_budget::stranger_time);
  CHECK_FALSE(uut.poll_overdue(now));
  now = 1s + dial_budget::stranger_time;
  CHECK(uut.poll_overdue(now) == 1u);
  uut.handle_end(1);
  CHECK(begin() == "3");
  CHECK_FALSE(uut.poll_timeout());
}

TEST_CASE_FIXTURE(fixture, "a stranger who answers has its time") {
  want(guest, 1);
  want(guest, 2);
  want(guest, 3);
  begin();
  uut.handle_connected(1);
  CHECK(uut.poll_overdue(1h) == 2u);
  uut.handle_connected(2);
  CHECK_FALSE(uut.poll_timeout());
}

TEST_CASE_FIXTURE(fixture, "nobody gives way to who has to wait anyway") {
  want(guest, 1);
  want(guest, 2);
  want(guest, 1); // somebody is dialled there
  begin();
  CHECK_FALSE(uut.poll_timeout());
  // Nor to somebody for whom there is room.
  want(introduced, 3);
  CHECK_FALSE(uut.poll_timeout());
}

namespace {

/// What a budget has to keep to, whatever happens to it.
struct history {
  explicit history(std::uint64_t seed)
    : random(test::seeded(seed)), most(1 + random.below(12)), uut(most) {}

  void want() {
    auto standing = static_cast<peer_standing>(random.below(4));
    auto host = static_cast<unsigned>(1 + random.below(20));
    uut.handle_wanted(++last, place(host), standing);
    waiting[last] = {standing, host};
  }

  void begin() {
    while (auto id = uut.poll_begin(now)) {
      auto x = waiting.extract(*id);
      REQUIRE_FALSE(x.empty());
      auto [standing, host] = x.mapped();
      if (is_stranger(standing))
        CHECK(places.insert(host).second);
      under_way[*id] = x.mapped();
      CHECK(
        std::ranges::none_of(waiting, [&, standing = standing](const auto& y) {
          return !is_stranger(y.second.first) && y.second.first > standing;
        }));
    }
  }

  void end(dial_id id) {
    if (auto x = under_way.extract(id);
        !x.empty() && is_stranger(x.mapped().first))
      places.erase(x.mapped().second);
    waiting.erase(id);
    uut.handle_end(id);
  }

  void check() {
    CHECK(uut.under_way() == under_way.size());
    CHECK(uut.waiting() == waiting.size());
    CHECK(uut.under_way() <= most);
    CHECK(uut.for_strangers() == places.size());
    CHECK(places.size() <= std::max<std::size_t>(most / 4, 1));
    auto has_room = uut.under_way() < most;
    for (const auto& [id, x] : waiting) {
      auto is_blocked =
        is_stranger(x.first)
        && (places.contains(x.second)
            || places.size() >= std::max<std::size_t>(most / 4, 1));
      CHECK_FALSE((has_room && !is_blocked));
    }
  }

  random_source random;
  std::size_t most;
  dial_budget uut;
  dial_id last = 0;
  steady_time now{};
  std::map<dial_id, std::pair<peer_standing, unsigned>> waiting;
  std::map<dial_id, std::pair<peer_standing, unsigned>> under_way;
  std::set<unsigned> places;
};

} // namespace

TEST_CASE("whatever happens, nobody waits who need not") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    INFO("seed ", seed);
    history x{seed};
    for (int i = 0; i < 300; ++i) {
      x.now += 20ms * x.random.below(10);
      auto what = x.random.below(10);
      if (what < 5)
        x.want();
      else if (what < 9 && x.last > 0)
        x.end(1 + x.random.below(x.last));
      else if (x.last > 0)
        x.uut.handle_connected(1 + x.random.below(x.last));
      while (auto late = x.uut.poll_overdue(x.now))
        x.end(*late);
      x.begin();
      x.check();
    }
  }
}

TEST_CASE_FIXTURE(fixture, "ten thousand that wait are soon dealt with") {
  // Each call takes time that hardly grows, so this is over at once.
  for (unsigned i = 0; i < 10'000; ++i)
    want(guest, 1 + i % 5'000);
  std::size_t begun = 0;
  while (auto id = uut.poll_begin(now)) {
    ++begun;
    uut.handle_end(*id);
  }
  CHECK(begun == 10'000);
  CHECK(uut.waiting() == 0);
}
