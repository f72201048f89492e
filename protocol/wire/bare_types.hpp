// Which C++ types have a BARE form (draft-devault-bare-11), and the `uint`
// that most of them are made of.

#pragma once

#include <bit>
#include <concepts>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <node_proxy/base/export.hpp>
#include <node_proxy/base/shared_bytes.hpp>
#include <node_proxy/messages/basics.hpp>
#include <node_proxy/messages/field.hpp>
#include <node_proxy/messages/limits.hpp>
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
NODE_PROXY_EXPORT expected<std::uint64_t, bare_error>
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
[[nodiscard]] inline expected<std::uint64_t, bare_error>
take_uint(bytes_view& input) {
  if (input.empty() || input.front() >= std::byte{0x80})
    return detail::take_long_uint(input);
  auto value = std::to_integer<std::uint64_t>(input.front());
  input = input.subspan(1);
  return value;
}

namespace detail {

template <class T>
inline constexpr bool has_bare_form = false;
template <>
inline constexpr bool has_bare_form<bool> = true;
template <>
inline constexpr bool has_bare_form<std::uint8_t> = true;
template <>
inline constexpr bool has_bare_form<std::uint16_t> = true;
template <>
inline constexpr bool has_bare_form<std::uint32_t> = true;
template <>
inline constexpr bool has_bare_form<std::uint64_t> = true;
template <>
inline constexpr bool has_bare_form<fixed_u64> = true;
template <>
inline constexpr bool has_bare_form<std::string> = true;
template <>
inline constexpr bool has_bare_form<bytes> = true;
template <>
inline constexpr bool has_bare_form<bytes_view> = true;
template <>
inline constexpr bool has_bare_form<shared_bytes> = true;
template <std::size_t N>
inline constexpr bool has_bare_form<std::array<std::byte, N>> = N > 0;
template <std::size_t Tag>
inline constexpr bool has_bare_form<reserved_tag<Tag>> = true;
template <class T, class Allocator>
inline constexpr bool has_bare_form<std::vector<T, Allocator>> = true;
template <class T>
inline constexpr bool has_bare_form<std::optional<T>> = true;
template <class... Ts>
inline constexpr bool has_bare_form<std::variant<Ts...>> = true;
template <class T>
inline constexpr bool has_bare_form<cereal::NameValuePair<T>> = true;

/// Fixed-width integers and, for 64 bits, the `uint`.
template <class T>
concept bare_unsigned =
  std::same_as<T, std::uint8_t> || std::same_as<T, std::uint16_t> || std::
    same_as<T, std::uint32_t> || std::same_as<T, std::uint64_t>;

/// Wrappers of <node_proxy/messages/field.hpp> that have a form of their own.
template <class T>
inline constexpr bool is_field_wrapper = false;
template <>
inline constexpr bool is_field_wrapper<fixed_u64> = true;
template <class T>
inline constexpr bool is_field_wrapper<sole_alternative<T>> = true;
template <std::size_t Max, class T>
inline constexpr bool is_field_wrapper<bounded_field<Max, T>> = true;

} // namespace detail

/// A type that `Archive`, one of the two BARE archives, takes:
///
/// | C++ | BARE |
/// | --- | --- |
/// | `bool` | bool |
/// | `std::uint64_t`, `fixed_u64` | uint, u64 |
/// | `std::uint8_t`, `uint16_t`, `uint32_t` | u8, u16, u32 |
/// | `std::string` | str |
/// | `bytes`, `bytes_view`, `shared_bytes` | data |
/// | `std::array<std::byte, N>` | data[N] |
/// | an enum with `enum_names` | enum |
/// | `std::optional<T>`, `std::vector<T>` | optional<T>, list<T> |
/// | `std::variant<Ts...>` | union, tags in order from 0 |
/// | a class with a member `serialize` | struct |
///
/// Nothing else has a form: no signed and no floating-point numbers, no maps,
/// no pointers.
template <class T, class Archive>
concept bare_type = detail::has_bare_form<T> || named_enum<
  T> || cereal::traits::has_member_serialize<T, Archive>::value;

} // namespace node_proxy
