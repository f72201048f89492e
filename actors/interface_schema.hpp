// Interfaces of typed engines in BARE's schema language.

#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include <node_proxy/actors/caf/atom_text.hpp>
#include <node_proxy/actors/typed_engine.hpp>

namespace node_proxy {

namespace internal {

// These stand for what has no type in C++.
template <class Signature, std::size_t Number>
struct described_request {};
template <class Signature, std::size_t Number>
struct described_result {};

/// Writes an interface down.
class interface_describer {
public:
  template <class... Signatures>
  std::string describe(type_pack<Signatures...>) {
    schema_union requests;
    schema_union results;
    [&]<std::size_t... Is>(std::index_sequence<Is...>) {
      (requests.add(schema_, Is, describe_request<Signatures, Is>()), ...);
      (results.add(schema_, Is, describe_result<Signatures, Is>()), ...);
    }
    (std::index_sequence_for<Signatures...>{});
    auto text = schema_.definitions();
    text += "type Request " + requests.to_type() + '\n';
    text += "type Result " + results.to_type() + '\n';
    text += "type Error struct {\n  category: str\n  code: uint\n  text: str\n"
            "}\n"
            "type Answer union { Result = 0 | Error = 1 }\n";
    return text;
  }

private:
  using schema_text = node_proxy::detail::schema_text;
  using schema_union = node_proxy::detail::schema_union;
  using schema_fields = node_proxy::detail::schema_fields;

  template <class Signature, std::size_t Number>
  std::string describe_request() {
    using inputs = typename handler_parts<Signature>::inputs;
    return schema_.define(typeid(described_request<Signature, Number>),
                          name_of(inputs{}, Number),
                          [this] { return describe_fields(inputs{}); });
  }

  template <class Signature, std::size_t Number>
  std::string describe_result() {
    using parts = handler_parts<Signature>;
    return schema_.define(
      typeid(described_result<Signature, Number>),
      name_of(typename parts::inputs{}, Number) + "Result",
      [this] { return describe_fields(typename parts::results{}); });
  }

  /// A handler is called by its first atom.
  template <class First, class... Ts>
  static std::string name_of(type_pack<First, Ts...>, std::size_t number) {
    if constexpr (is_atom_type<First>)
      return node_proxy::detail::schema_type_name(atom_text<First>());
    else
      return name_of(type_pack<Ts...>{}, number);
  }

  static std::string name_of(type_pack<>, std::size_t number) {
    return "Handler" + std::to_string(number);
  }

  template <class... Ts>
  std::string describe_fields(type_pack<Ts...>) {
    schema_fields fields;
    (add_field<Ts>(fields), ...);
    return fields.to_type(schema_);
  }

  template <class T>
  void add_field(schema_fields& fields) {
    if constexpr (!is_atom_type<T>)
      fields.add(
        {},
        node_proxy::detail::value_describer{schema_}.template describe<T>());
  }

  schema_text schema_;
};

} // namespace internal

/// The interface of a typed engine in BARE's schema language, for who asks it,
/// or is one, in another language: `Request` and `Answer`, after the types that
/// they are made of (docs/TYPED_ENGINES.md).
template <internal::typed_handle Interface>
[[nodiscard]] std::string bare_schema() {
  return internal::interface_describer{}.describe(
    typename internal::signatures_of<Interface>::type{});
}

} // namespace node_proxy
