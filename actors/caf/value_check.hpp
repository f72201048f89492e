// Why values of some types cannot be sent, for compilers to say.

#pragma once

#include <concepts>
#include <cstddef>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include <caf/all.hpp>

#include <node_proxy/actors/caf/value_types.hpp>
#include <node_proxy/actors/caf/version_check.hpp>

namespace node_proxy::detail {

/// What a handler answers, or fails with.
template <class T>
inline constexpr bool is_answer = false;
template <class... Ts>
inline constexpr bool is_answer<caf::result<Ts...>> = true;
template <class T>
inline constexpr bool is_answer<caf::expected<T>> = true;

/// Text of somebody else.
template <class T>
inline constexpr bool is_text_view =
  std::is_class_v<T>&& std::is_convertible_v<T, std::string_view>;

template <class Inspector, class T>
void explain_value();

template <class Inspector, class Types, std::size_t... Is>
void explain_parts(std::index_sequence<Is...>) {
  (explain_value<Inspector, std::tuple_element_t<Is, Types>>(), ...);
}

template <class Inspector, class Types>
void explain_parts() {
  explain_parts<Inspector, Types>(
    std::make_index_sequence<std::tuple_size_v<Types>>{});
}

/// Of what has a form only if its parts have.
template <class Inspector, class T>
void explain_form() {
  constexpr auto kind = kind_of<T>;
  if constexpr (kind == bare_kind::choice)
    explain_parts<Inspector, alternatives<T>>();
  else if constexpr (kind == bare_kind::record)
    explain_parts<Inspector, T>();
  else if constexpr (kind == bare_kind::fixed_list)
    explain_value<Inspector, array_element<T>>();
  else if constexpr (kind == bare_kind::map)
    explain_parts<Inspector,
                  std::pair<typename T::key_type, typename T::mapped_type>>();
  else if constexpr (kind == bare_kind::optional)
    explain_value<Inspector, optional_value<T>>();
  else if constexpr (kind == bare_kind::list || kind == bare_kind::set)
    explain_value<Inspector, typename T::value_type>();
}

/// Fails to compile if `T` has no form, with what to do about it. The compiler
/// names the type.
template <class Inspector, class T>
void explain_value() {
  if constexpr (has_value_form<Inspector, T>())
    static_assert(std::default_initializable<T>,
                  "a value of this type is made before it is read: give it a "
                  "constructor without arguments");
  else if constexpr (way_of_value<Inspector, T> == value_way::form)
    explain_form<Inspector, T>();
  else if constexpr (is_local_value<T>)
    static_assert(!is_local_value<T>,
                  "this means something in its actor system alone: send an "
                  "engine_id instead of a handle of an actor, and what it says "
                  "instead of an error or a message of CAF");
  else if constexpr (is_text_view<T>)
    static_assert(!is_text_view<T>,
                  "this refers to the text of somebody else: use std::string");
  else if constexpr (is_pointer<T>)
    static_assert(!is_pointer<T>,
                  "nobody else has what a pointer points to: send a value, an "
                  "std::optional or an std::vector of values");
  else if constexpr (is_answer<T>)
    static_assert(!is_answer<T>,
                  "name what is answered instead: any handler may answer with "
                  "an error, and returns caf::result of what it answers");
  else
    static_assert(way_of_value<Inspector, T> != value_way::none,
                  "this type has no form on the wire: give it an inspect for "
                  "CAF, see bare_value in "
                  "<node_proxy/actors/typed_payload.hpp>");
}

} // namespace node_proxy::detail
