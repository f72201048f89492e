#include <array>

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

TEST_CASE("hex is written and read in place") {
  constexpr std::array data{std::byte{0x0a}, std::byte{0xbc}};
  std::array<std::byte, 6> out;
  out.fill(std::byte{'-'});
  write_hex(data, out);
  using namespace std::string_view_literals;
  CHECK(as_text(out) == "0abc\0-"sv);
  std::array<std::byte, 2> back{};
  CHECK(read_hex("0ABc", back));
  CHECK(back == data);
}

TEST_CASE("hex of another size than its place is refused") {
  std::array<std::byte, 2> place{};
  for (auto text : {"", "0a", "0ab", "0abcd", "0abcde", "0abg"})
    CHECK_FALSE(read_hex(text, place));
}
