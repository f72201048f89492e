// How often lines of the same kind are worth logging.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include <node_proxy/protocol/timestamp.hpp>

namespace node_proxy::internal {

/// Lets through what an operator can read: not the line that was the last one
/// anyway, and in an interval only a few of one kind. The others are counted,
/// and reported with the next line of their kind that passes. Time never runs
/// backwards from call to call.
class line_limit {
public:
  /// How long the last line is not repeated, and how long a few are enough.
  static constexpr duration interval = std::chrono::seconds{10};

  /// How many lines of a kind there may be in an interval.
  static constexpr std::uint64_t max_lines = 20;

  /// How many kinds are told apart; kinds are written in the program, so there
  /// are fewer.
  static constexpr std::size_t max_kinds = 256;

  /// A line is to be logged.
  /// @param kind what all lines of its kind have in common.
  /// @returns how many lines of this kind were left out since the last one, or
  ///          nothing if this one is to be left out as well.
  [[nodiscard]] std::optional<std::uint64_t>
  handle_line(std::string_view kind, std::string_view text, steady_time now);

private:
  struct history {
    steady_time since{};
    std::uint64_t lines = 0;    // since then
    std::uint64_t left_out = 0; // not reported yet
  };

  std::unordered_map<std::string, history> kinds_;
  std::string last_text_;
  steady_time last_at_{};
};

} // namespace node_proxy::internal
