// What an interface of typed actors is made of, in both versions of CAF.

#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

#include <caf/all.hpp>

#include <node_proxy/actors/caf/version_check.hpp>
#include <node_proxy/actors/exchange_messages.hpp>

namespace node_proxy::internal {

template <class... Ts>
struct type_pack {};

#if CAF_MAJOR_VERSION >= 1

/// What handlers are given, and what they answer with: one object after the
/// other.
using message_content = caf::message;

template <class Signature>
struct signature_parts;

template <class... Outputs, class... Inputs>
struct signature_parts<caf::result<Outputs...>(Inputs...)> {
  using inputs = type_pack<std::decay_t<Inputs>...>;
  using outputs = type_pack<Outputs...>;
};

template <class Inputs, class Outputs>
struct make_signature;

template <class... Inputs, class... Outputs>
struct make_signature<type_pack<Inputs...>, type_pack<Outputs...>> {
  using type = caf::result<Outputs...>(Inputs...);
};

/// Whether values of this type say nothing beyond which type they have: atoms,
/// which are empty structs.
template <class T>
inline constexpr bool is_atom_type = std::is_empty_v<T>;

/// Whether values of this type can be in messages.
template <class T>
inline constexpr bool is_message_type = caf::has_type_id_v<T>;

template <class T>
bool is_element(const message_content& content, std::size_t index) {
  return content.match_element<T>(index);
}

#else

using message_content = caf::type_erased_tuple;

template <class Signature>
struct signature_parts;

template <class... Inputs, class... Outputs>
struct signature_parts<caf::typed_mpi<caf::detail::type_list<Inputs...>,
                                      caf::output_tuple<Outputs...>>> {
  using inputs = type_pack<Inputs...>;
  using outputs = type_pack<Outputs...>;
};

template <class Inputs, class Outputs>
struct make_signature;

template <class... Inputs, class... Outputs>
struct make_signature<type_pack<Inputs...>, type_pack<Outputs...>> {
  using type = typename caf::replies_to<Inputs...>::template with<Outputs...>;
};

// `caf::atom_constant`: in a message it is an `atom_value`.
template <class T>
inline constexpr bool is_atom_type = caf::is_atom_constant<T>::value;

template <class T>
inline constexpr bool is_message_type = true;

template <class T>
bool is_element(const message_content& content, std::size_t index) {
  if constexpr (is_atom_type<T>)
    return content.match_element<caf::atom_value>(index)
           && content.get_as<caf::atom_value>(index) == T::get_value();
  else
    return content.match_element<T>(index);
}

#endif

template <class Signatures>
struct signature_list;

template <template <class...> class List, class... Signatures>
struct signature_list<List<Signatures...>> {
  using type = type_pack<Signatures...>;

  static constexpr std::size_t size = sizeof...(Signatures);
};

/// The handlers of typed actors with this handle.
template <class Handle>
using signatures_of = signature_list<typename Handle::signatures>;

/// A handle that says which messages its actor takes.
template <class Handle>
concept typed_handle = requires {
  typename signatures_of<Handle>::type;
};

/// Whether one of the types is `T`.
template <class T, class... Ts>
constexpr bool has_type(type_pack<Ts...>) {
  return (std::is_same_v<T, Ts> || ...);
}

// A handler that answers with nothing has `void` or `unit_t` there.
template <class Outputs>
struct result_types {
  using type = Outputs;
};

template <>
struct result_types<type_pack<void>> {
  using type = type_pack<>;
};

template <>
struct result_types<type_pack<caf::unit_t>> {
  using type = type_pack<>;
};

/// Whether `content` is made of values of these types.
template <class... Ts>
bool has_elements(const message_content& content, type_pack<Ts...>) {
  return content.size()
         == sizeof...(Ts)&& [&]<std::size_t... Is>(std::index_sequence<Is...>) {
    return (is_element<Ts>(content, Is) && ...);
  }
  (std::index_sequence_for<Ts...>{});
}

/// What of a message handlers are given.
inline const message_content& content_of(const caf::message& msg) {
#if CAF_MAJOR_VERSION >= 1
  return msg;
#else
  static const caf::empty_type_erased_tuple nothing{};
  return msg.empty() ? nothing : msg.content();
#endif
}

// -- who asked ----------------------------------------------------------------

/// The inputs of a handler as others know them: who asks does not say who he
/// is.
template <class Inputs>
struct asked_inputs {
  using type = Inputs;

  static constexpr bool wants_asker = false;
};

template <class... Inputs>
struct asked_inputs<type_pack<asker, Inputs...>> {
  using type = type_pack<Inputs...>;

  static constexpr bool wants_asker = true;
};

/// A handler as the module sees it.
template <class Signature>
struct handler_parts {
  using all_inputs = typename signature_parts<Signature>::inputs;
  using inputs = typename asked_inputs<all_inputs>::type;
  using outputs = typename signature_parts<Signature>::outputs;
  using results = typename result_types<outputs>::type;

  static constexpr bool wants_asker = asked_inputs<all_inputs>::wants_asker;

  using asked_signature = typename make_signature<inputs, outputs>::type;
};

// What is no typed handle is refused where it is used.
template <class Handle>
struct asked_interface {
  using type = Handle;
};

template <class Handle, class Signatures>
struct asked_handlers;

template <typed_handle Handle>
struct asked_interface<Handle>
  : asked_handlers<Handle, typename signatures_of<Handle>::type> {};

template <class Handle, class... Signatures>
struct asked_handlers<Handle, type_pack<Signatures...>> {
  using type = std::conditional_t<
    (handler_parts<Signatures>::wants_asker || ...),
    caf::typed_actor<typename handler_parts<Signatures>::asked_signature...>,
    Handle>;
};

} // namespace node_proxy::internal

namespace node_proxy {

/// The interface of an engine as other nodes see it: that of its actor, where
/// no handler has an `asker` as its first argument.
template <class Interface>
using remote_interface = typename internal::asked_interface<Interface>::type;

} // namespace node_proxy
