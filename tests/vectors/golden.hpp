// Octets that another implementation of BARE wrote.

#pragma once

#include <fstream>
#include <map>
#include <string>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <node_proxy/base/hex.hpp>
#include <node_proxy/protocol/wire/bare.hpp>

namespace node_proxy::internal {

/// Octets by name.
using golden_map = std::map<std::string, bytes>;

/// The list of {name, hex} in `file`, a path below tests/vectors. Throws what
/// JSON throws if the file is missing or damaged.
inline golden_map golden(const std::string& file) {
  std::ifstream stream{TEST_DATA_DIR "/vectors/" + file};
  golden_map result;
  for (const auto& entry : nlohmann::json::parse(stream))
    result.emplace(entry.at("name"),
                   from_hex(entry.at("hex").get<std::string>()).value());
  return result;
}

/// Takes the octets of `name` out of `file` and compares both ways.
template <class T>
void compare_with_golden(golden_map& file, const std::string& name,
                         const T& value) {
  CAPTURE(name);
  auto entry = file.extract(name);
  REQUIRE(entry);
  CHECK(to_hex(encode(value).value()) == to_hex(entry.mapped()));
  auto decoded = decode<T>(entry.mapped());
  REQUIRE(decoded);
  CHECK(*decoded == value);
}

} // namespace node_proxy::internal
