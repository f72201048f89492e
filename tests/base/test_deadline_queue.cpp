#include <node_proxy/base/deadline_queue.hpp>

#include <doctest/doctest.h>

#include <node_proxy/protocol/timestamp.hpp>

#include "support/octets.hpp"

using namespace test;
using namespace std::chrono_literals;

TEST_CASE("keys come out when they are due, earliest first") {
  deadline_queue<steady_time> uut;
  CHECK_FALSE(uut.next());
  CHECK_FALSE(uut.poll_due(1h));
  uut.add(30ms, 1);
  uut.add(10ms, 2);
  uut.add(20ms, 3);
  CHECK(uut.next() == 10ms);
  CHECK_FALSE(uut.poll_due(10ms - 1ns));
  CHECK(uut.poll_due(10ms) == 2);
  CHECK_FALSE(uut.poll_due(10ms));
  CHECK(uut.poll_due(1s) == 3);
  CHECK(uut.poll_due(1s) == 1);
  CHECK_FALSE(uut.next());
}

TEST_CASE("consecutive keys with one deadline count as one") {
  deadline_queue<steady_time> uut;
  for (std::uint64_t key = 0; key < 1'000; ++key)
    uut.add(key < 600 ? 10ms : 5ms, key);
  CHECK(uut.size() == 1);
  CHECK(uut.next() == 5ms);
  for (std::uint64_t key = 600; key < 1'000; ++key)
    CHECK(uut.poll_due(7ms) == key);
  CHECK_FALSE(uut.poll_due(7ms));
  for (std::uint64_t key = 0; key < 600; ++key)
    CHECK(uut.poll_due(10ms) == key);
  CHECK_FALSE(uut.next());
}

TEST_CASE("some keys are forgotten and the others keep their order") {
  auto random = seeded(1);
  deadline_queue<steady_time> uut;
  for (std::uint64_t key = 0; key < 1'000; ++key)
    uut.add(duration{static_cast<std::int64_t>(random.below(1'000))}, key);
  uut.forget_unless([](auto, auto end) { return end > 600 || end <= 10; });
  CHECK(uut.size() < 420);
  steady_time before{};
  std::size_t count = 0;
  while (auto at = uut.next()) {
    CHECK(*at >= before);
    before = *at;
    auto key = *uut.poll_due(*at);
    CHECK((key >= 600 || key < 10));
    ++count;
  }
  CHECK(count == 410);
  // The last ones, too.
  uut.add(1ms, 1'000);
  uut.forget_unless([](auto begin, auto) { return begin == 1'000; });
  CHECK(uut.next() == 1ms);
  uut.forget_unless([](auto, auto) { return false; });
  CHECK_FALSE(uut.next());
}
