// Whether what a message is said to take in memory is what it takes.

#include <node_proxy/protocol/delivery/outbox.hpp>

#include <algorithm>

#include <malloc.h>

#include "outbox_fixture.hpp"

using namespace test;

namespace {

std::size_t memory() {
  return mallinfo2().uordblks + mallinfo2().hblkhd;
}

/// That of a sanitizer does not tell.
bool has_mute_malloc() {
  return memory() == 0;
}

/// What each of so many messages takes beside its own bytes.
std::size_t overhead_of(std::size_t count, std::size_t channels) {
  constexpr std::size_t size = 20;
  auto before = memory();
  outbox_fixture x{holding(1'000'000'000)};
  for (std::size_t i = 0; i < count; ++i)
    x.send(i, "engine" + std::to_string(i % channels), size);
  return (memory() - before) / count - size;
}

} // namespace

TEST_CASE("messages take no more memory than is counted"
          * doctest::skip(has_mute_malloc())) {
  std::size_t most = 0;
  // Some of these are where a queue has just grown.
  for (std::size_t count = 10'000; count < 40'000; count += 1'111)
    most = std::max(most, overhead_of(count, 1));
  MESSAGE("at most ", most);
  CHECK(most <= outbox::memory_overhead);
  CHECK(most > outbox::memory_overhead / 2);
}

TEST_CASE("the same of messages in many channels"
          * doctest::skip(has_mute_malloc())) {
  auto most = overhead_of(100'000, limits::channels);
  MESSAGE("at most ", most);
  CHECK(most <= outbox::memory_overhead);
}
