#include <node_proxy/protocol/wire/payload_arena.hpp>

#include <vector>

#include <doctest/doctest.h>

#include "support/octets.hpp"

using namespace test;

namespace {

/// Whether the payloads lie one behind the other in one block.
bool share_a_block(const shared_bytes& a, const shared_bytes& b) {
  return a.end() == b.begin();
}

} // namespace

TEST_CASE("payloads are what was copied, and outlive the arena") {
  auto random = seeded(1);
  std::vector<std::pair<bytes, shared_bytes>> kept;
  {
    payload_arena uut{1'000'000};
    for (int i = 0; i < 1'000; ++i) {
      auto data = random_bytes(random, random.below(6'000));
      auto copy = uut.copy(data);
      kept.emplace_back(std::move(data), std::move(copy));
      if (i % 100 == 0)
        uut.trim();
    }
  }
  for (const auto& [data, copy] : kept)
    CHECK(std::ranges::equal(data, copy));
}

TEST_CASE("small payloads share blocks") {
  payload_arena uut{1'000'000};
  auto a = uut.copy(numbered(100));
  auto b = uut.copy(numbered(100));
  CHECK(share_a_block(a, b));
  CHECK_FALSE(share_a_block(b, uut.copy(numbered(5'000))));
  CHECK(share_a_block(b, uut.copy(numbered(100))));
}

TEST_CASE("beyond the bound on blocks payloads share nothing") {
  payload_arena uut{10'000};
  // One payload of each block is kept, as by somebody who wants to do harm.
  std::vector<shared_bytes> kept;
  auto last = uut.copy(numbered(100));
  auto shared = 0;
  for (int i = 0; i < 10'000; ++i) {
    auto next = uut.copy(numbered(100));
    if (share_a_block(last, next))
      ++shared;
    else
      kept.push_back(next);
    last = next;
  }
  // 1, 2 and 4 KiB: the next block would be one too many.
  CHECK(shared < 100);
  kept.clear();
  last = {};
  uut.trim();
  auto a = uut.copy(numbered(100));
  CHECK(share_a_block(a, uut.copy(numbered(100))));
}
