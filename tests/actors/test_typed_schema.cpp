// Users' types in BARE's schema language.

#include "typed_values.hpp"

#include <chrono>
#include <set>
#include <unordered_map>

#include <doctest/doctest.h>

#include <node_proxy/actors/typed_payload.hpp>

using namespace node_proxy;
using namespace typed_values;

namespace {

/// CAF 0.17 does not know the names of fields.
std::string
fields(std::initializer_list<std::pair<std::string, std::string>> xs) {
  std::string result = "struct {\n";
  [[maybe_unused]] std::size_t number = 0;
  for (const auto& [name, type] : xs) {
#if CAF_MAJOR_VERSION >= 1
    result += "  " + name + ": " + type + '\n';
#else
    result += "  field" + std::to_string(++number) + ": " + type + '\n';
#endif
  }
  return result + "}\n";
}

const std::string point_schema =
  "type Point " + fields({{"x", "i32"}, {"y", "i32"}});

} // namespace

TEST_CASE("a struct is described after what it is made of") {
  CHECK(bare_schema<point>() == point_schema);
  CHECK(bare_schema<drawing>()
        == point_schema
             + "type Color uint # the number of an enumerator\n"
               "type Drawing "
             + fields({{"name", "str"},
                       {"outline", "list<Point>"},
                       {"fill", "optional<Color>"},
                       {"extra", "union { bool = 0 | str = 1 | Point = 2 }"},
                       {"sizes", "map<str><f64>"}}));
  CHECK(bare_schema<tree>()
        == "type Tree " + fields({{"branches", "list<Tree>"}}));
}

TEST_CASE("a type without a name is defined as Value") {
  CHECK(bare_schema<int>() == "type Value i32\n");
  CHECK(bare_schema<char>() == "type Value u8\n");
  CHECK(bare_schema<std::vector<bytes>>() == "type Value list<data>\n");
  CHECK(bare_schema<std::array<std::byte, 3>>() == "type Value data[3]\n");
  CHECK(bare_schema<std::array<bool, 3>>() == "type Value list<bool>[3]\n");
  CHECK(bare_schema<std::set<point>>()
        == point_schema + "type Value list<Point>\n");
  CHECK(bare_schema<std::tuple<int, std::pair<bool, float>>>()
        == "type Value struct {\n"
           "  field1: i32\n"
           "  field2: struct {\n"
           "    first: bool\n"
           "    second: f32\n"
           "  }\n"
           "}\n");
}

TEST_CASE("durations and times say what they are counted in") {
  CHECK(bare_schema<std::chrono::milliseconds>() == "type Milliseconds i64\n");
  CHECK(bare_schema<std::chrono::duration<double>>() == "type Seconds f64\n");
  CHECK(bare_schema<std::chrono::duration<int, std::ratio<1, 60>>>()
        == "type Units1Of60 i64 # in units of 1/60 s\n");
  CHECK(bare_schema<std::chrono::sys_seconds>()
        == "type TimeSeconds i64 # since 1970-01-01 00:00 UTC, without leap "
           "seconds\n");
}

TEST_CASE("what BARE has no type for is described by what it has") {
  CHECK(bare_schema<nothing>() == "type Nothing void\n");
  CHECK(bare_schema<std::pair<nothing, bool>>()
        == "type Nothing void\n"
           "type Value struct {\n"
           "  # first: Nothing\n"
           "  second: bool\n"
           "}\n");
  CHECK(bare_schema<std::map<double, bool>>()
        == "type Value list<struct {\n"
           "  key: f64\n"
           "  value: bool\n"
           "}>\n");
  CHECK(bare_schema<std::variant<int, int>>()
        == "type Alternative i32\n"
           "type Value union { i32 = 0 | Alternative = 1 }\n");
}

TEST_CASE("classes with functions for Cereal and our messages are described") {
  CHECK(bare_schema<archived>()
        == "type Archived struct {\n"
           "  a: uint\n"
           "  b: i16\n"
           "}\n");
  CHECK(bare_schema<engine_id>()
        == "type PublicKey struct {\n"
           "  curve25519: union { data[32] = 0 }\n"
           "}\n"
           "type EngineId struct {\n"
           "  node: optional<PublicKey>\n"
           "  name: str\n"
           "}\n");
  CHECK(bare_schema<transport_protocol>()
        == "type TransportProtocol enum { QUIC TLS WEB_TRANSPORT "
           "WEB_SOCKET TCP UDP }\n");
}
