#include <node_proxy/protocol/wire/decimal.hpp>

#include <limits>

#include <doctest/doctest.h>

using node_proxy::internal::parse_decimal;

TEST_CASE("a number has one spelling") {
  CHECK(parse_decimal("0", 9) == 0u);
  CHECK(parse_decimal("10", 10) == 10u);
  for (auto text : {"", "00", "01", "+1", "-1", " 1", "1 ", "1.0", "0x1", "a"})
    CHECK_FALSE(parse_decimal(text, 100));
}

TEST_CASE("a number is not above the largest one") {
  constexpr auto most = std::numeric_limits<std::uint32_t>::max();
  CHECK_FALSE(parse_decimal("11", 10));
  CHECK(parse_decimal("4294967295", most) == most);
  CHECK_FALSE(parse_decimal("4294967296", most));
  CHECK_FALSE(parse_decimal("99999999999999999999", most));
}
