#include <node_proxy/protocol/wire/address_range.hpp>

#include <doctest/doctest.h>

#include <node_proxy/protocol/wire/address_text.hpp>

using namespace node_proxy;

namespace {

bool has(std::string_view range, std::string_view ip) {
  return contains(parse_ip_range(range).value(), *parse_ip_address(ip));
}

} // namespace

TEST_CASE("a range has the addresses that begin like it") {
  CHECK(has("10.0.0.0/8", "10.0.0.0"));
  CHECK(has("10.0.0.0/8", "10.255.255.255"));
  CHECK_FALSE(has("10.0.0.0/8", "9.255.255.255"));
  CHECK_FALSE(has("10.0.0.0/8", "11.0.0.0"));
  CHECK(has("172.16.0.0/12", "172.31.255.255"));
  CHECK_FALSE(has("172.16.0.0/12", "172.32.0.0"));
  CHECK(has("0.0.0.0/0", "255.255.255.255"));
  CHECK(has("192.0.2.1/32", "192.0.2.1"));
  CHECK_FALSE(has("192.0.2.1", "192.0.2.0"));
  CHECK(has("fd00::/8", "fdff::1"));
  CHECK_FALSE(has("fd00::/8", "fe00::1"));
  CHECK(has("2001:db8::/33", "2001:db8:7fff::"));
  CHECK_FALSE(has("2001:db8::/33", "2001:db8:8000::"));
  CHECK(has("::1", "::1"));
}

TEST_CASE("a range is about one family of addresses") {
  CHECK_FALSE(has("::/0", "10.0.0.1"));
  CHECK_FALSE(has("0.0.0.0/0", "::1"));
  // This is the same one as 10.0.0.1.
  CHECK(has("10.0.0.0/8", "::ffff:10.0.0.1"));
  CHECK_FALSE(has("::/0", "::ffff:10.0.0.1"));
  // This one is not.
  CHECK_FALSE(has("10.0.0.0/8", "2002:a00:1::"));
}

TEST_CASE("a range is read and written") {
  for (auto text : {"10.0.0.0/8", "192.0.2.1/32", "0.0.0.0/0", "::/0",
                    "fd00:1::/32", "::1/128"})
    CHECK(to_string(parse_ip_range(text).value()) == text);
  CHECK(to_string(parse_ip_range("10.0.0.1").value()) == "10.0.0.1/32");
}

TEST_CASE("who writes a wrong range is told what was expected") {
  for (auto text : {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/08",
                    "10.0.0.0/-1", "10.0.0.0/8x", "10.0.0/8", "::/129",
                    "fe80::1%1/64", "::ffff:10.0.0.0/104", "10.0.0.0/8/8"}) {
    INFO(text);
    auto range = parse_ip_range(text);
    REQUIRE_FALSE(range);
    CHECK(range.error().starts_with("bad range '" + std::string{text} + "': "));
  }
  CHECK(
    parse_ip_range("192.168.1.7/24").error()
    == "bad range '192.168.1.7/24': expected 192.168.1.0/24, where the bits "
       "that differ are 0");
}
