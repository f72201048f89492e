#include <node_proxy/protocol/peer/advert_budget.hpp>

#include <doctest/doctest.h>

#include "protocol/peer/rogue.hpp"

using namespace node_proxy;
using namespace node_proxy::internal;
using namespace std::chrono_literals;

namespace {

ip_address host(unsigned number) {
  return ipv4{
    {std::byte{1}, {}, std::byte(number >> 8), std::byte(number & 0xff)}};
}

} // namespace

TEST_CASE("each host has a part of the adverts that are checked") {
  advert_budget uut;
  auto count = [&](const std::optional<ip_address>& from, steady_time now) {
    std::size_t result = 0;
    while (uut.take(from, now))
      ++result;
    return result;
  };
  CHECK(count(host(1), 1'000s) == advert_budget::max_of_source);
  CHECK(count(host(1), 1'002s) == 2 * advert_budget::rate_of_source);
  CHECK(count(host(2), 1'002s) == advert_budget::max_of_source);
  CHECK(count(std::nullopt, 1'002s) == advert_budget::max_of_source);
}

TEST_CASE("however many hosts there are, all have so many") {
  advert_budget uut;
  double taken = 0;
  for (unsigned i = 0; i < 2 * advert_budget::max_sources; ++i)
    taken += uut.take(host(i), 1'000s);
  CHECK(taken == advert_budget::max);
  for (unsigned i = 0; i < 2 * advert_budget::max_sources; ++i)
    taken += uut.take(host(i), 1'010s);
  CHECK(taken == advert_budget::max + 10 * advert_budget::rate);
}

TEST_CASE("what a stranger says of itself too often is not looked at") {
  test::rogue alice;
  alice.connect();
  node_advert advert;
  advert.id = test::alice().id();
  advert.version = 7;
  // Nobody has signed it.
  while (alice.spare->adverts().take(std::nullopt, alice.now.steady))
    continue;
  SUBCASE("of a stranger") {
    alice.say(advert);
    CHECK(alice.uut.metrics().unchecked_adverts == 1);
    CHECK(alice.uut.connected());
    // In time there is one again.
    alice.wait(1s);
    alice.say(advert);
    CHECK(alice.uut.metrics().unchecked_adverts == 1);
    CHECK(alice.ended("bad_signature") == 1);
  }
  SUBCASE("but of others it is") {
    alice.uut.handle_standing(peer_standing::introduced, alice.now);
    alice.say(advert);
    CHECK(alice.uut.metrics().unchecked_adverts == 0);
    CHECK(alice.ended("bad_signature") == 1);
  }
}
