// The forms of the types of the standard library.

#include <deque>
#include <list>
#include <map>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include <doctest/doctest.h>

#include <node_proxy/base/hex.hpp>
#include <node_proxy/protocol/wire/bare.hpp>

using namespace node_proxy;
using namespace std::chrono_literals;

namespace {

template <class T>
void check(const T& x, std::string_view hex) {
  CAPTURE(hex);
  auto encoded = encode(x);
  REQUIRE(encoded);
  CHECK(to_hex(*encoded) == hex);
  auto decoded = decode<T>(*encoded);
  REQUIRE(decoded);
  CHECK(*decoded == x);
}

template <class T>
std::optional<bare_error> error_of(std::string_view hex) {
  auto result = decode<T>(from_hex(hex).value());
  return result ? std::nullopt : std::optional{result.error()};
}

enum class unnamed : std::int8_t { negative = -1, zero, one, last = 127 };

/// Takes no octets.
struct nothing {
  template <class Archive>
  void serialize(Archive&) {}

  friend bool operator==(nothing, nothing) = default;
};

/// Keys are the same if they are in one order or the other.
struct by_size {
  bool operator()(const std::string& x, const std::string& y) const {
    return x.size() < y.size();
  }
};

} // namespace

TEST_CASE("integers have the width of their type") {
  check(std::int8_t{-2}, "fe");
  check(std::int16_t{-2}, "feff");
  check(-2, "feffffff");
  check(std::int64_t{-2}, "feffffffffffffff");
  check(std::numeric_limits<std::int64_t>::min(), "0000000000000080");
  check('a', "61");
  check(u'\u2713', "1327");
  check(std::byte{7}, "07");
}

TEST_CASE("reals have their bits, and there is one NaN") {
  check(1.0f, "0000803f");
  check(-2.5, "00000000000004c0");
  check(std::numeric_limits<double>::infinity(), "000000000000f07f");
  constexpr auto nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(to_hex(encode(nan).value()) == "000000000000f87f");
  CHECK(to_hex(encode(-nan).value()) == "000000000000f87f");
  CHECK(std::isnan(decode<double>(encode(nan).value()).value()));
  CHECK(error_of<double>("010000000000f87f") == bare_error::bad_value);
  CHECK(error_of<float>("0000c0ff") == bare_error::bad_value);
}

TEST_CASE("enums without names are numbers that are not negative") {
  check(unnamed::zero, "00");
  check(unnamed::last, "7f");
  CHECK(encode(unnamed::negative).error() == bare_error::bad_enum);
  CHECK(error_of<unnamed>("8001") == bare_error::bad_enum);
}

TEST_CASE("durations and times are counted in their own unit") {
  check(5ms, "0500000000000000");
  check(std::chrono::duration<std::uint8_t>{200}, "c800000000000000");
  check(std::chrono::duration<double>{0.5}, "000000000000e03f");
  check(std::chrono::sys_seconds{1s}, "0100000000000000");
  using short_seconds = std::chrono::duration<std::int8_t>;
  CHECK(error_of<short_seconds>("8000000000000000") == bare_error::bad_value);
  using short_reals = std::chrono::duration<float>;
  CHECK(error_of<short_reals>("9a9999999999b93f") == bare_error::bad_value);
}

TEST_CASE("sequences of whatever kind are lists") {
  check(std::vector<std::int16_t>{1, 2}, "0201000200");
  check(std::deque<bool>{true}, "0101");
  check(std::list<std::string>{"a"}, "010161");
  check(std::vector<bool>{true, false}, "020100");
  check(std::u16string{u"a"}, "016100");
  check(std::array<std::uint16_t, 2>{1, 2}, "01000200");
  check(std::array<int, 0>{}, "");
  check(std::vector<double>{1.0, -2.5}, "02000000000000f03f00000000000004c0");
  constexpr auto nan = std::numeric_limits<float>::quiet_NaN();
  CHECK(to_hex(encode(std::vector{1.0f, -nan}).value())
        == "020000803f0000c07f");
  CHECK(error_of<std::vector<float>>("020000803f0000c0ff")
        == bare_error::bad_value);
  CHECK(error_of<std::vector<int>>("0201000000") == bare_error::truncated);
  CHECK(error_of<std::vector<int>>("ffffffff0f") == bare_error::truncated);
}

TEST_CASE("pairs and tuples are structs") {
  check(std::pair{std::string{"a"}, 1}, "016101000000");
  check(std::tuple{true, std::tuple{}, 2.0f}, "0100000040");
}

TEST_CASE("sets and maps are in the order of their encodings") {
  // 256 is 00 01, and so comes before 1.
  check(std::set<std::uint16_t>{1, 256}, "0200010100");
  check(std::unordered_set<std::string>{"b", "a", "cc"}, "03016101620263"
                                                         "63");
  check(std::map<int, bool>{{-1, true}, {1, false}}, "02"
                                                     "0100000000"
                                                     "ffffffff01");
  check(std::unordered_map<std::string, std::uint8_t>{{"x", 1}, {"a", 2}},
        "02016102017801");
  check(std::map<std::vector<int>, std::map<bool, bool>>{{{}, {{true, true}}}},
        "01"
        "00"
        "010101");
}

TEST_CASE("no other order is accepted, and nothing twice") {
  CHECK(error_of<std::set<std::uint16_t>>("0201000001")
        == bare_error::bad_order);
  CHECK(error_of<std::set<bool>>("020101") == bare_error::bad_order);
  using map = std::unordered_map<std::uint8_t, std::uint8_t>;
  CHECK(error_of<map>("0201000200") == std::nullopt);
  CHECK(error_of<map>("0202000100") == bare_error::bad_order);
  CHECK(error_of<map>("0201000101") == bare_error::bad_order);
  // The container takes them for the same.
  using sizes = std::set<std::string, by_size>;
  CHECK(error_of<sizes>("0201610162") == bare_error::bad_order);
}

TEST_CASE("containers that can have a key more than once keep its values") {
  check(std::multiset<std::uint8_t>{2, 1, 2}, "03010202");
  using multimap = std::multimap<std::uint8_t, std::uint8_t>;
  check(multimap{{1, 9}, {0, 5}, {1, 3}}, "03000501090103");
  CHECK(error_of<multimap>("0201000000") == bare_error::bad_order);
  using unordered = std::unordered_multimap<std::uint8_t, std::uint8_t>;
  check(unordered{{1, 9}, {1, 3}}, "0201030109");
  CHECK(error_of<unordered>("0201090103") == bare_error::bad_order);
}

namespace {

/// Decodes what has so many keys with this distance.
template <class T, class Add>
std::optional<bare_error> error_of_keys(std::size_t count, std::uint64_t step,
                                        Add add) {
  T xs;
  for (std::uint64_t i = 0; i < count; ++i)
    add(xs, i * step);
  auto result = decode<T>(encode(xs).value());
  if (!result)
    return result.error();
  CHECK(*result == xs);
  return std::nullopt;
}

/// How many places a hash table of that type has for so many keys.
template <class T, class Add>
std::uint64_t places(std::size_t count, Add add) {
  T xs;
  for (std::uint64_t i = 0; i < count; ++i)
    add(xs, i);
  return xs.bucket_count();
}

} // namespace

TEST_CASE("keys are not accepted that were chosen to fall together") {
  using map = std::unordered_map<std::uint64_t, bool>;
  auto add_entry = [](auto& xs, std::uint64_t key) {
    xs.emplace(key, true);
  };
  auto bad = places<map>(1'000, add_entry);
  CHECK(error_of_keys<map>(1'000, 1, add_entry) == std::nullopt);
  CHECK(error_of_keys<map>(100, bad, add_entry) == std::nullopt);
  CHECK(error_of_keys<map>(1'000, bad, add_entry) == bare_error::bad_value);
  using set = std::unordered_set<std::uint64_t>;
  auto add_key = [](auto& xs, std::uint64_t key) {
    xs.insert(key);
  };
  CHECK(error_of_keys<set>(1'000, 1, add_key) == std::nullopt);
  CHECK(error_of_keys<set>(1'000, bad, add_key) == bare_error::bad_value);
  // Those that are the same are together because they have to be.
  using multiset = std::unordered_multiset<std::uint64_t>;
  CHECK(error_of_keys<multiset>(100'000, 0, add_key) == std::nullopt);
  CHECK(error_of_keys<multiset>(1'000, bad, add_key) == bare_error::bad_value);
}

static_assert(detail::fixed_enum<unnamed>);
enum no_type { red, green };
static_assert(!detail::fixed_enum<no_type>);
enum with_type : std::uint8_t { blue };
static_assert(detail::fixed_enum<with_type>);

TEST_CASE("elements that take no octets have a limit of their own") {
  std::vector<nothing> most(limits::empty_elements);
  auto encoded = encode(most).value();
  CHECK(encoded.size() == 3);
  CHECK(decode<std::vector<nothing>>(encoded) == most);
  most.emplace_back();
  CHECK(encode(most).error() == bare_error::too_long);
  CHECK(error_of<std::vector<nothing>>("818004") == bare_error::truncated);
  // All lists of a value share it.
  std::vector<std::vector<nothing>> many(2,
                                         {limits::empty_elements, nothing{}});
  CHECK(encode(many).error() == bare_error::too_long);
  CHECK(error_of<decltype(many)>("02808004"
                                 "808004")
        != std::nullopt);
}
