// The other end of a benchmark: the same program once more, as a process of its
// own, told what to do by lines.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "child_process.hpp"

namespace bench {

/// A child process that runs this program with other arguments. It ends with
/// this object, and with this process whatever way that ends.
///
/// Its standard input and output carry lines: a request, and what it answers.
/// Throws `std::runtime_error` when it does not answer within a minute.
class other_side {
public:
  explicit other_side(std::vector<std::string> arguments);

  /// The next line that it prints.
  [[nodiscard]] std::string next_line();

  /// Writes a line and waits for the answer.
  std::string ask(std::string_view line);

  /// Lets it end, and waits for that. Throws if it reports a failure.
  void finish();

private:
  node_proxy::tools::child_process child_;
};

} // namespace bench
