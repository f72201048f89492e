// JSON as this program writes it.

#pragma once

#include <nlohmann/json.hpp>

namespace node_proxy::tools {

/// A JSON object that keeps the order of its keys.
using json = nlohmann::ordered_json;

} // namespace node_proxy::tools
