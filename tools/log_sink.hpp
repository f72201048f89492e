// The log of the program, on standard error.

#pragma once

#include <array>
#include <chrono>
#include <string>

namespace node_proxy::tools {

/// The levels of the log, from that at which the most is logged on.
inline constexpr std::array log_levels{"trace",   "debug", "info",
                                       "warning", "error", "off"};

[[nodiscard]] bool is_log_level(const std::string& text);

/// All of them, for people.
[[nodiscard]] std::string log_level_names();

/// Where nobody chooses one.
inline constexpr const char* default_log_level = "info";

/// What the default logger logs from now on, unless that was fixed.
void set_log_level(const std::string& level);

/// Makes the default logger write to standard error, without making anybody
/// wait for whoever reads it.
/// @param level the least level of what is logged.
/// @param fixed whether that stays so.
void start_log(const std::string& level, bool fixed);

/// Nothing is logged any more; what was is written for at most `at_most`.
void stop_log(std::chrono::milliseconds at_most);

} // namespace node_proxy::tools
