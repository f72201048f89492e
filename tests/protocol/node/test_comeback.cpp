#include <node_proxy/protocol/node/comeback.hpp>

#include <algorithm>
#include <set>
#include <vector>

#include <doctest/doctest.h>

#include "support/octets.hpp"

using namespace node_proxy;
using namespace node_proxy::internal;
using namespace std::chrono_literals;

namespace {

node_id id_of(std::size_t number) {
  node_id result;
  result.data[0] = std::byte(number >> 8);
  result.data[1] = std::byte(number & 0xff);
  return result;
}

struct fixture {
  comeback uut{test::seeded(1)};
  steady_time now = 1000s;

  void lose(std::size_t count, bool alone = true) {
    for (std::size_t i = 0; i < count; ++i)
      uut.handle_lost(id_of(i), now);
    if (alone)
      uut.handle_alone(now);
  }

  /// Whom it dials in this time.
  std::vector<node_id> dials(duration time) {
    std::vector<node_id> result;
    auto end = now + time;
    for (auto at = uut.poll_timeout(); at && *at <= end;
         at = uut.poll_timeout()) {
      now = std::max(now, *at);
      uut.handle_timeout(now);
      while (auto id = uut.poll_dial())
        result.push_back(*id);
    }
    now = end;
    return result;
  }
};

std::size_t different(const std::vector<node_id>& ids) {
  return std::set(ids.begin(), ids.end()).size();
}

} // namespace

TEST_CASE_FIXTURE(fixture, "while somebody is connected nobody is dialled") {
  lose(3, false);
  CHECK(dials(1h).empty());
}

TEST_CASE_FIXTURE(fixture, "while nobody is connected one after the other is "
                           "dialled, for an hour") {
  lose(3);
  CHECK(dials(comeback::probe_interval / 2 - 1ms).empty());
  auto first = dials(10 * comeback::probe_interval);
  CHECK(first.size() > 6);
  CHECK(first.size() < 20);
  for (std::size_t i = 0; i < first.size(); ++i)
    CHECK(first[i] == first[i % 3]);
  CHECK(different(first) == 3);
  CHECK(dials(1h).size() > 1'000);
  CHECK(dials(24h).empty());
  // Until the next loss.
  lose(1);
  CHECK_FALSE(dials(1min).empty());
}

TEST_CASE_FIXTURE(fixture, "a visit does not end the search") {
  lose(3);
  dials(10min);
  uut.handle_connected(id_of(7), true, now);
  dials(10min);
  // The visitor leaves.
  uut.handle_alone(now);
  CHECK(different(dials(1min)) == 3);
  // The hour counts from the loss.
  dials(39min);
  CHECK(dials(24h).empty());
  uut.handle_connected(id_of(7), true, now);
  dials(1min);
  uut.handle_alone(now);
  CHECK(dials(24h).empty());
}

TEST_CASE_FIXTURE(fixture, "who was lost before the others left is searched") {
  lose(2, false);
  CHECK(dials(1min).empty());
  uut.handle_alone(now);
  CHECK(different(dials(1min)) == 2);
  uut.handle_forgotten(id_of(0));
  uut.handle_forgotten(id_of(1));
  dials(1min);
  uut.handle_alone(now);
  CHECK_FALSE(uut.poll_timeout());
}

TEST_CASE_FIXTURE(fixture, "a way back is one for all, once a second") {
  lose(20);
  uut.handle_connected(id_of(0), true, now);
  CHECK(uut.poll_way_back());
  CHECK_FALSE(uut.poll_way_back());
  auto ids = dials(comeback::dial_time);
  CHECK(ids.size() == 19);
  CHECK(different(ids) == 19);
  // That was that: the others have had their turn.
  CHECK(dials(1h).empty());
  uut.handle_connected(id_of(1), false, now);
  CHECK(uut.poll_way_back());
  uut.handle_connected(id_of(2), false, now + 999ms);
  CHECK_FALSE(uut.poll_way_back());
}

TEST_CASE_FIXTURE(fixture, "a peer that was not lost shows a way back only if "
                           "it is the first") {
  lose(2, false);
  uut.handle_connected(id_of(7), false, now);
  CHECK_FALSE(uut.poll_way_back());
  CHECK(dials(1h).empty());
  uut.handle_connected(id_of(8), true, now);
  CHECK(uut.poll_way_back());
  CHECK(dials(comeback::dial_time).size() == 2);
}

TEST_CASE_FIXTURE(fixture, "a process begins with those of an earlier one") {
  uut.handle_stored(id_of(1));
  uut.handle_stored(id_of(2));
  CHECK_FALSE(uut.poll_timeout());
  uut.handle_start(now);
  CHECK(different(dials(comeback::dial_time)) == 2);
  // There may be no network.
  CHECK_FALSE(dials(1min).empty());
}

TEST_CASE_FIXTURE(fixture, "of too many some are dialled, and then others") {
  constexpr auto count = 2 * comeback::max_dials;
  lose(count + 1, false);
  uut.handle_connected(id_of(count), false, now);
  auto all = dials(comeback::dial_time);
  CHECK(all.size() == comeback::max_dials);
  uut.handle_connected(all.back(), true, now);
  for (const auto& id : dials(comeback::dial_time))
    all.push_back(id);
  CHECK(different(all) > count - 2);
}

TEST_CASE_FIXTURE(fixture, "who is forgotten meanwhile is not dialled") {
  lose(2);
  uut.handle_connected(id_of(0), true, now);
  uut.handle_forgotten(id_of(1));
  CHECK(dials(1h).empty());
}
