#include <node_proxy/protocol/deadline_queue.hpp>

#include <doctest/doctest.h>

#include <node_proxy/protocol/timestamp.hpp>

#include "support/octets.hpp"

using namespace test;
using namespace std::chrono_literals;

TEST_CASE("keys come out when they are due, earliest first") {
  deadline_queue<steady_time> uut;
  CHECK_FALSE(uut.next());
  CHECK_FALSE(uut.poll_due(1h));
  uut.add(30ms, 3);
  uut.add(10ms, 1);
  uut.add(20ms, 2);
  CHECK(uut.next() == 10ms);
  CHECK_FALSE(uut.poll_due(10ms - 1ns));
  CHECK(uut.poll_due(10ms) == 1);
  CHECK_FALSE(uut.poll_due(10ms));
  CHECK(uut.poll_due(1s) == 2);
  CHECK(uut.poll_due(1s) == 3);
  CHECK(uut.size() == 0);
}

TEST_CASE("a key may have several deadlines, and several keys one") {
  deadline_queue<steady_time> uut;
  uut.add(10ms, 7);
  uut.add(10ms, 8);
  uut.add(5ms, 7);
  CHECK(uut.poll_due(5ms) == 7);
  CHECK_FALSE(uut.poll_due(9ms));
  auto sum = *uut.poll_due(10ms) + *uut.poll_due(10ms);
  CHECK(sum == 15);
}

TEST_CASE("dead keys are dropped and the others keep their order") {
  auto random = seeded(1);
  deadline_queue<steady_time> uut;
  for (std::uint64_t key = 0; key < 1'000; ++key)
    uut.add(duration{static_cast<std::int64_t>(random.below(1'000))}, key);
  uut.compact([](std::uint64_t key) { return key % 3 == 0; });
  CHECK(uut.size() == 334);
  steady_time before{};
  while (auto at = uut.next()) {
    CHECK(*at >= before);
    before = *at;
    CHECK(*uut.poll_due(*at) % 3 == 0);
  }
}
