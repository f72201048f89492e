#include "table/table.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace bench {

void table::print(std::ostream& out) const {
  std::vector<std::size_t> widths(lines_.front().size());
  for (const auto& line : lines_)
    for (std::size_t i = 0; i < line.size(); ++i)
      widths[i] = std::max({widths[i], line[i].size(), std::size_t{3}});
  for (std::size_t n = 0; n < lines_.size(); ++n) {
    for (std::size_t i = 0; i < lines_[n].size(); ++i)
      out << (i == 0 ? fmt::format("| {:<{}} |", lines_[n][i], widths[i])
                     : fmt::format(" {:>{}} |", lines_[n][i], widths[i]));
    out << '\n';
    if (n > 0)
      continue;
    for (std::size_t i = 0; i < widths.size(); ++i)
      out << (i == 0 ? fmt::format("| {:-<{}} |", "", widths[i])
                     : fmt::format(" {:->{}} |", ":", widths[i]));
    out << '\n';
  }
}

} // namespace bench
