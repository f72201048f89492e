// What the benchmarks have printed, as medians.

#pragma once

#include <istream>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "support/report.hpp"

namespace bench {

/// All results of a run of benchmarks.
class results {
public:
  /// Reads one JSON object a line. Throws `std::runtime_error` that names the
  /// first line that is none.
  explicit results(std::istream& input);

  /// The median of `field` over all lines that have in them what `variant` has
  /// in it; nothing if there are none.
  [[nodiscard]] std::optional<double> median(const json& variant,
                                             const std::string& field) const;

  /// The first line that has in it what `variant` has in it, or null.
  [[nodiscard]] json find(const json& variant) const;

private:
  std::vector<json> lines_;
};

} // namespace bench
