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

  static_assert(!has_type<asker>(typename parts::inputs{}),
                "who asks is told by the first argument of a handler: further "
                "ones are what he says");

  static bool takes(const message_content& content) {
    return contains(content, typename parts::inputs{});
  }

  static bool answers(const message_content& content) {
    return contains(content, typename parts::results{});
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
  template <class T>
  static constexpr bool
    has_form = is_message_type<T> && (is_atom_type<T> || bare_value<T>);

  /// Does not compile if there is none.
  template <class T>
  static void check_form() {
    using namespace node_proxy::detail;
    if constexpr (is_atom_type<T> || bare_value<T>)
      static_assert(is_message_type<T>,
                    "CAF has to know this type: give it a type id, by "
                    "CAF_ADD_TYPE_ID");
    else if constexpr (std::default_initializable<
                         T> && has_value_form<value_writer, T>())
      explain_value<value_reader, T>();
    else
      explain_value<value_writer, T>();
  }

  // Where something has no form, that is the only error, in `append_elements`.

  template <class... Ts>
  static bool contains(const message_content& content, type_pack<Ts...> types) {
    if constexpr ((has_form<Ts> && ...))
      return has_elements(content, types);
    else
      return false;
  }

  template <class... Ts>
  static expected<void, bare_error>
  append_elements(bytes& out, const message_content& content,
                  type_pack<Ts...>) {
    if constexpr ((has_form<Ts> && ...))
      return append_values<Ts...>(out, content);
    else
      (check_form<Ts>(), ...);
    return {};
  }

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
  append_values(bytes& out, const message_content& content) {
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
    if constexpr ((has_form<Ts> && ...))
      return decode_values_of<Ts...>(data, before...);
    else
      return unexpected{bare_error::bad_value};
  }

  template <class... Ts, class... Before>
  static expected<caf::message, bare_error>
  decode_values_of(bytes_view data, const Before&... before) {
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

} // namespace node_proxy::internal
