#include <node_proxy/protocol/crypto/identity.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <sodium/crypto_core_ed25519.h>
#include <sodium/crypto_scalarmult_curve25519.h>
#include <sodium/crypto_sign.h>
#include <sodium/randombytes.h>
#include <sodium/utils.h>

#include <node_proxy/protocol/crypto/octets.hpp>

#include "support/octets.hpp"

using namespace test;

namespace {

node_id id_of(std::string_view text) {
  return {hex_array<32>(text)};
}

identity some_identity(unsigned first = 1) {
  return identity::from_seed(numbered_key(first));
}

// Points of small order: 1, 2, 4, 4, 8, 8, 8, 8.
constexpr std::array small_order{
  "0100000000000000000000000000000000000000000000000000000000000000",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0000000000000000000000000000000000000000000000000000000000000080",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
};

/// A part of the memory of this process that can be written.
struct memory_area {
  std::uintptr_t first = 0;
  std::uintptr_t last = 0;
  /// What the kernel does with it, "lo" and "dd" for instance.
  std::string flags;
};

/// What a sanitizer keeps beside the memory of the program is larger than any
/// of that.
constexpr unsigned long largest_area = 1ul << 30;

std::vector<memory_area> writable_memory() {
  std::vector<memory_area> result;
  std::ifstream areas{"/proc/self/smaps"};
  bool writable = false;
  for (std::string line; std::getline(areas, line);) {
    unsigned long first = 0;
    unsigned long last = 0;
    char mode[5] = {};
    if (std::sscanf(line.c_str(), "%lx-%lx %4s", &first, &last, mode) == 3) {
      writable = std::string_view{mode}.starts_with("rw")
                 && last - first <= largest_area;
      if (writable)
        result.push_back({first, last, {}});
    } else if (writable && line.starts_with("VmFlags:"))
      result.back().flags = line;
  }
  return result;
}

/// The areas in which `wanted` is, one for each place. `wanted` is inverted, so
/// that it is not found itself.
std::vector<memory_area>
places_of(const std::array<unsigned char, 32>& wanted) {
  std::vector<memory_area> result;
  std::ifstream memory{"/proc/self/mem", std::ios::binary};
  for (const auto& area : writable_memory()) {
    std::vector<char> content(area.last - area.first);
    memory.clear();
    memory.seekg(static_cast<std::streamoff>(area.first));
    memory.read(content.data(), static_cast<std::streamsize>(content.size()));
    auto same = [](unsigned char a, char b) {
      return static_cast<unsigned char>(~a) == static_cast<unsigned char>(b);
    };
    const auto* at = content.data();
    const auto* end = at + content.size();
    auto next = [&] {
      auto left = static_cast<std::size_t>(end - at);
      at = static_cast<const char*>(
        std::memchr(at, static_cast<unsigned char>(~wanted.front()), left));
      return at != nullptr && end - at >= std::ssize(wanted);
    };
    for (; next(); ++at)
      if (std::equal(wanted.begin(), wanted.end(), at, same))
        result.push_back(area);
    sodium_memzero(content.data(), content.size());
  }
  return result;
}

} // namespace

TEST_CASE("a seed gives the public key that RFC 8032 says, section 7.1") {
  auto one = identity::from_seed(hex_key(
    "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"));
  CHECK(to_hex(one.id().data)
        == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
  auto two = identity::from_seed(hex_key(
    "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"));
  CHECK(to_hex(two.id().data)
        == "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
  CHECK(to_hex(two.seed())
        == "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
}

TEST_CASE("the Noise keys are a pair and follow from the id") {
  auto self = some_identity();
  noise_public_key expected;
  crypto_scalarmult_curve25519_base(octets(expected.data()),
                                    octets(self.noise_secret().data()));
  CHECK(to_hex(self.noise_public()) == to_hex(expected));
  auto from_id = noise_key_of(self.id());
  REQUIRE(from_id);
  CHECK(to_hex(*from_id) == to_hex(expected));
}

TEST_CASE("a signature is over context, a zero octet and data") {
  auto self = some_identity();
  auto sig = self.sign("some context", as_bytes("some data"));
  using namespace std::string_view_literals;
  auto message = to_bytes("some context\0some data"sv);
  CHECK(crypto_sign_verify_detached(octets(sig.data.data()),
                                    octets(message.data()), message.size(),
                                    octets(self.id().data.data()))
        == 0);
  CHECK(verify(self.id(), "some context", as_bytes("some data"), sig));
  CHECK(verify(self.id(), "", {}, self.sign("", {})));
}

TEST_CASE("a signature is of one key, context and data") {
  auto self = some_identity();
  auto data = as_bytes("some data");
  auto sig = self.sign("some context", data);
  CHECK_FALSE(verify(some_identity(2).id(), "some context", data, sig));
  CHECK_FALSE(verify(self.id(), "some contexT", data, sig));
  CHECK_FALSE(verify(self.id(), "some", as_bytes("context\0some data"), sig));
  for (std::size_t i = 0; i < data.size(); ++i)
    CHECK_FALSE(verify(self.id(), "some context", altered(data, i), sig));
  for (std::size_t i = 0; i < sig.data.size(); ++i) {
    auto wrong = sig;
    wrong.data[i] ^= std::byte{0x01};
    CHECK_FALSE(verify(self.id(), "some context", data, wrong));
  }
}

TEST_CASE("points of small order are no ids") {
  for (const auto* text : small_order) {
    INFO(text);
    CHECK_FALSE(noise_key_of(id_of(text)));
  }
}

TEST_CASE("points outside of the prime-order subgroup are no ids") {
  auto self = some_identity();
  // The first one adds nothing.
  for (std::size_t i = 0; i < small_order.size(); ++i) {
    INFO(small_order[i]);
    node_id mixed;
    auto torsion = id_of(small_order[i]);
    REQUIRE(crypto_core_ed25519_add(octets(mixed.data.data()),
                                    octets(self.id().data.data()),
                                    octets(torsion.data.data()))
            == 0);
    CHECK(noise_key_of(mixed).has_value() == (i == 0));
  }
}

TEST_CASE("what is no canonical point is no id") {
  // y = 2 is on no point; y = p + 1 is another way to write 1, y = p + 3 one to
  // write 3, which is on the curve.
  for (const auto* text :
       {"0200000000000000000000000000000000000000000000000000000000000000",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"}) {
    INFO(text);
    auto result = noise_key_of(id_of(text));
    REQUIRE_FALSE(result);
    CHECK(result.error() == identity_error::invalid_point);
  }
}

TEST_CASE("an id is good if libsodium calls it a valid point") {
  auto check = [](node_id id) {
    for (int sign = 0; sign < 2; ++sign, id = twin_of(id))
      CHECK(
        noise_key_of(id).has_value()
        == (crypto_core_ed25519_is_valid_point(octets(id.data.data())) == 1));
  };
  // Coordinates around 0, and around the prime: 2^255 - 19, ends in ed.
  node_id low{};
  node_id high;
  high.data.fill(std::byte{0xff});
  high.data.back() = std::byte{0x7f};
  for (unsigned i = 0; i < 256; ++i) {
    low.data.front() = static_cast<std::byte>(i);
    high.data.front() = static_cast<std::byte>(i);
    check(low);
    check(high);
  }
  for (unsigned i = 0; i < 50; ++i)
    check(some_identity(i).id());
}

TEST_CASE("two ids have one Noise key") {
  auto self = some_identity();
  auto twin = twin_of(self.id());
  CHECK(twin != self.id());
  CHECK(twin_of(twin) == self.id());
  CHECK(noise_key_of(twin) == self.noise_public());
  CHECK(without_sign_bit(twin) == without_sign_bit(self.id()));
  CHECK(without_sign_bit(twin) != without_sign_bit(some_identity(2).id()));
  CHECK((without_sign_bit(twin).data.back() & std::byte{0x80}) == std::byte{});
}

TEST_CASE("the private keys are in memory once, and in no core dump") {
  std::array<unsigned char, 32> seed;
  std::array<unsigned char, 32> noise;
  auto keep_inverted = [](auto& to, const std::byte* from) {
    std::transform(from, from + to.size(), to.begin(),
                   [](std::byte x) { return static_cast<unsigned char>(~x); });
  };
  auto self = [] {
    secret_key fresh;
    randombytes_buf(fresh.data(), fresh.size());
    return identity::from_seed(fresh);
  }();
  auto copy = self;
  keep_inverted(seed, self.seed().data());
  keep_inverted(noise, self.noise_secret().data());
  for (const auto& key : {seed, noise}) {
    auto places = places_of(key);
    REQUIRE(places.size() == 1);
    CHECK(places[0].flags.find(" dd") != std::string::npos);
  }
  self = some_identity();
  copy = some_identity();
  CHECK(places_of(seed).empty());
  CHECK(places_of(noise).empty());
}
