// Plays histories, and makes one that goes wrong short enough to read.

#pragma once

#include <cstdint>
#include <string>

#include "random_world.hpp"

namespace simulation {

/// Plays the history of `seed`.
[[nodiscard]] world_report play(std::uint64_t seed);

/// From now on, when an assertion fails in a thread that plays a history, its
/// seed and its end are printed, before whatever else happens then.
void explain_aborts();

/// What went wrong in the history of `seed`, and how it came to that. The
/// history is played again with fewer and fewer things done to the world, as
/// long as it goes wrong.
[[nodiscard]] std::string explain_failure(std::uint64_t seed);

/// A line about many histories.
[[nodiscard]] std::string summary(const world_report& total,
                                  std::uint64_t first, std::uint64_t count);

} // namespace simulation
