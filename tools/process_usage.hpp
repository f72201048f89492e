// What this process takes of the machine.

#pragma once

#include <cstdint>

namespace node_proxy::tools {

struct process_usage {
  /// Memory that is in use, in octets.
  std::uint64_t resident_bytes = 0;
  /// Processor time so far, in user and kernel mode.
  std::uint64_t cpu_us = 0;
  std::uint64_t open_descriptors = 0;
  /// How many may be open.
  std::uint64_t max_descriptors = 0;
};

/// What cannot be found out is 0.
[[nodiscard]] process_usage measure_process();

} // namespace node_proxy::tools
