// Numbers as people write them.

#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>

namespace node_proxy::internal {

/// A number from 0 to `max` of decimal digits alone, without leading zeros;
/// nothing if it is anything else.
[[nodiscard]] inline std::optional<std::uint32_t>
parse_decimal(std::string_view text, std::uint32_t max) {
  std::uint32_t result = 0;
  auto end = text.data() + text.size();
  auto [rest, error] = std::from_chars(text.data(), end, result);
  auto has_leading_zero = text.size() > 1 && text.front() == '0';
  if (error != std::errc{} || rest != end || has_leading_zero || result > max)
    return std::nullopt;
  return result;
}

} // namespace node_proxy::internal
