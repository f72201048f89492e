// Options of all benchmarks that move messages.

#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "support/report.hpp"

namespace bench {

struct transfer_options {
  std::string mode;
  /// Of a message, in bytes.
  std::size_t size = 64;
  double seconds = 1;

  /// For how long messages are sent.
  [[nodiscard]] bench_clock::duration how_long() const {
    return std::chrono::duration_cast<bench_clock::duration>(
      std::chrono::duration<double>(seconds));
  }

  /// How much of that, or besides it, is for warming up: until all threads and
  /// buffers are where they stay.
  [[nodiscard]] bench_clock::duration warm_up() const {
    return std::max<bench_clock::duration>(how_long() / 10,
                                           std::chrono::milliseconds{200});
  }
};

/// So many messages, each sent by itself, keep both ends busy.
inline constexpr std::size_t outstanding_singles = 512;

/// How many messages of this size make a batch that fills two frames, but no
/// more than fit the caches of a processor.
[[nodiscard]] std::size_t batch_for(std::size_t size);

/// How many messages of this size await their outcome: no more than the caches
/// of a processor hold, which is 1 MiB or `max`, but always a few.
[[nodiscard]] std::size_t outstanding_for(std::size_t size, std::size_t max);

/// Adds the options; the first of `modes` is the default.
void add_transfer_options(CLI::App& app, transfer_options& options,
                          const std::vector<std::string>& modes);

} // namespace bench
