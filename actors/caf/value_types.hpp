// Which values of users' types have a form of BARE, and who knows it.

#pragma once

#include <concepts>
#include <cstddef>
#include <iterator>
#include <tuple>
#include <type_traits>
#include <utility>

#include <caf/all.hpp>

#include <node_proxy/actors/caf/messages.hpp>
#include <node_proxy/actors/caf/version_check.hpp>
#include <node_proxy/protocol/wire/bare.hpp>

namespace node_proxy::detail {

// What CAF has of its own.
#if CAF_MAJOR_VERSION < 1
template <>
inline constexpr bool is_octet<caf::byte> = true;
template <class T>
inline constexpr bool is_optional<caf::optional<T>> = true;
template <class... Ts>
struct alternatives_of<caf::variant<Ts...>> {
  using type = std::tuple<Ts...>;
};
#endif
template <class T>
inline constexpr bool is_pointer<caf::intrusive_ptr<T>> = true;
template <class T>
inline constexpr bool is_pointer<caf::intrusive_cow_ptr<T>> = true;

/// What means something in its actor system alone.
template <class T>
inline constexpr bool is_local_value = handle_message<T>;
template <>
inline constexpr bool is_local_value<caf::actor> = true;
template <class... Signatures>
inline constexpr bool is_local_value<caf::typed_actor<Signatures...>> = true;
template <>
inline constexpr bool is_local_value<caf::strong_actor_ptr> = true;
template <>
inline constexpr bool is_local_value<caf::weak_actor_ptr> = true;
template <>
inline constexpr bool is_local_value<caf::actor_addr> = true;
template <>
inline constexpr bool is_local_value<caf::message> = true;
/// Its category has a number of its own in each program.
template <>
inline constexpr bool is_local_value<caf::error> = true;
#if CAF_MAJOR_VERSION < 1
template <>
inline constexpr bool is_local_value<caf::group> = true;
#endif

/// Who knows the form of a type.
enum class value_way {
  /// Nobody.
  none,
  /// The archives: it is one of our messages, or has functions for Cereal.
  archive,
  /// Its kind says it all.
  form,
  /// A specialization of CAF's `inspector_access`.
  access,
  /// One that says that CAF is to treat it as an optional, or as a variant.
  optional_access,
  variant_access,
  /// Its `inspect`.
  inspect,
  /// It has nothing in it.
  empty,
};

template <class Inspector, class T>
concept has_inspect = requires(Inspector& f, T& x) {
  inspect(f, x);
};

template <class T>
constexpr bool has_access() {
#if CAF_MAJOR_VERSION >= 1
  return caf::detail::is_complete<caf::inspector_access<T>>;
#else
  return false;
#endif
}

/// Types that say by such a specialization what they are like.
template <class T>
constexpr value_way way_by_traits() {
#if CAF_MAJOR_VERSION >= 1
  if constexpr (has_access<T>()) {
    using access = caf::inspector_access<T>;
    if constexpr (std::derived_from<access, caf::optional_inspector_access<T>>)
      return value_way::optional_access;
    else if constexpr (std::derived_from<access,
                                         caf::variant_inspector_access<T>>)
      return value_way::variant_access;
  }
#endif
  return value_way::none;
}

/// Types that say nothing to CAF.
template <class T>
constexpr value_way way_without_inspect() {
  if constexpr (is_form_of_archive<T>)
    return value_way::form;
  else if constexpr (std::is_empty_v<
                       T> && !is_member(way_of<T, bare_output_archive>()))
    return value_way::empty;
  else if constexpr (bare_type<T, bare_output_archive>)
    return value_way::archive;
  else
    return value_way::none;
}

/// As CAF prefers it: what has a fixed form, then the code of the type, then
/// what it looks like.
template <class Inspector, class T>
constexpr value_way find_value_way() {
  if constexpr (is_plain_message<T> || is_field_wrapper<T>)
    return value_way::archive;
  else if constexpr (is_local_value<T>)
    return value_way::none;
  else if constexpr (!may_have_code(kind_of<T>))
    return value_way::form;
  else if constexpr (way_by_traits<T>() != value_way::none)
    return way_by_traits<T>();
  else if constexpr (is_pointer<T>)
    return value_way::none;
  else if constexpr (has_access<T>())
    return value_way::access;
  else if constexpr (has_inspect<Inspector, T>)
    return value_way::inspect;
  else
    return way_without_inspect<T>();
}

template <class Inspector, class T>
inline constexpr value_way way_of_value = find_value_way<Inspector, T>();

#if CAF_MAJOR_VERSION >= 1

/// Calls `f(tag, y)` with a value of each alternative of what CAF treats as a
/// variant.
template <class T, class F>
void for_each_alternative(F f) {
  using traits = typename caf::inspector_access<T>::traits;
  std::size_t tag = 0;
  for (auto type : traits::allowed_types) {
    traits::load(type, [&](auto& y) { f(tag, y); });
    ++tag;
  }
}

/// Reads the alternative with this tag.
/// @returns false if there is none.
template <class Coder, class T>
bool get_alternative_of(Coder& coder, std::uint64_t tag, T& x) {
  using traits = typename caf::inspector_access<T>::traits;
  return tag < std::size(traits::allowed_types)
         && traits::load(
           traits::allowed_types[tag], [&](auto& y) {
             // CAF itself stands for nothing in `config_value`.
             if constexpr (!std::is_same_v<std::remove_cvref_t<decltype(y)>, T>)
               coder.get(y);
             if (coder.is_ok())
               traits::assign(x, std::move(y));
           });
}

#endif

template <class Inspector, class T>
constexpr bool has_value_form();

template <class Inspector, class Types, std::size_t... Is>
constexpr bool have_value_forms(std::index_sequence<Is...>) {
  return (has_value_form<Inspector, std::tuple_element_t<Is, Types>>() && ...);
}

template <class Inspector, class Types>
constexpr bool have_value_forms() {
  return have_value_forms<Inspector, Types>(
    std::make_index_sequence<std::tuple_size_v<Types>>{});
}

/// Whether a type and its parts have a form, as far as its kind tells: the
/// fields of an `inspect` are seen only when it is called.
template <class Inspector, class T>
constexpr bool has_value_form() {
  constexpr auto way = way_of_value<Inspector, T>;
  constexpr auto kind = kind_of<T>;
  if constexpr (way != value_way::form)
    return way != value_way::none;
  else if constexpr (kind == bare_kind::choice)
    return have_value_forms<Inspector, alternatives<T>>();
  else if constexpr (kind == bare_kind::record)
    return have_value_forms<Inspector, T>();
  else if constexpr (kind == bare_kind::fixed_list)
    return has_value_form<Inspector, array_element<T>>();
  else if constexpr (kind == bare_kind::map)
    return has_value_form<Inspector, typename T::key_type>()
           && has_value_form<Inspector, typename T::mapped_type>();
  else if constexpr (kind == bare_kind::optional)
    return has_value_form<Inspector, optional_value<T>>();
  else if constexpr (kind == bare_kind::list || kind == bare_kind::set)
    return has_value_form<Inspector, typename T::value_type>();
  else
    return true;
}

} // namespace node_proxy::detail
