// A table for terminals and Markdown.

#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace bench {

/// Lines of equally many cells, the first of them the head.
class table {
public:
  explicit table(std::vector<std::string> head) { add(std::move(head)); }

  void add(std::vector<std::string> cells) {
    lines_.push_back(std::move(cells));
  }

  /// Prints it in columns: the first one begins at the left, all others end at
  /// the right.
  void print(std::ostream& out) const;

private:
  std::vector<std::vector<std::string>> lines_;
};

} // namespace bench
