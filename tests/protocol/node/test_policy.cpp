#include <node_proxy/protocol/node/policy.hpp>

#include <doctest/doctest.h>

#include <node_proxy/protocol/crypto/identity.hpp>

#include "support/octets.hpp"

using namespace test;

namespace {

node_id id_of(unsigned first) {
  node_id result;
  result.data = hex_array<32>(to_hex(numbered(32, first)));
  return result;
}

} // namespace

TEST_CASE("without lists everybody is allowed") {
  policy uut;
  CHECK(uut.allows(id_of(1)));
  CHECK_FALSE(uut.names(id_of(1)));
}

TEST_CASE("a list of allowed nodes excludes all others") {
  policy uut;
  uut.allow(id_of(1));
  CHECK(uut.allows(id_of(1)));
  CHECK_FALSE(uut.allows(id_of(2)));
  CHECK(uut.names(id_of(1)));
  CHECK_FALSE(uut.names(id_of(2)));
}

TEST_CASE("a denied node is denied, even if it is allowed too") {
  policy uut;
  uut.deny(id_of(1));
  CHECK_FALSE(uut.allows(id_of(1)));
  CHECK(uut.allows(id_of(2)));
  uut.allow(id_of(1));
  uut.allow(id_of(2));
  CHECK_FALSE(uut.allows(id_of(1)));
  CHECK(uut.allows(id_of(2)));
  CHECK(uut.names(id_of(1)));
}

TEST_CASE("ids that share a key count as one") {
  policy uut;
  uut.allow(twin_of(id_of(1)));
  CHECK(uut.allows(id_of(1)));
  uut.deny(id_of(1));
  CHECK_FALSE(uut.allows(twin_of(id_of(1))));
  CHECK(uut.names(twin_of(id_of(1))));
}
