// Looks for a history that goes wrong, and makes it short enough to read.

#pragma once

#include <cstdint>
#include <string>

#include "random_world.hpp"

namespace simulation {

/// What went wrong in the history of `seed`, and how it came to that. The
/// history is played again with fewer and fewer things done to the world, as
/// long as it goes wrong.
[[nodiscard]] std::string explain_failure(std::uint64_t seed);

/// A line about many histories.
[[nodiscard]] std::string summary(const world_report& total,
                                  std::uint64_t first, std::uint64_t count);

} // namespace simulation
