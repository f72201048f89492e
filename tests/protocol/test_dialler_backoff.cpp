#include <doctest/doctest.h>

#include <node_proxy/protocol/backoff.hpp>
#include <node_proxy/protocol/dialler.hpp>

#include "support/octets.hpp"

using namespace test;
using namespace std::chrono_literals;

namespace {

weighted_address address(std::uint16_t port, std::uint64_t weight) {
  return {tcp_addr{ipv4{}, port}, weight};
}

std::uint16_t port_of(const std::optional<dialler::attempt>& attempt) {
  REQUIRE(attempt);
  return std::get<tcp_addr>(attempt->address).port;
}

peer_settings quick() {
  peer_settings result;
  result.backoff_base = 100ms;
  result.backoff_cap = 1s;
  return result;
}

} // namespace

TEST_CASE("delays are drawn from a range that doubles up to the cap") {
  auto random = seeded(1);
  backoff uut{100ms, 1s};
  for (auto round = 0; round < 200; ++round) {
    for (duration ceiling : {100ms, 200ms, 400ms, 800ms, 1000ms, 1000ms}) {
      auto delay = uut.next(random);
      CHECK(delay >= 0s);
      CHECK(delay <= ceiling);
    }
    uut.reset();
  }
}

TEST_CASE("delays are spread over their whole range") {
  auto random = seeded(2);
  auto low = 0;
  auto high = 0;
  for (auto i = 0; i < 1'000; ++i) {
    backoff uut{100ms, 1s};
    auto delay = uut.next(random);
    low += delay < 50ms;
    high += delay >= 50ms;
  }
  CHECK(low > 400);
  CHECK(high > 400);
}

TEST_CASE("there is no attempt without an address") {
  dialler uut{quick()};
  CHECK_FALSE(uut.has_addresses());
  CHECK_FALSE(uut.poll_attempt(1s));
  CHECK_FALSE(uut.next_deadline(true));
  uut.handle_addresses({address(1, 1)});
  CHECK(uut.has_addresses());
  CHECK(uut.next_deadline(true) == 0s);
  CHECK_FALSE(uut.next_deadline(false));
  CHECK(port_of(uut.poll_attempt(1s)) == 1);
}

TEST_CASE("one attempt at a time") {
  dialler uut{quick()};
  uut.handle_addresses({address(1, 1)});
  auto first = uut.poll_attempt(1s);
  CHECK(uut.busy());
  CHECK(uut.is_dialling(first->id));
  CHECK_FALSE(uut.is_dialling(first->id + 1));
  CHECK_FALSE(uut.poll_attempt(1h));
  CHECK_FALSE(uut.next_deadline(true));
  uut.handle_end();
  CHECK_FALSE(uut.busy());
  CHECK_FALSE(uut.is_dialling(first->id));
  CHECK(uut.poll_attempt(1h)->id != first->id);
}

TEST_CASE("addresses are tried by weight, then there is a delay") {
  auto random = seeded(3);
  dialler uut{quick()};
  uut.handle_addresses({address(1, 5), address(2, 9), address(3, 5)});
  for (auto round = 0; round < 3; ++round) {
    auto now = uut.next_deadline(true).value() + 1s;
    for (auto port : {2, 1, 3}) {
      CHECK(port_of(uut.poll_attempt(now)) == port);
      uut.handle_failure(now, random);
    }
    CHECK(uut.next_deadline(true).value() >= now);
    CHECK(uut.next_deadline(true).value() <= now + 1s);
  }
}

TEST_CASE("an attempt waits until its time") {
  auto random = seeded(4);
  dialler uut{quick()};
  uut.handle_addresses({address(1, 1)});
  for (auto i = 0; i < 20; ++i) {
    REQUIRE(uut.poll_attempt(uut.next_deadline(true).value()));
    uut.handle_failure(1s, random);
    auto at = uut.next_deadline(true).value();
    if (at > 1s)
      CHECK_FALSE(uut.poll_attempt(at - 1ns));
  }
}

TEST_CASE("new addresses replace the old ones") {
  auto random = seeded(5);
  dialler uut{quick()};
  uut.handle_addresses({address(1, 3), address(2, 2), address(3, 1)});
  CHECK(port_of(uut.poll_attempt(1s)) == 1);
  uut.handle_failure(1s, random);
  CHECK(port_of(uut.poll_attempt(1s)) == 2);
  uut.handle_addresses({address(4, 1)});
  uut.handle_failure(1s, random);
  CHECK(port_of(uut.poll_attempt(1h)) == 4);
  uut.handle_addresses({});
  uut.handle_failure(1h, random);
  CHECK_FALSE(uut.poll_attempt(2h));
}

TEST_CASE("a lost connection is replaced at once or after a delay") {
  auto random = seeded(6);
  dialler uut{quick()};
  uut.handle_addresses({address(1, 2), address(2, 1)});
  uut.handle_loss(true, 5s, random);
  CHECK(uut.next_deadline(true) == 5s);
  auto delayed = 0;
  for (auto i = 0; i < 20; ++i) {
    uut.handle_loss(false, 5s, random);
    delayed += uut.next_deadline(true).value() > 5s;
  }
  CHECK(delayed > 15);
}

TEST_CASE("after a stable connection the delays begin anew") {
  auto random = seeded(7);
  dialler uut{quick()};
  uut.handle_addresses({address(1, 1)});
  for (auto i = 0; i < 100; ++i) {
    uut.handle_refusal(0s, random);
    uut.handle_stable();
    uut.handle_loss(false, 5s, random);
    CHECK(uut.next_deadline(true).value() <= 5s + 100ms);
  }
}
