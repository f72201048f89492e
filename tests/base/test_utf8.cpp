#include <doctest/doctest.h>

#include <node_proxy/base/utf8.hpp>

using namespace node_proxy;

TEST_CASE("valid UTF-8 is accepted up to the edges of each length") {
  for (auto text :
       {"", "a", "\x7F", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF",
        "\xEE\x80\x80", "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF",
        "12345678", "1234567\xC3\xA9", "12345678\xC3\xA9"})
    CHECK(is_utf8(text));
  CHECK(is_utf8(std::string_view{"\0", 1}));
}

TEST_CASE("anything else is refused") {
  for (auto text :
       {"\x80",             // continuation alone
        "\xBF",             //
        "\xC0\x80",         // overlong
        "\xC1\xBF",         //
        "\xE0\x9F\xBF",     //
        "\xF0\x8F\xBF\xBF", //
        "\xED\xA0\x80",     // surrogates
        "\xED\xBF\xBF",     //
        "\xF4\x90\x80\x80", // above U+10FFFF
        "\xF5\x80\x80\x80", //
        "\xFF",             //
        "\xC2",             // cut off
        "\xE2\x82",         //
        "\xF0\x9F\x94",     //
        "\xC2 ",            // continuation missing
        "\xE2 \x82",        //
        "\xE2\x82 ",        //
        "\xF0\x9F\x94 ",    //
        "12345678\xFF",     // after the octets that are looked at as one
        "1234\xFF"})
    CHECK_FALSE(is_utf8(text));
}
