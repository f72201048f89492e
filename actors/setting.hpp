// The settings of a node that are plain values: what they are called, and what
// they may be.

#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>

#include <node_proxy/actors/error.hpp>
#include <node_proxy/actors/node_config.hpp>

namespace node_proxy::internal {

enum class setting_unit : std::uint8_t {
  count,
  bytes,
  time, // in nanoseconds
  flag, // 0 or 1
  text,
  addresses, // as text, with commas between them
  listeners, // likewise, of this host
  ranges,    // likewise
};

/// One of them. Numbers and times have functions and bounds for numbers, the
/// others functions for texts.
struct setting {
  using number = std::int64_t;

  static constexpr number any = std::numeric_limits<number>::max();

  /// Its option, in the group `node-proxy`.
  std::string_view name;
  /// Where it is in a `node_config`.
  std::string_view field;
  std::string_view description;
  setting_unit unit = setting_unit::count;
  /// The least and the largest value.
  number min = 0;
  number max = any;
  number (*get)(const node_config&) = nullptr;
  void (*set)(node_config&, number) = nullptr;
  /// @returns what is wrong with the text; nothing if it was set.
  std::string (*set_text)(node_config&, std::string_view) = nullptr;

  [[nodiscard]] bool is_number() const { return get != nullptr; }

  [[nodiscard]] bool allows(number x) const { return x >= min && x <= max; }
};

/// All of them, in the order of `node_config`.
[[nodiscard]] std::span<const setting> all_settings();

/// What a number says in its unit: "30 s", "16 MiB".
[[nodiscard]] std::string to_text(setting_unit unit, setting::number x);

/// What a setting may be: "1 ms to 720 h", "a text", "IP/BITS, several with
/// commas between them".
[[nodiscard]] std::string expected_text(const setting& x);

/// Errors: bad_config, which names the first setting that is out of its bounds.
[[nodiscard]] caf::expected<void> check_settings(const node_config& config);

} // namespace node_proxy::internal
