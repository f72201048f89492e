#include "documented_lines.hpp"

#include <fstream>
#include <set>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

namespace node_proxy::testing {

namespace {

/// The event, and the names and types of its fields.
std::string shape_of(std::string_view line) {
  auto object = nlohmann::ordered_json::parse(line, nullptr, false);
  if (!object.is_object() || !object.contains("event"))
    return {};
  auto result = object["event"].get<std::string>();
  for (const auto& [key, value] : object.items())
    result += " " + key + ":" + value.type_name();
  return result;
}

std::set<std::string> documented_shapes() {
  std::set<std::string> result;
  std::ifstream document{FORMATS_DOCUMENT};
  for (std::string line; std::getline(document, line);)
    if (line.starts_with("{\"event\""))
      result.insert(shape_of(line));
  REQUIRE(!result.empty());
  return result;
}

} // namespace

bool is_documented(std::string_view line) {
  static const auto shapes = documented_shapes();
  return shapes.contains(shape_of(line));
}

} // namespace node_proxy::testing
