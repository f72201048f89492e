// What typed actors take and answer, as octets and back.

#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

#include <node_proxy/actors/engine_interface.hpp>
#include <node_proxy/actors/typed_payload.hpp>
#include <node_proxy/protocol/wire/bare_types.hpp>

namespace node_proxy::internal {

/// One handler of an interface.
template <class Signature>
class typed_handler {
public:
  using parts = handler_parts<Signature>;

  static bool takes(const message_content& content) {
    return has_elements(content, typename parts::inputs{});
  }

  static bool answers(const message_content& content) {
    return has_elements(content, typename parts::results{});
  }

  static expected<void, bare_error> append(bytes& out,
                                           const message_content& content) {
    return append_elements(out, content, typename parts::inputs{});
  }

  static expected<void, bare_error>
  append_result(bytes& out, const message_content& content) {
    return append_elements(out, content, typename parts::results{});
  }

  static expected<caf::message, bare_error> decode(bytes_view data,
                                                   const asker& from) {
    if constexpr (parts::wants_asker)
      return decode_elements(data, typename parts::inputs{}, from);
    else
      return decode_elements(data, typename parts::inputs{});
  }

  static expected<caf::message, bare_error> decode_result(bytes_view data) {
    return decode_elements(data, typename parts::results{});
  }

private:
  // Atoms have no octets: what is there is decided by the handler's number.
  template <class T>
  static auto present(const message_content& content, std::size_t index) {
    if constexpr (is_atom_type<T>)
      return std::tuple<>{};
    else
      return std::tie(content.get_as<T>(index));
  }

  template <class... Ts>
  static expected<void, bare_error>
  append_elements(bytes& out, const message_content& content,
                  type_pack<Ts...>) {
    static_assert(
      ((is_atom_type<Ts> || bare_value<Ts>)&&...),
      "a type in the interface has no form on the wire: give it an inspect for "
      "CAF, see bare_value in <node_proxy/actors/typed_payload.hpp>");
    auto values = [&]<std::size_t... Is>(std::index_sequence<Is...>) {
      return std::tuple_cat(present<Ts>(content, Is)...);
    }
    (std::index_sequence_for<Ts...>{});
    return std::apply(
      [&out](const auto&... xs) { return encode_values_to(out, xs...); },
      values);
  }

  template <class T>
  using decoded =
    std::conditional_t<is_atom_type<T>, std::tuple<>, std::tuple<T>>;

  template <class... Ts>
  static auto decode_all(bytes_view data,
                         std::type_identity<std::tuple<Ts...>>) {
    return decode_values<Ts...>(data);
  }

  template <class T, std::size_t Index, class Tuple>
  static decltype(auto) take(Tuple& values) {
    if constexpr (is_atom_type<T>)
      return T{};
    else
      return std::get<Index>(std::move(values));
  }

  // At which place among the values that are decoded each input stands.
  template <class... Ts>
  static constexpr auto places() {
    std::array<std::size_t, sizeof...(Ts)> result{};
    std::size_t next = 0;
    std::size_t i = 0;
    ((result[i++] = is_atom_type<Ts> ? next : next++), ...);
    return result;
  }

  template <class... Ts, class... Before>
  static expected<caf::message, bare_error>
  decode_elements(bytes_view data, type_pack<Ts...>, const Before&... before) {
    using tuple = decltype(std::tuple_cat(std::declval<decoded<Ts>>()...));
    auto values = decode_all(data, std::type_identity<tuple>{});
    if (!values)
      return unexpected{values.error()};
    if constexpr (sizeof...(Ts) + sizeof...(Before) == 0)
      return caf::message{};
    else
      return [&]<std::size_t... Is>(std::index_sequence<Is...>) {
        constexpr auto at = places<Ts...>();
        return caf::make_message(before..., take<Ts, at[Is]>(*values)...);
      }
    (std::index_sequence_for<Ts...>{});
  }
};

template <class Signatures>
class typed_interface;

template <class... Signatures>
class typed_interface<type_pack<Signatures...>> final
  : public engine_interface {
public:
  std::optional<handler> find(const message_content& content) const override {
    handler result = 0;
    auto found =
      ((typed_handler<Signatures>::takes(content) || !++result) || ...);
    return found ? std::optional{result} : std::nullopt;
  }

  expected<void, bare_error>
  append_request(bytes& out, handler to,
                 const message_content& content) const override {
    using function =
      expected<void, bare_error> (*)(bytes&, const message_content&);
    static constexpr std::array<function, sizeof...(Signatures)> functions{
      &typed_handler<Signatures>::append...};
    append_uint(out, to);
    return functions.at(to)(out, content);
  }

  expected<request, bare_error>
  decode_request(bytes_view data, const asker& from) const override {
    using function =
      expected<caf::message, bare_error> (*)(bytes_view, const asker&);
    static constexpr std::array<function, sizeof...(Signatures)> functions{
      &typed_handler<Signatures>::decode...};
    auto to = take_uint(data);
    if (!to)
      return unexpected{to.error()};
    if (*to >= functions.size())
      return unexpected{bare_error::bad_tag};
    auto content = functions[*to](data, from);
    if (!content)
      return unexpected{content.error()};
    return request{*to, std::move(*content)};
  }

  bool is_result(handler from, const message_content& content) const override {
    using function = bool (*)(const message_content&);
    static constexpr std::array<function, sizeof...(Signatures)> functions{
      &typed_handler<Signatures>::answers...};
    return functions.at(from)(content);
  }

  expected<void, bare_error>
  append_result(bytes& out, handler from,
                const message_content& content) const override {
    using function =
      expected<void, bare_error> (*)(bytes&, const message_content&);
    static constexpr std::array<function, sizeof...(Signatures)> functions{
      &typed_handler<Signatures>::append_result...};
    append_uint(out, from);
    return functions.at(from)(out, content);
  }

  expected<caf::message, bare_error>
  decode_result(handler from, bytes_view data) const override {
    using function = expected<caf::message, bare_error> (*)(bytes_view);
    static constexpr std::array<function, sizeof...(Signatures)> functions{
      &typed_handler<Signatures>::decode_result...};
    auto tag = take_uint(data);
    if (!tag)
      return unexpected{tag.error()};
    if (*tag != from)
      return unexpected{bare_error::bad_tag};
    return functions.at(from)(data);
  }
};

/// The one of all actors with this handle.
template <class Handle>
std::shared_ptr<const engine_interface> interface_of() {
  static const auto result = std::make_shared<
    const typed_interface<typename signatures_of<Handle>::type>>();
  return result;
}

/// A handle that says which messages its actor takes.
template <class Handle>
concept typed_handle = requires {
  typename signatures_of<Handle>::type;
};

} // namespace node_proxy::internal
