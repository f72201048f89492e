#include <node_proxy/protocol/crypto/random_source.hpp>

#include <cstring>
#include <map>

#include <doctest/doctest.h>
#include <sodium/crypto_stream_chacha20.h>

#include "support/child_process.hpp"
#include "support/octets.hpp"

using namespace test;

namespace {

// What the class comment says, written down once more with libsodium alone.
bytes expected_stream(const secret_key& seed, std::size_t blocks) {
  std::array<unsigned char, 32> key;
  std::memcpy(key.data(), seed.data(), key.size());
  std::array<unsigned char, 12> nonce{};
  bytes result;
  while (blocks-- > 0) {
    std::array<unsigned char, 128> block;
    crypto_stream_chacha20_ietf(block.data(), block.size(), nonce.data(),
                                key.data());
    std::copy_n(block.begin(), 32, key.begin());
    for (std::size_t i = 32; i < block.size(); ++i)
      result.push_back(std::byte{block[i]});
  }
  return result;
}

} // namespace

TEST_CASE("the stream is ChaCha20 with fast key erasure") {
  auto stream = expected_stream(numbered_key(7), 16);
  random_source random{numbered_key(7)};
  CHECK(to_hex(random_bytes(random, stream.size())) == to_hex(stream));
}

TEST_CASE("the stream does not depend on how it is taken") {
  auto stream = expected_stream(numbered_key(7), 32);
  auto lengths = seeded(1);
  random_source random{numbered_key(7)};
  bytes taken;
  while (taken.size() < stream.size()) {
    auto size =
      std::min<std::size_t>(lengths.below(700), stream.size() - taken.size());
    taken = joined(taken, random_bytes(random, size));
  }
  CHECK(to_hex(taken) == to_hex(stream));
}

TEST_CASE("a source does not hold what it gave out") {
  random_source random{numbered_key(7)};
  for (std::size_t size : {8u, 90u, 96u}) {
    auto given = random_bytes(random, size);
    auto held = std::as_bytes(std::span{&random, 1});
    auto part = bytes_view{given}.last(8);
    CHECK(std::search(held.begin(), held.end(), part.begin(), part.end())
          == held.end());
  }
}

TEST_CASE("numbers and keys come from the stream") {
  auto stream = expected_stream(numbered_key(7), 1);
  random_source random{numbered_key(7)};
  auto number = random.next_u64();
  for (std::size_t i = 0; i < 8; ++i)
    CHECK(static_cast<std::byte>(number >> (8 * i)) == stream[i]);
  CHECK(to_hex(random.next_key().view())
        == to_hex(bytes_view{stream}.subspan(8, 32)));
}

TEST_CASE("numbers are below their bound, each as likely as the other") {
  auto random = seeded(2);
  CHECK(random.below(1) == 0);
  std::map<std::uint64_t, int> counts;
  for (int i = 0; i < 60'000; ++i)
    ++counts[random.below(6)];
  REQUIRE(counts.size() == 6);
  CHECK(counts.rbegin()->first == 5);
  // Five standard deviations, for a seed that stays the same.
  for (auto [number, count] : counts)
    CHECK(std::abs(count - 10'000) < 457);
}

TEST_CASE("a bound that divides nothing has no bias") {
  // Without rejection, numbers below 2^62 would come up twice as often as
  // those above: in two of three cases instead of in one of three.
  auto random = seeded(3);
  auto bound = std::uint64_t{3} << 62;
  int low = 0;
  for (int i = 0; i < 30'000; ++i) {
    auto number = random.below(bound);
    REQUIRE(number < bound);
    low += number < std::uint64_t{1} << 62;
  }
  CHECK(std::abs(low - 10'000) < 410);
}

TEST_CASE("a moved source goes on") {
  auto stream = expected_stream(numbered_key(7), 4);
  random_source first{numbered_key(7)};
  auto taken = random_bytes(first, 100);
  auto second = std::move(first);
  taken = joined(taken, random_bytes(second, 100));
  auto third = seeded(1);
  third = std::move(second);
  taken = joined(taken, random_bytes(third, 100));
  CHECK(to_hex(taken) == to_hex(bytes_view{stream}.first(300)));
}

TEST_CASE("a source that was moved from ends the program") {
  auto first = seeded(1);
  auto second = std::move(first);
  // NOLINTNEXTLINE(bugprone-use-after-move)
  CHECK(aborts([&] { (void)first.next_u64(); }));
  CHECK_FALSE(aborts([&] { (void)second.next_u64(); }));
}
