#include <doctest/doctest.h>

#include <node_proxy/base/hex.hpp>

using namespace node_proxy;

TEST_CASE("octets become lower-case hex and come back") {
  bytes all;
  for (unsigned i = 0; i < 256; ++i)
    all.push_back(static_cast<std::byte>(i));
  auto text = to_hex(all);
  CHECK(text.substr(0, 6) == "000102");
  CHECK(text.substr(508) == "feff");
  CHECK(from_hex(text) == all);
  CHECK(from_hex("aBCd") == from_hex("AbcD"));
  CHECK(from_hex("") == bytes{});
}

TEST_CASE("text that is not hex is refused") {
  for (auto text : {"0", "000", "0g", "g0", " 00", "0x00", "-1", "\xFF\xFF"})
    CHECK_FALSE(from_hex(text));
}
