// Whether what a message is said to take in memory is what it takes.

#include <node_proxy/protocol/delivery/outbox.hpp>

#include <algorithm>

#include "outbox_fixture.hpp"
#include "support/heap_use.hpp"

using namespace test;

namespace {

/// What each of so many messages takes beside its own bytes.
std::size_t overhead_of(std::size_t count, std::size_t channels) {
  constexpr std::size_t size = 20;
  auto before = heap_use();
  outbox_fixture x{holding(1'000'000'000)};
  for (std::size_t i = 0; i < count; ++i)
    x.send(i, "engine" + std::to_string(i % channels), size);
  return (heap_use() - before) / count - size;
}

} // namespace

TEST_CASE("messages take no more memory than is counted"
          * doctest::skip(has_mute_heap())) {
  std::size_t most = 0;
  // Some of these are where a queue has just grown.
  for (std::size_t count = 10'000; count < 40'000; count += 1'111)
    most = std::max(most, overhead_of(count, 1));
  MESSAGE("at most ", most);
  CHECK(most <= outbox::memory_overhead);
  CHECK(most > outbox::memory_overhead / 2);
}

TEST_CASE("the same of messages in many channels"
          * doctest::skip(has_mute_heap())) {
  auto most = overhead_of(100'000, limits::channels);
  MESSAGE("at most ", most);
  CHECK(most <= outbox::memory_overhead);
}

TEST_CASE("what has expired is charged until the peer has acknowledged it") {
  constexpr std::size_t all = 1'000'000;
  outbox_fixture x{holding(all)};
  x.connect(0, std::uint64_t{1} << 62);
  std::uint64_t count = 0;
  while (x.try_send(count, ordered_to("a"), 10, x.now.steady + 1s)) {
    ++count;
    REQUIRE(count <= all / outbox::memory_overhead);
    x.all_sent();
    x.expire(x.now.steady + 2s);
  }
  // One channel may have half of what is free.
  CHECK(count >= all / 3 / outbox::memory_overhead);
  SUBCASE("so that there is room again") {
    CHECK(x.ack(0, count) == "ok");
  }
  SUBCASE("or has forgotten it") {
    x.reconnect(count, 500'000, 8);
  }
  SUBCASE("or somebody goes on who remembers it") {
    outbox_fixture next{holding(all), x.uut.record()};
    auto& uut = next.uut;
    CHECK(uut.record() == x.uut.record());
    next.connect(count);
    CHECK(next.ack(0, count) == "ok");
    CHECK(uut.empty());
    CHECK(next.try_send(0, ordered_to("a"), all / 3));
    return;
  }
  CHECK(x.uut.empty());
  CHECK(x.try_send(count, ordered_to("a"), all / 3));
}
