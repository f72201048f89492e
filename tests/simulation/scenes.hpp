// Two nodes alone, which have to do exactly what the protocol says.

#pragma once

#include <span>

#include "stage.hpp"

namespace simulation {

/// Brings two idle nodes into a situation, and has what must follow watched.
using scene = void (*)(stage& at, node& x, node& y);

[[nodiscard]] std::span<const scene> scenes_of_connections();
[[nodiscard]] std::span<const scene> scenes_of_messages();
[[nodiscard]] std::span<const scene> scenes_of_adverts();

} // namespace simulation
