// Counts what this process takes from the heap.

#pragma once

#include <cstdint>

namespace bench {

/// How often memory was taken since this process began: calls of `malloc`,
/// `calloc`, `realloc` and their like, to which `new` leads as well, by
/// whatever library. Counting is off, and costs a branch, until it is asked
/// for.
[[nodiscard]] std::uint64_t allocations() noexcept;

void count_allocations() noexcept;

} // namespace bench
