// What processes of this host need, as the system sees it.

#pragma once

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <malloc.h>
#include <sys/types.h>

#include "integration/tool_node.hpp"

namespace node_proxy::testing {

/// How far a process goes beyond what it has in memory when this is made.
class memory_growth {
public:
  explicit memory_growth(pid_t pid) : pid_{pid} {
    // What earlier tests have left here would hide what is to come.
    ::malloc_trim(0);
    std::ofstream{"/proc/" + std::to_string(pid) + "/clear_refs"} << "5";
    before_ = peak_memory(pid);
  }

  /// In KiB.
  [[nodiscard]] std::size_t value() const {
    return peak_memory(pid_) - before_;
  }

private:
  pid_t pid_;
  std::size_t before_ = 0;
};

[[nodiscard]] inline std::size_t count_threads(pid_t pid) {
  auto folder = "/proc/" + std::to_string(pid) + "/task";
  return static_cast<std::size_t>(
    std::distance(std::filesystem::directory_iterator{folder}, {}));
}

} // namespace node_proxy::testing
