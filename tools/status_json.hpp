// How things stand with a node, as JSON.

#pragma once

#include <nlohmann/json.hpp>

#include <node_proxy/actors/node_status.hpp>

#include "node_names.hpp"

namespace node_proxy::tools {

/// All of it, under the names that the structs have. Each peer has its state in
/// words beside it, under `text`, and its name if it has one.
[[nodiscard]] nlohmann::ordered_json to_json(const node_status& x,
                                             const node_names& names);

} // namespace node_proxy::tools
