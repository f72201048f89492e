#include <doctest/doctest.h>

#include <node_proxy/base/visible.hpp>

using node_proxy::internal::make_visible;

TEST_CASE("what can be seen stays as it is") {
  for (std::string text :
       {"", "plain ~", "a\\u0041", "Grüße, 世界", "\xF0\x9F\x94\x91",
        // Hebrew is written from right to left by itself.
        "\xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D"})
    CHECK(make_visible(text) == text);
}

TEST_CASE("nothing that a terminal obeys is left") {
  CHECK(make_visible("a\x1b[2Jb\r\n\t") == "a\\u001b[2Jb\\u000d\\u000a\\u0009");
  CHECK(make_visible(std::string_view{"\0", 1}) == "\\u0000");
  CHECK(make_visible("\x7f") == "\\u007f");
  // C1: CSI of one character.
  CHECK(make_visible("\xC2\x80\xC2\x9B\xC2\x9F\xC2\xA0")
        == "\\u0080\\u009b\\u009f\xC2\xA0");
}

TEST_CASE("nothing changes the order in which the rest is shown") {
  CHECK(make_visible("\u061C\u200E\u200F") == "\\u061c\\u200e\\u200f");
  CHECK(make_visible("\u202A\u202E\u2066\u2069")
        == "\\u202a\\u202e\\u2066\\u2069");
}

TEST_CASE("nothing is hidden, and lines end nowhere else") {
  CHECK(make_visible("\u2028\u2029") == "\\u2028\\u2029");
  CHECK(make_visible("\u00AD\u200B\u2060\uFEFF\uFE0F\u3164")
        == "\\u00ad\\u200b\\u2060\\ufeff\\ufe0f\\u3164");
  // Tags, as JSON writes what is above U+FFFF.
  CHECK(make_visible("\U000E0041\U000E0FFF\U000E1000")
        == "\\udb40\\udc41\\udb43\\udfff\U000E1000");
}

TEST_CASE("U+FFFD stands for each octet that is not UTF-8") {
  CHECK(make_visible("a\x9Bz\xFF") == "a\xEF\xBF\xBDz\xEF\xBF\xBD");
  CHECK(make_visible("\xE2\x80") == "\xEF\xBF\xBD\xEF\xBF\xBD");
}
