// Octets that another implementation of BARE wrote.

#pragma once

#include <fstream>
#include <map>
#include <string>

#include <nlohmann/json.hpp>

#include <node_proxy/protocol/hex.hpp>

namespace node_proxy {

/// The list of {name, hex} in `file`, a path below tests/vectors. Throws what
/// JSON throws if the file is missing or damaged.
inline std::map<std::string, bytes> golden(const std::string& file) {
  std::ifstream stream{TEST_DATA_DIR "/vectors/" + file};
  std::map<std::string, bytes> result;
  for (const auto& entry : nlohmann::json::parse(stream))
    result.emplace(entry.at("name"),
                   from_hex(entry.at("hex").get<std::string>()).value());
  return result;
}

} // namespace node_proxy
