// What the two Cereal archives of BARE take.

#pragma once

#include <type_traits>

#include <node_proxy/messages/field.hpp>
#include <node_proxy/protocol/wire/bare_cereal.hpp>
#include <node_proxy/protocol/wire/bare_form.hpp>

namespace node_proxy {

class bare_output_archive;
class bare_input_archive;

namespace detail {

/// Wrappers, ours and Cereal's, that say how to serialize a field.
template <class T>
inline constexpr bool is_field_wrapper = std::is_same_v<T, fixed_u64>;
template <class T>
inline constexpr bool is_field_wrapper<sole_alternative<T>> = true;
template <std::size_t Max, class T>
inline constexpr bool is_field_wrapper<bounded_field<Max, T>> = true;
template <bool (*IsValid)(std::string_view), std::size_t Max>
inline constexpr bool is_field_wrapper<checked_text<IsValid, Max>> = true;
template <std::size_t Tag>
inline constexpr bool is_field_wrapper<reserved_tag<Tag>> = true;
template <class T>
inline constexpr bool is_field_wrapper<cereal::NameValuePair<T>> = true;
template <class T>
inline constexpr bool is_field_wrapper<cereal::SizeTag<T>> = true;
template <class T>
inline constexpr bool is_field_wrapper<cereal::base_class<T>> = true;
template <class T>
inline constexpr bool is_field_wrapper<cereal::virtual_base_class<T>> = true;

/// Whether the archives write a `T` in the form of its kind. Containers with
/// functions of their own are left to these.
template <class T>
constexpr bool find_form_of_archive() {
  constexpr auto kind = kind_of<T>;
  if constexpr (kind == bare_kind::list || kind == bare_kind::set
                || kind == bare_kind::map)
    return !is_member(way_of<T, bare_output_archive>());
  else
    return kind != bare_kind::none;
}

template <class T>
inline constexpr bool is_form_of_archive = find_form_of_archive<T>();

template <class T>
constexpr bool find_bare_type() {
  if constexpr (is_field_wrapper<T> || std::is_same_v<T, std::uint64_t>)
    return true;
  else if constexpr (is_pointer<T>)
    return false;
  else if constexpr (is_form_of_archive<T>)
    return true;
  else if constexpr (std::is_class_v<T>)
    return way_of<T, bare_output_archive>() != cereal_way::none;
  else
    return false;
}

} // namespace detail

/// A type that `Archive`, one of the two BARE archives, takes:
///
/// | C++ | BARE |
/// | --- | --- |
/// | `bool` | bool |
/// | `std::uint64_t`, `fixed_u64` | uint, u64 |
/// | other integers, by their width | u8, u16, u32, i8, i16, i32, i64 |
/// | `float`, `double` | f32, f64 |
/// | `std::string` | str |
/// | `bytes`, `bytes_view`, `shared_bytes` | data |
/// | `std::array<std::byte, N>` | data[N] |
/// | an enum | enum, without names uint |
/// | `std::optional<T>` | optional<T> |
/// | lists and sets of whatever library | list<T> |
/// | maps of whatever library | `map<K><V>` |
/// | `std::array<T, N>` | list<T>[N] |
/// | `std::variant<Ts...>` | union, tags in order from 0 |
/// | `std::pair`, `std::tuple` | struct |
/// | durations and times of the system clock, in their own unit | i64, f64 |
/// | a class with functions for Cereal | struct |
///
/// Sets and maps are in the order of the encodings of their keys. Nothing that
/// points to something else has a form.
template <class T, class Archive>
concept bare_type =
  (std::same_as<
     Archive,
     bare_output_archive> || std::same_as<Archive, bare_input_archive>)&&detail::
    find_bare_type<T>();

} // namespace node_proxy
