#include <node_proxy/protocol/crypto/secret.hpp>

#include <cstring>
#include <memory>
#include <sstream>

#include <doctest/doctest.h>

#include "support/octets.hpp"

using namespace test;

namespace {

bool is_zero(bytes_view data) {
  return std::ranges::all_of(data,
                             [](std::byte x) { return x == std::byte{}; });
}

} // namespace

TEST_CASE("a new secret is all zeros") {
  CHECK(is_zero(secret_key{}.view()));
  CHECK(to_hex(numbered_key(1).view()) == to_hex(numbered(32, 1)));
}

TEST_CASE("a secret is wiped when it is destroyed") {
  alignas(secret_key) std::array<std::byte, sizeof(secret_key)> storage;
  auto* key = new (storage.data()) secret_key{numbered_key(1)};
  REQUIRE_FALSE(is_zero(key->view()));
  std::destroy_at(key);
  CHECK(is_zero(storage));
}

TEST_CASE("a secret is wiped when it is moved away") {
  auto original = numbered_key(1);
  auto moved = std::move(original);
  CHECK(is_zero(original.view())); // NOLINT(bugprone-use-after-move)
  CHECK(moved == numbered_key(1));
  secret_key assigned;
  assigned = std::move(moved);
  CHECK(is_zero(moved.view())); // NOLINT(bugprone-use-after-move)
  CHECK(assigned == numbered_key(1));
  auto& same = assigned;
  assigned = std::move(same);
  CHECK(assigned == numbered_key(1));
}

TEST_CASE("a copy of a secret leaves the original") {
  auto original = numbered_key(1);
  auto copy = original;
  CHECK(copy == original);
  copy.wipe();
  CHECK(is_zero(copy.view()));
  CHECK(original == numbered_key(1));
}

TEST_CASE("secrets differ if one octet does") {
  auto original = numbered_key(1);
  for (std::size_t i = 0; i < secret_key::size(); ++i) {
    auto other = original;
    other.data()[i] ^= std::byte{0x80};
    CHECK(other != original);
  }
}

TEST_CASE("a secret does not print what it is") {
  std::ostringstream out;
  out << numbered_key(1);
  CHECK(out.str() == "<redacted>");
}
