// Values of users' types, which have nothing but an `inspect` for CAF.

#include "typed_values.hpp"

#include <chrono>
#include <list>
#include <memory>
#include <set>
#include <unordered_map>

#include <doctest/doctest.h>

#include <node_proxy/actors/typed_payload.hpp>
#include <node_proxy/base/hex.hpp>
#include <node_proxy/protocol/wire/payload.hpp>

using namespace node_proxy;
using namespace std::chrono_literals;
using namespace typed_values;

namespace {

template <class T>
void check(const T& x, std::string_view hex) {
  CAPTURE(hex);
  auto encoded = encode_value(x);
  REQUIRE(encoded);
  CHECK(to_hex(*encoded) == hex);
  auto decoded = decode_value<T>(*encoded);
  REQUIRE(decoded);
  CHECK(*decoded == x);
}

template <class T>
std::optional<bare_error> error_of(std::string_view hex) {
  auto result = decode_value<T>(from_hex(hex).value());
  return result ? std::nullopt : std::optional{result.error()};
}

drawing sample() {
  return {"a\u2713",
          {{1, -2}, {3, 4}},
          color::green,
          point{5, 6},
          {{"b", 1.0}, {"a", -0.0}}};
}

/// Decodes `input`, and if it can be, encodes it again.
template <class T>
bool is_strict(bytes_view input) {
  auto value = decode_value<T>(input);
  if (!value)
    return true;
  auto again = encode_value(*value);
  return again && std::ranges::equal(*again, input);
}

tree tree_of_depth(std::size_t depth) {
  tree result;
  for (; depth > 0; --depth) {
    tree next;
    next.branches.push_back(std::move(result));
    result = std::move(next);
  }
  return result;
}

} // namespace

TEST_CASE("numbers have the width of their type") {
  check(true, "01");
  check(std::uint64_t{1}, "0100000000000000");
  check(std::int64_t{-2}, "feffffffffffffff");
  check(-2, "feffffff");
  check(std::uint16_t{258}, "0201");
  check('a', "61");
  check(1.0f, "0000803f");
  check(-2.5, "00000000000004c0");
}

TEST_CASE("texts and octets have their length in front of them") {
  check(std::string{"a\u2713"}, "0461e29c93");
  check(bytes{std::byte{1}, std::byte{2}}, "020102");
  check(std::array<std::byte, 2>{std::byte{1}, std::byte{2}}, "0102");
  CHECK(error_of<std::string>("01ff") == bare_error::bad_utf8);
  CHECK(encode_value(std::string{"\xFF"}).error() == bare_error::bad_utf8);
}

TEST_CASE("what is made of other types has the form of these") {
  check(std::optional{7}, "0107000000");
  check(std::variant<bool, std::string>{"a"}, "010161");
  check(std::vector<std::vector<std::uint64_t>>{{1}, {}}, "02"
                                                          "010100000000000000"
                                                          "00");
  check(std::list<std::pair<bool, std::int8_t>>{{true, -1}}, "0101ff");
  check(std::array<std::uint16_t, 2>{1, 2}, "01000200");
  check(std::set<std::uint16_t>{1, 256}, "0200010100");
  check(std::unordered_map<std::string, point>{{"b", {}}, {"a", {1, 2}}},
        "02"
        "01610100000002000000"
        "01620000000000000000");
  check(std::tuple{color::green, nothing{}, 5ms}, "010500000000000000");
  check(std::chrono::sys_seconds{1s}, "0100000000000000");
}

TEST_CASE("the form of a struct is the list of its fields") {
  check(point{1, -2}, "01000000feffffff");
  check(old_fashioned{{1, 2}, {std::byte{3}, std::byte{4}}}, "010002000304");
  check(labelled{{1, 2}, "a"}, "01000000020000000161");
  check(std::variant<std::monostate, bool>{}, "00");
  check(nothing{}, "");
  check(caf::unit, "");
  check(sample(), "0461e29c93"
                  "02"
                  "01000000feffffff"
                  "0300000004000000"
                  "0101"
                  "02"
                  "0500000006000000"
                  "02"
                  "01610000000000000080"
                  "0162000000000000f03f");
}

TEST_CASE("a class that looks like something else has its own form") {
  word x{'a', 'b'};
  x.weight = 3;
  CHECK(to_hex(encode_value(x).value()) == "03000000");
  check(both_ways{1, true}, "010000000000000001");
}

TEST_CASE("a class with functions for Cereal has the form of a payload") {
  archived x{300, -2};
  check(x, "ac02feff");
  CHECK(encode_value(x) == encode_payload(x));
  check(std::vector{x, x}, "02"
                           "ac02feff"
                           "ac02feff");
}

TEST_CASE("our own messages keep their form") {
  engine_id id{std::nullopt, "printer"};
  check(id, "00077072696e746572");
  CHECK(encode_value(id) == encode(id));
  check(std::pair{rel_time{300}, expiry_time{abs_time{1}}}, "ac020101");
  check(std::vector{node_id{}}, "0100" + std::string(64, '0'));
}

TEST_CASE("several values are the struct of them") {
  auto encoded = encode_values(1, std::string{"a"}, point{2, 3}).value();
  CHECK(to_hex(encoded) == "0100000001610200000003000000");
  auto decoded = decode_values<int, std::string, point>(encoded).value();
  CHECK(decoded == std::tuple{1, std::string{"a"}, point{2, 3}});
  CHECK(encode_values().value().empty());
  CHECK(decode_values<>({}));
  CHECK(decode_values<>(encoded).error() == bare_error::trailing_bytes);
}

TEST_CASE("values are appended, or nothing is") {
  auto out = to_bytes("abc");
  CHECK(encode_values_to(out, std::uint8_t{'d'}));
  CHECK(encode_values_to(out, 1, std::string{"\xFF"}).error()
        == bare_error::bad_utf8);
  CHECK(as_text(out) == "abcd");
}

TEST_CASE("no prefix of a value is a value, nor is one octet more") {
  auto encoded = encode_value(sample()).value();
  for (std::size_t size = 0; size < encoded.size(); ++size)
    CHECK(decode_value<drawing>(bytes_view{encoded}.first(size)).error()
          == bare_error::truncated);
  encoded.push_back(std::byte{0});
  CHECK(decode_value<drawing>(encoded).error() == bare_error::trailing_bytes);
}

TEST_CASE("every change of a single octet is noticed or harmless") {
  auto input = encode_value(sample()).value();
  for (auto& octet : input) {
    auto original = octet;
    for (unsigned other = 0; other < 256; ++other) {
      octet = static_cast<std::byte>(other);
      REQUIRE_MESSAGE(is_strict<drawing>(input), "input: " << to_hex(input));
    }
    octet = original;
  }
}

TEST_CASE("recursion has a limit") {
  auto deepest = tree_of_depth(limits::list_depth - 1);
  auto encoded = encode_value(deepest).value();
  CHECK(decode_value<tree>(encoded) == deepest);
  CHECK(encode_value(tree_of_depth(limits::list_depth)).error()
        == bare_error::too_long);
  CHECK(decode_value<tree>(bytes(1'000'000, std::byte{1})).error()
        == bare_error::too_long);
}

TEST_CASE("elements that take no octets have a limit of their own") {
  std::vector<nothing> most(limits::empty_elements);
  auto encoded = encode_value(most).value();
  CHECK(decode_value<std::vector<nothing>>(encoded) == most);
  most.emplace_back();
  CHECK(encode_value(most).error() == bare_error::too_long);
  CHECK(error_of<std::vector<nothing>>("ffffffff0f") == bare_error::truncated);
}

TEST_CASE("what has no form is refused when it is compiled") {
  struct silent {
    int value;
  };
  CHECK(bare_value<drawing>);
  CHECK(bare_value<std::map<std::string, std::vector<drawing>>>);
  CHECK(!bare_value<silent>);
  CHECK(!bare_value<std::vector<silent>>);
  CHECK(!bare_value<int*>);
  CHECK(!bare_value<std::unique_ptr<int>>);
  CHECK(!bare_value<std::optional<std::shared_ptr<point>>>);
  CHECK(!bare_value<caf::intrusive_ptr<caf::ref_counted>>);
  CHECK(!bare_value<caf::actor>);
  CHECK(!bare_value<std::tuple<int, caf::strong_actor_ptr>>);
  CHECK(!bare_value<caf::message>);
  CHECK(!bare_value<caf::error>);
#if CAF_MAJOR_VERSION < 1
  CHECK(!bare_value<caf::group>);
#endif
  CHECK(!bare_value<std::string_view>);
  CHECK(!bare_value<long double>);
  CHECK(!bare_value<std::chrono::steady_clock::time_point>);
}
