// Decoding octets of any kind gives an error or a value that encodes to exactly
// those octets, and allocates no more than they justify.

#include "messages/samples.hpp"

#include <cstdlib>
#include <new>
#include <random>

#include <doctest/doctest.h>

#include <node_proxy/base/hex.hpp>
#include <node_proxy/protocol/wire/bare.hpp>

using namespace node_proxy;

namespace {

/// Octets that this program has allocated so far.
std::size_t allocated = 0;

} // namespace

void* operator new(std::size_t size) {
  allocated += size;
  if (auto result = std::malloc(size))
    return result;
  throw std::bad_alloc{};
}

void operator delete(void* data) noexcept {
  std::free(data);
}

void operator delete(void* data, std::size_t) noexcept {
  std::free(data);
}

namespace {

/// An address of an advert takes 88 octets in memory and at least 7 on the
/// wire, and a growing vector allocates three times what it needs.
std::size_t justified(std::size_t input_size) {
  return 40 * input_size;
}

/// Whether decoding `input` as a `T` keeps the promises of the decoder.
template <class T>
bool is_strict(bytes_view input) {
  auto before = allocated;
  auto value = decode<T>(input);
  if (allocated - before > justified(input.size()))
    return false;
  if (!value)
    return true;
  auto again = encode(*value);
  return again && std::ranges::equal(*again, input);
}

template <class T>
void require_strict(bytes_view input) {
  if (is_strict<T>(input))
    return;
  INFO("input: " << to_hex(input));
  FAIL("decoding is not strict");
}

template <class T>
void try_random_octets(std::uint64_t seed) {
  INFO("seed: " << seed);
  std::mt19937_64 random{seed};
  for (int i = 0; i < 2'000; ++i) {
    bytes input(random() % 80);
    // Small numbers are likely to be lengths, tags and flags that are right.
    std::uint64_t values = random() % 2 == 0 ? 4 : 256;
    for (auto& octet : input)
      octet = static_cast<std::byte>(random() % values);
    require_strict<T>(input);
  }
}

template <class T>
void try_random_damage(std::uint64_t seed, bytes_view encoded) {
  INFO("seed: " << seed);
  std::mt19937_64 random{seed};
  for (int i = 0; i < 500; ++i) {
    auto input = to_bytes(encoded);
    for (auto changes = 1 + random() % 4; changes > 0; --changes) {
      auto where = static_cast<std::ptrdiff_t>(random() % (input.size() + 1));
      if (random() % 2 == 0 || where == std::ssize(input))
        input.insert(input.begin() + where, static_cast<std::byte>(random()));
      else
        input.erase(input.begin() + where);
    }
    require_strict<T>(input);
  }
}

} // namespace

TEST_CASE("no prefix of a message is a message") {
  samples::for_each([]<class T>(const std::string& name, const T& value) {
    CAPTURE(name);
    auto encoded = encode(value).value();
    for (std::size_t size = 0; size < encoded.size(); ++size)
      CHECK(decode<T>(bytes_view{encoded}.first(size)).error()
            == bare_error::truncated);
  });
}

TEST_CASE("one octet more is an error") {
  samples::for_each([]<class T>(const std::string& name, const T& value) {
    CAPTURE(name);
    auto encoded = encode(value).value();
    encoded.push_back(std::byte{0});
    CHECK(decode<T>(encoded).error() == bare_error::trailing_bytes);
  });
}

TEST_CASE("every change of a single octet is noticed or harmless") {
  samples::for_each([]<class T>(const std::string& name, const T& value) {
    CAPTURE(name);
    auto input = encode(value).value();
    for (auto& octet : input) {
      auto original = octet;
      for (unsigned other = 0; other < 256; ++other) {
        octet = static_cast<std::byte>(other);
        require_strict<T>(input);
      }
      octet = original;
    }
  });
}

TEST_CASE("random octets and random damage are noticed or harmless") {
  std::uint64_t seed = 2024;
  samples::for_each([&]<class T>(const std::string& name, const T& value) {
    CAPTURE(name);
    try_random_octets<T>(seed++);
    try_random_damage<T>(seed++, encode(value).value());
  });
}

TEST_CASE("a length that claims too much allocates nothing") {
  // Each is a place where a length or count belongs, then 2^64 - 1.
  auto claim = from_hex("ffffffffffffffffff01").value();
  auto check = [&]<class T>(std::type_identity<T>, bytes before) {
    before.insert(before.end(), claim.begin(), claim.end());
    auto count = allocated;
    auto value = decode<T>(before);
    CHECK(allocated == count);
    REQUIRE(!value);
    CHECK((value.error() == bare_error::truncated
           || value.error() == bare_error::too_long));
  };
  check(std::type_identity<engine_id>{}, bytes(1));
  check(std::type_identity<serialized_msg>{}, bytes(1));
  check(std::type_identity<node_advert>{}, bytes(33));
  check(std::type_identity<encrypted_msg>{}, bytes(1));
  check(std::type_identity<std::vector<std::uint64_t>>{}, {});
  check(std::type_identity<std::string>{}, {});
}
