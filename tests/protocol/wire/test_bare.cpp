// The forms of BARE one by one, and what a decoder refuses.

#include <limits>

#include <doctest/doctest.h>

#include <node_proxy/base/hex.hpp>
#include <node_proxy/protocol/wire/bare.hpp>

using namespace node_proxy;

namespace {

enum class color : std::uint8_t { red, green };

} // namespace

template <>
inline constexpr std::array<std::string_view, 2> node_proxy::enum_names<color>{
  "red", "green"};

namespace {

template <class T>
std::string hex_of(const T& value) {
  return to_hex(encode(value).value());
}

template <class T>
bare_error error_of(std::string_view hex) {
  return decode<T>(from_hex(hex).value()).error();
}

struct fixed_and_bounded {
  std::uint64_t number = 0;
  std::vector<std::uint16_t> list;
  std::uint64_t key = 0;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(fixed_u64{number}, bounded<2>(list), sole_alternative{key});
  }
};

/// Lists within lists, as deep as the data says.
struct tree {
  std::vector<tree> children;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(children));
  }
};

tree tree_of_depth(std::size_t depth) {
  tree result;
  for (std::size_t i = 0; i < depth; ++i) {
    tree parent;
    parent.children.push_back(std::move(result));
    result = std::move(parent);
  }
  return result;
}

} // namespace

TEST_CASE("numbers") {
  CHECK(hex_of(true) == "01");
  CHECK(hex_of(false) == "00");
  CHECK(hex_of(std::uint8_t{0x12}) == "12");
  CHECK(hex_of(std::uint16_t{0x1234}) == "3412");
  CHECK(hex_of(std::uint32_t{0x12345678}) == "78563412");
  CHECK(hex_of(std::uint64_t{0x1234}) == "b424");
  CHECK(error_of<bool>("02") == bare_error::bad_boolean);
  CHECK(error_of<std::uint16_t>("01") == bare_error::truncated);
  CHECK(error_of<std::uint16_t>("010203") == bare_error::trailing_bytes);
}

TEST_CASE("a uint has one encoding") {
  constexpr auto largest = std::numeric_limits<std::uint64_t>::max();
  for (unsigned bit = 0; bit < 64; ++bit)
    for (auto value : {(std::uint64_t{1} << bit) - 1, std::uint64_t{1} << bit,
                       largest >> bit}) {
      CAPTURE(value);
      auto encoded = encode(value).value();
      CHECK(encoded.size() == uint_size(value));
      CHECK(decode<std::uint64_t>(encoded) == value);
    }
  CHECK(hex_of(largest) == "ffffffffffffffffff01");
  CHECK(error_of<std::uint64_t>("") == bare_error::truncated);
  CHECK(error_of<std::uint64_t>("80") == bare_error::truncated);
  CHECK(error_of<std::uint64_t>("8000") == bare_error::not_minimal);
  CHECK(error_of<std::uint64_t>("ff00") == bare_error::not_minimal);
  CHECK(error_of<std::uint64_t>("ffffffffffffffffff00")
        == bare_error::not_minimal);
  // 2^64, and eleven octets.
  CHECK(error_of<std::uint64_t>("80808080808080808002")
        == bare_error::too_long);
  CHECK(error_of<std::uint64_t>("8080808080808080808001")
        == bare_error::too_long);
}

TEST_CASE("take_uint leaves its input alone on error") {
  auto input = from_hex("ac02ff").value();
  bytes_view rest = input;
  CHECK(take_uint(rest) == 300);
  CHECK(rest.size() == 1);
  CHECK(take_uint(rest).error() == bare_error::truncated);
  CHECK(rest.size() == 1);
}

TEST_CASE("octets and text") {
  CHECK(hex_of(to_bytes("abc")) == "03616263");
  CHECK(hex_of(std::string{"abc"}) == "03616263");
  CHECK(hex_of(as_bytes("abc")) == "03616263");
  CHECK(hex_of(std::array{std::byte{1}, std::byte{2}}) == "0102");
  CHECK(error_of<bytes>("04616263") == bare_error::truncated);
  CHECK(error_of<std::string>("01ff") == bare_error::bad_utf8);
  CHECK(encode(std::string{"\xC0\x80"}).error() == bare_error::bad_utf8);
}

TEST_CASE("a view refers to the input") {
  auto input = from_hex("02616203").value();
  bytes_view rest = input;
  auto view = decode_prefix<bytes_view>(rest);
  REQUIRE(view);
  CHECK(view->data() == input.data() + 1);
  CHECK(as_text(*view) == "ab");
  CHECK(rest.data() == input.data() + 3);
}

TEST_CASE("enums, optionals and lists") {
  CHECK(hex_of(color::green) == "01");
  CHECK(error_of<color>("02") == bare_error::bad_enum);
  CHECK(encode(static_cast<color>(2)).error() == bare_error::bad_enum);

  using maybe = std::optional<std::uint8_t>;
  CHECK(hex_of(maybe{}) == "00");
  CHECK(hex_of(maybe{7}) == "0107");
  CHECK(error_of<maybe>("0207") == bare_error::bad_boolean);

  using list = std::vector<std::uint16_t>;
  CHECK(hex_of(list{1, 2}) == "0201000200");
  CHECK(error_of<list>("0201000200ff") == bare_error::trailing_bytes);
  CHECK(error_of<list>("02010002") == bare_error::truncated);
  CHECK(error_of<list>("030100") == bare_error::truncated);
  CHECK(hex_of(std::vector<bool>{true, false}) == "020100");
  CHECK(decode<std::vector<bool>>(from_hex("020100").value())
        == std::vector<bool>{true, false});
}

TEST_CASE("unions") {
  using either = std::variant<std::uint8_t, reserved_tag<1>, color>;
  CHECK(hex_of(either{std::uint8_t{7}}) == "0007");
  CHECK(hex_of(either{color::red}) == "0200");
  CHECK(encode(either{reserved_tag<1>{}}).error() == bare_error::bad_tag);
  CHECK(error_of<either>("01") == bare_error::bad_tag);
  CHECK(error_of<either>("0300") == bare_error::bad_tag);
  CHECK(error_of<either>("8000") == bare_error::not_minimal);
}

TEST_CASE("wrappers give a field another form") {
  fixed_and_bounded x{0x0102, {1, 2}, 300};
  CHECK(hex_of(x)
        == "0201000000000000"
           "0201000200"
           "00ac02");
  auto decoded = decode<fixed_and_bounded>(encode(x).value()).value();
  CHECK(decoded.number == x.number);
  CHECK(decoded.list == x.list);
  CHECK(decoded.key == x.key);
  CHECK(error_of<fixed_and_bounded>("0201000000000000"
                                    "0201000200"
                                    "01ac02")
        == bare_error::bad_tag);
  CHECK(error_of<fixed_and_bounded>("0201000000000000"
                                    "03010002000300"
                                    "00ac02")
        == bare_error::too_long);
  x.list.push_back(3);
  CHECK(encode(x).error() == bare_error::too_long);
}

TEST_CASE("encode_to appends, and leaves its output alone on error") {
  auto out = to_bytes("abc");
  CHECK(encode_to(out, std::uint8_t{'d'}));
  CHECK(as_text(out) == "abcd");
  std::vector<std::string> list{"fine", "\xFF"};
  CHECK(encode_to(out, list).error() == bare_error::bad_utf8);
  CHECK(as_text(out) == "abcd");
}

TEST_CASE("decode_prefix takes one value, and nothing on error") {
  auto input = from_hex("010203").value();
  bytes_view rest = input;
  CHECK(decode_prefix<std::uint8_t>(rest) == 1);
  CHECK(decode_prefix<std::uint8_t>(rest) == 2);
  CHECK(decode_prefix<std::uint16_t>(rest).error() == bare_error::truncated);
  CHECK(rest.size() == 1);
}

TEST_CASE("recursion in a user's type has a limit") {
  auto deepest = tree_of_depth(limits::list_depth - 1);
  auto encoded = encode(deepest);
  REQUIRE(encoded);
  CHECK(decode<tree>(*encoded));
  auto deeper = tree_of_depth(limits::list_depth);
  CHECK(encode(deeper).error() == bare_error::too_long);
  // What would be a million lists within each other.
  CHECK(decode<tree>(bytes(1'000'000, std::byte{1})).error()
        == bare_error::too_long);
}

TEST_CASE("only the types with a BARE form are taken") {
  using out = bare_output_archive;
  using in = bare_input_archive;
  struct unknown {
    int value;
  };
  CHECK(bare_type<std::uint64_t, out>);
  CHECK(bare_type<tree, in>);
  CHECK(bare_type<double, in>);
  CHECK(bare_type<std::unordered_map<std::string, bool>, out>);
  CHECK(!bare_type<unknown, out>);
  CHECK(!bare_type<long double, out>);
  CHECK(!bare_type<int*, out>);
  CHECK(!bare_type<std::unique_ptr<std::uint8_t>, in>);
  CHECK(!bare_type<std::string_view, in>);
  CHECK(!bare_type<std::chrono::steady_clock::time_point, in>);
}
