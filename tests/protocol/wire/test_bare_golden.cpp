// Primitives of BARE have the octets that an independent implementation writes.

#include "vectors/golden.hpp"

#include <list>
#include <unordered_map>

#include <doctest/doctest.h>

using namespace node_proxy;
using namespace node_proxy::internal;

namespace {

struct fixed_widths {
  std::uint8_t a = 0;
  std::uint16_t b = 0;
  std::uint32_t c = 0;
  std::uint64_t d = 0;
  bool e = false;
  bool f = true;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(a), CEREAL_NVP(b), CEREAL_NVP(c),
            cereal::make_nvp("d", fixed_u64{d}), CEREAL_NVP(e), CEREAL_NVP(f));
  }

  friend bool operator==(const fixed_widths&, const fixed_widths&) = default;
};

struct forms {
  std::int8_t a = 0;
  std::int16_t b = 0;
  std::int32_t c = 0;
  std::int64_t d = 0;
  float e = 0;
  double f = 0;
  std::unordered_map<std::string, std::int16_t> g;
  std::array<bool, 3> h{};
  std::variant<bool, std::string> i;
  std::list<std::pair<std::uint8_t, std::optional<float>>> j;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(a, b, c, d, e, f, g, h, i, j);
  }

  friend bool operator==(const forms&, const forms&) = default;
};

bytes data(unsigned first, unsigned second) {
  return {static_cast<std::byte>(first), static_cast<std::byte>(second)};
}

} // namespace

TEST_CASE("primitives have the octets of another implementation") {
  auto file = golden("bare/primitives.json");
  std::vector<std::uint64_t> uints{0, 1, 127, 128, 255, 16'383, 16'384};
  for (auto bits : {21, 28, 32, 35, 42, 49, 56, 63})
    uints.push_back((std::uint64_t{1} << bits) - 1);
  uints.push_back(~std::uint64_t{0});
  for (auto bits : {21, 28, 32, 35, 42, 49, 56, 63})
    uints.push_back(std::uint64_t{1} << bits);
  for (auto value : uints)
    compare_with_golden(file, "uint." + std::to_string(value), value);
  compare_with_golden(file, "uints", uints);
  compare_with_golden(
    file, "fixed",
    fixed_widths{0x12, 0x1234, 0x12345678, 0x123456789ABCDEF0, true, false});
  using namespace std::string_literals;
  compare_with_golden(
    file, "text",
    "a\xC3\xA9\xE2\x9C\x93\xF0\x9F\x94\x91\0\xED\x9F\xBF\xEE\x80\x80"
    "\xF4\x8F\xBF\xBF"s);
  using element = std::optional<bytes>;
  std::vector<std::vector<element>> nested{
    {}, {data(1, 2), std::nullopt}, {bytes{}}};
  compare_with_golden(file, "nested", nested);
  compare_with_golden(file, "forms",
                      forms{-1,
                            -300,
                            -70'000,
                            -(std::int64_t{1} << 40),
                            0.5f,
                            -1e300,
                            {{"aa", -2}, {"b", 1}},
                            {true, false, true},
                            "\xE2\x9C\x93",
                            {{1, std::nullopt}, {2, -0.25f}}});
  CHECK(file.empty());
}
