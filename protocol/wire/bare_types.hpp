// The `uint` of BARE (draft-devault-bare-11), and which values have an
// encoding.

#pragma once

#include <bit>
#include <cstdint>
#include <type_traits>

#include <node_proxy/base/bytes.hpp>
#include <node_proxy/base/export.hpp>
#include <node_proxy/protocol/wire/bare_error.hpp>

namespace node_proxy {

/// Which values have an encoding.
enum class bare_values {
  /// Those that a peer may be sent.
  valid,
  /// Texts that are not UTF-8 and parts of any size as well: a copy for another
  /// process of the same user, which checks it as it checks its own values.
  unchecked,
};

/// Most octets that a `uint` of 64 bits takes.
inline constexpr std::size_t max_uint_size = 10;

/// The number of octets that `value` takes as a BARE `uint` (LEB128).
[[nodiscard]] constexpr std::size_t uint_size(std::uint64_t value) {
  auto bits = static_cast<std::size_t>(std::bit_width(value | 1));
  return (bits + 6) / 7;
}

namespace detail {

NODE_PROXY_EXPORT void append_long_uint(bytes& out, std::uint64_t value);
NODE_PROXY_EXPORT tl::expected<std::uint64_t, bare_error>
take_long_uint(bytes_view& input);

} // namespace detail

// Most numbers take one octet, and each message has several of them.

/// Appends `value` as a BARE `uint`.
inline void append_uint(bytes& out, std::uint64_t value) {
  if (value < 0x80)
    out.push_back(static_cast<std::byte>(value));
  else
    detail::append_long_uint(out, value);
}

/// Takes a BARE `uint` off the front of `input`, which stays as it is on
/// error. Errors: truncated, not_minimal, too_long.
[[nodiscard]] inline tl::expected<std::uint64_t, bare_error>
take_uint(bytes_view& input) {
  if (input.empty() || input.front() >= std::byte{0x80})
    return detail::take_long_uint(input);
  auto value = std::to_integer<std::uint64_t>(input.front());
  input = input.subspan(1);
  return value;
}

namespace detail {

template <std::size_t Size>
using integer_of_size = std::conditional_t<Size == sizeof(std::uint32_t),
                                           std::uint32_t, std::uint64_t>;

} // namespace detail

} // namespace node_proxy
