// The log of the program, on standard error.

#pragma once

#include <chrono>
#include <string>

namespace node_proxy::tools {

/// Makes the default logger write to standard error, without making anybody
/// wait for whoever reads it.
/// @param level the least level of what is logged, as spdlog names it.
void start_log(const std::string& level);

/// Nothing is logged any more; what was is written for at most `at_most`.
void stop_log(std::chrono::milliseconds at_most);

} // namespace node_proxy::tools
