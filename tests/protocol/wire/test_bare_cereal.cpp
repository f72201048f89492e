// BARE and Cereal's own archives in one source file do not disturb each other,
// whatever of Cereal is included first.

#include <cereal/archives/binary.hpp>
#include <cereal/archives/json.hpp>
#include <cereal/types/array.hpp>
#include <cereal/types/common.hpp>
#include <cereal/types/map.hpp>
#include <cereal/types/memory.hpp>
#include <cereal/types/optional.hpp>
#include <cereal/types/string.hpp>
#include <cereal/types/tuple.hpp>
#include <cereal/types/utility.hpp>
#include <cereal/types/variant.hpp>
#include <cereal/types/vector.hpp>

#include "messages/samples.hpp"
#include "vectors/golden.hpp"

#include <doctest/doctest.h>

#include <node_proxy/protocol/wire/bare.hpp>

using namespace node_proxy;
using namespace node_proxy::internal;

TEST_CASE("Cereal's functions for standard types do not change BARE") {
  auto expected_octets = golden("bare/messages.json");
  samples::for_each([&]<class T>(const std::string& name, const T& value) {
    CAPTURE(name);
    CHECK(encode(value) == expected_octets.at(name));
    CHECK(decode<T>(expected_octets.at(name)) == value);
  });
}

TEST_CASE("types that point to something have no BARE form") {
  CHECK(!bare_type<std::unique_ptr<bool>, bare_output_archive>);
  CHECK(!bare_type<std::shared_ptr<bool>, bare_input_archive>);
}

TEST_CASE("Cereal's functions for containers are not those of BARE") {
  std::map<std::string, std::pair<bool, std::uint8_t>> x{{"b", {true, 1}},
                                                         {"a", {false, 2}}};
  auto encoded = encode(x).value();
  CHECK(to_hex(encoded)
        == "02016100020162"
           "0101");
  CHECK(decode<decltype(x)>(encoded) == x);
}

TEST_CASE("Cereal's binary archive still serves standard types its own way") {
  using value = std::vector<std::variant<std::string, std::uint32_t>>;
  value original{std::uint32_t{7}, "seven"};
  std::stringstream stream;
  cereal::BinaryOutputArchive{stream}(original);
  value copy;
  cereal::BinaryInputArchive{stream}(copy);
  CHECK(copy == original);
}
