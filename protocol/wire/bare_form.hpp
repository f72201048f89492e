// Which form of BARE the C++ types have that are nobody's own: numbers, text,
// and what the standard library makes of other types.

#pragma once

#include <array>
#include <bit>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <node_proxy/base/shared_bytes.hpp>
#include <node_proxy/protocol/wire/bare_container.hpp>

namespace node_proxy::detail {

/// What a type is to BARE.
enum class bare_kind {
  /// It has no form, or one that its own code knows.
  none,
  flag,
  integer,
  real,
  enumeration,
  text,
  data,
  fixed_data,
  optional,
  choice,
  record,
  fixed_list,
  list,
  set,
  map,
  duration,
  time,
};

/// Types of which a sequence is octets, not numbers.
template <class T>
inline constexpr bool is_octet = std::is_same_v<T, std::byte>;

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

template <class T>
using optional_value = std::remove_cvref_t<decltype(*std::declval<T&>())>;

/// The alternatives of a type that is a choice, as a tuple.
template <class T>
struct alternatives_of;
template <class... Ts>
struct alternatives_of<std::variant<Ts...>> {
  using type = std::tuple<Ts...>;
};

template <class T>
using alternatives = typename alternatives_of<T>::type;

template <class T>
concept choice = requires {
  typename alternatives<T>;
};

template <class T>
inline constexpr bool is_text = false;
template <class Traits, class Allocator>
inline constexpr bool is_text<std::basic_string<char, Traits, Allocator>> =
  true;

template <class T>
inline constexpr bool is_data = false;
template <class T, class Allocator>
inline constexpr bool is_data<std::vector<T, Allocator>> = is_octet<T>;
template <>
inline constexpr bool is_data<bytes_view> = true;
template <>
inline constexpr bool is_data<shared_bytes> = true;

template <class T>
inline constexpr bool is_fixed_list = std::is_bounded_array_v<T>;
template <class T, std::size_t N>
inline constexpr bool is_fixed_list<std::array<T, N>> = true;

template <class T>
inline constexpr std::size_t fixed_size = std::extent_v<T>;
template <class T, std::size_t N>
inline constexpr std::size_t fixed_size<std::array<T, N>> = N;

template <class T>
using array_element = std::remove_cvref_t<decltype(std::declval<T&>()[0])>;

template <class T>
inline constexpr bool is_record = false;
template <class T, class U>
inline constexpr bool is_record<std::pair<T, U>> = true;
template <class... Ts>
inline constexpr bool is_record<std::tuple<Ts...>> = true;

template <class T>
inline constexpr bool is_duration = false;
template <class Rep, class Period>
inline constexpr bool is_duration<std::chrono::duration<Rep, Period>> = true;

/// Times of other clocks mean nothing to another host.
template <class T>
inline constexpr bool is_time = false;
template <class Duration>
inline constexpr bool is_time<std::chrono::sys_time<Duration>> = true;

/// What points to something has no form: nobody else has it there.
template <class T>
inline constexpr bool is_pointer =
  std::is_pointer_v<
    T> || std::is_member_pointer_v<T> || std::is_null_pointer_v<T>;
template <class T, class Deleter>
inline constexpr bool is_pointer<std::unique_ptr<T, Deleter>> = true;
template <class T>
inline constexpr bool is_pointer<std::shared_ptr<T>> = true;
template <class T>
inline constexpr bool is_pointer<std::weak_ptr<T>> = true;

template <class T>
constexpr bare_kind find_container_kind() {
  if constexpr (map_container<T>)
    return bare_kind::map;
  else if constexpr (keyed_container<T>)
    return bare_kind::set;
  else if constexpr (container<T>)
    return bare_kind::list;
  else
    return bare_kind::none;
}

template <class T>
constexpr bare_kind find_class_kind() {
  if constexpr (is_text<T>)
    return bare_kind::text;
  else if constexpr (is_data<T>)
    return bare_kind::data;
  else if constexpr (is_optional<T>)
    return bare_kind::optional;
  else if constexpr (choice<T>)
    return bare_kind::choice;
  else if constexpr (is_record<T>)
    return bare_kind::record;
  else if constexpr (is_duration<T>)
    return bare_kind::duration;
  else if constexpr (is_time<T>)
    return bare_kind::time;
  else
    return find_container_kind<T>();
}

template <class T>
constexpr bare_kind find_kind() {
  if constexpr (std::is_same_v<T, bool>)
    return bare_kind::flag;
  else if constexpr (std::is_integral_v<T> || is_octet<T>)
    return bare_kind::integer;
  else if constexpr (std::is_same_v<T, float> || std::is_same_v<T, double>)
    return bare_kind::real;
  else if constexpr (std::is_enum_v<T>)
    return bare_kind::enumeration;
  else if constexpr (is_fixed_list<T>)
    return is_octet<array_element<T>> ? bare_kind::fixed_data
                                      : bare_kind::fixed_list;
  else if constexpr (std::is_class_v<T>)
    return find_class_kind<T>();
  else
    return bare_kind::none;
}

template <class T>
inline constexpr bare_kind kind_of = find_kind<T>();

/// Kinds of types that may have their own code, which is preferred then.
constexpr bool may_have_code(bare_kind kind) {
  return kind == bare_kind::none || kind == bare_kind::enumeration
         || kind == bare_kind::list || kind == bare_kind::set
         || kind == bare_kind::map;
}

/// An enum for which all numbers of its type are values, with a name or
/// without. One without a fixed type ends with its highest enumerator, wherever
/// that is.
template <class T>
concept fixed_enum = std::is_enum_v<T> && requires {
  T{std::underlying_type_t<T>{}};
};

/// The number that an integer, an octet or an enum is.
template <class T>
constexpr auto number_of(T value) {
  if constexpr (std::is_enum_v<T>)
    return static_cast<std::underlying_type_t<T>>(value);
  else
    return value;
}

template <class T>
using number_type = decltype(number_of(std::declval<T>()));

/// A list whose elements lie in memory as they are written.
template <class Coder, class T>
inline constexpr bool is_copied = std::endian::native
                                  == std::endian::little&& requires(T x) {
  x.data();
  x.resize(x.size());
}
&&(kind_of<typename T::value_type> == bare_kind::integer
   || kind_of<typename T::value_type> == bare_kind::real)
  && !(Coder::u64_is_uint
       && std::is_same_v<typename T::value_type, std::uint64_t>);

/// How a duration is counted.
template <class Rep>
using count_type =
  std::conditional_t<std::is_floating_point_v<Rep>, double, std::int64_t>;

/// The least number of octets that a value of type `T` takes, as far as the
/// type tells.
template <class T>
constexpr std::size_t min_size();

template <class T, std::size_t... Is>
constexpr std::size_t min_record_size(std::index_sequence<Is...>) {
  return (std::size_t{0} + ... + min_size<std::tuple_element_t<Is, T>>());
}

template <class T>
constexpr std::size_t min_size() {
  constexpr auto kind = kind_of<T>;
  if constexpr (may_have_code(kind))
    return 0;
  else if constexpr (kind == bare_kind::fixed_data)
    return fixed_size<T>;
  else if constexpr (kind == bare_kind::fixed_list)
    return fixed_size<T> * min_size<array_element<T>>();
  else if constexpr (kind == bare_kind::record)
    return min_record_size<T>(std::make_index_sequence<std::tuple_size_v<T>>{});
  else
    return 1;
}

} // namespace node_proxy::detail
