// How things stand with a node, for people at a terminal.

#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "node_names.hpp"

namespace node_proxy::tools {

/// A line about the node, a table of its peers, one of its workers if it has
/// any, and which limits are near.
/// What strangers have named is made visible. Ids are cut as far as they stay
/// different, but not below 8 digits.
/// @param status as `to_json` makes it. What does not fit throws
///               `nlohmann::json::exception`.
/// @param names are shown before those in `status`.
/// @param coloured states that need somebody stand out on a terminal.
[[nodiscard]] std::string peers_table(const nlohmann::ordered_json& status,
                                      const node_names& names,
                                      bool coloured = false);

/// A table of the engines.
[[nodiscard]] std::string engines_table(const nlohmann::ordered_json& status);

/// "0 B", "1.5 KiB", "12 MiB": a whole number from 10 on.
[[nodiscard]] std::string bytes_text(std::uint64_t bytes);

} // namespace node_proxy::tools
