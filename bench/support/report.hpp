// What benchmarks print: one JSON object a line.

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <nlohmann/json.hpp>

namespace bench {

/// A JSON object that keeps the order of its keys.
using json = nlohmann::ordered_json;

using bench_clock = std::chrono::steady_clock;

/// What moved in one direction, from the first send until the last outcome was
/// known.
struct throughput {
  std::uint64_t messages = 0;
  /// Of one message, in bytes.
  std::size_t size = 0;
  bench_clock::duration took{0};
};

/// Adds `size`, `messages`, `seconds`, `msgs_per_s` and `mb_per_s` (10^6
/// bytes).
void add(json& line, const throughput& result);

/// Adds `size`, `messages`, `p50_us` and `p99_us`. `took` has one entry for
/// each round trip, and at least one.
void add_latencies(json& line, std::size_t size,
                   std::vector<bench_clock::duration> took);

/// Prints `line` at once.
void print(const json& line);

} // namespace bench
