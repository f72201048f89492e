#include "table/results.hpp"

#include <algorithm>
#include <stdexcept>

namespace bench {

namespace {

bool is_of(const json& line, const json& variant) {
  return std::ranges::all_of(variant.items(), [&](const auto& x) {
    return line.contains(x.key()) && line[x.key()] == x.value();
  });
}

} // namespace

results::results(std::istream& input) {
  for (std::string line; std::getline(input, line);) {
    auto object = json::parse(line, nullptr, false);
    if (!object.is_object())
      throw std::runtime_error{"not the result of a benchmark: " + line};
    lines_.push_back(std::move(object));
  }
}

std::optional<double> results::median(const json& variant,
                                      const std::string& field) const {
  std::vector<double> values;
  for (const auto& line : lines_)
    if (is_of(line, variant) && line.contains(field))
      values.push_back(line[field].get<double>());
  if (values.empty())
    return std::nullopt;
  std::ranges::sort(values);
  auto middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle]
                                : (values[middle - 1] + values[middle]) / 2;
}

json results::find(const json& variant) const {
  for (const auto& line : lines_)
    if (is_of(line, variant))
      return line;
  return nullptr;
}

} // namespace bench
