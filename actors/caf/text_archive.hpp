// Our messages as text for people.

#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include <cereal/cereal.hpp>

#include <node_proxy/base/bytes.hpp>
#include <node_proxy/base/hex.hpp>
#include <node_proxy/base/visible.hpp>
#include <node_proxy/messages/field.hpp>
#include <node_proxy/messages/identities.hpp>
#include <node_proxy/protocol/wire/address_text.hpp>
#include <node_proxy/protocol/wire/bare_schema.hpp>

namespace node_proxy::internal {

/// Writes values by their `serialize`: `{sender: {name: "a"}, msg: 6869}`.
/// Octets are in hexadecimal. Of long ones, of long texts and of long lists
/// there is the beginning, and how much there is in all.
class text_archive {
public:
  static constexpr std::size_t max_octets = 32;
  static constexpr std::size_t max_characters = 256;
  static constexpr std::size_t max_elements = 16;

  /// Appends to `out`, which must outlive the archive.
  explicit text_archive(std::string& out) : out_{out} {}

  template <class... Ts>
  text_archive& operator()(const Ts&... xs) {
    (put_member(xs), ...);
    return *this;
  }

  template <class T>
  void put(const T& x) {
    if constexpr (std::same_as<T, bool>)
      out_ += x ? "true" : "false";
    else if constexpr (named_enum<T> || std::same_as<T, transport_address>)
      out_ += to_string(x);
    else if constexpr (std::same_as<T,
                                    public_key> || std::same_as<T, signature>)
      put_octets(x.data);
    else if constexpr (std::is_enum_v<T>)
      put(static_cast<std::underlying_type_t<T>>(x));
    else if constexpr (std::is_arithmetic_v<T>)
      out_ += std::to_string(x);
    else if constexpr (std::convertible_to<const T&, std::string_view>)
      put_text(x);
    else if constexpr (std::constructible_from<bytes_view, const T&>)
      put_octets(bytes_view{x});
    else if constexpr (std::ranges::range<T>)
      put_list(x);
    else
      put_object(x);
  }

private:
  template <class T>
  void put_member(const T& x) {
    begin_member();
    put(x);
  }

  template <class T>
  void put_member(const cereal::NameValuePair<T>& x) {
    begin_member();
    out_ += x.name;
    out_ += ": ";
    put(x.value);
  }

  void begin_member() {
    if (members_++ > 0)
      out_ += ", ";
  }

  void put_text(std::string_view text) {
    out_ += '"';
    out_ += make_visible(text.substr(0, max_characters));
    out_ += '"';
    add_size(text.size(), max_characters, " octets");
  }

  void put_octets(bytes_view octets) {
    out_ += to_hex(octets.first(std::min(octets.size(), max_octets)));
    add_size(octets.size(), max_octets, " octets");
  }

  template <class T>
  void put_list(const T& xs) {
    out_ += '[';
    std::size_t count = 0;
    for (const auto& x : xs) {
      if (count > 0 && count < max_elements)
        out_ += ", ";
      if (count++ < max_elements)
        put(x);
    }
    out_ += ']';
    add_size(count, max_elements, "");
  }

  void add_size(std::size_t size, std::size_t max, std::string_view unit) {
    if (size > max)
      out_ += "... (" + std::to_string(size) + std::string{unit} + ')';
  }

  template <class T>
  void put_object(const std::optional<T>& x) {
    if (x)
      put(*x);
    else
      out_ += "none";
  }

  template <class... Ts>
  void put_object(const std::variant<Ts...>& x) {
    std::visit([this](const auto& y) { this->put_alternative(y); }, x);
  }

  /// With its name, if it is one of our own structs.
  template <class T>
  void put_alternative(const T& x) {
    constexpr std::string_view ours = "node_proxy::";
    constexpr auto name = node_proxy::detail::cpp_name<T>();
    if constexpr (name.starts_with(ours)
                  && !std::is_enum_v<T> && !std::same_as<T, public_key>)
      out_ += name.substr(ours.size());
    put(x);
  }

  template <class T>
  void put_object(const sole_alternative<T>& x) {
    put(x.value);
  }

  template <std::size_t Max, class T>
  void put_object(const bounded_field<Max, T>& x) {
    put(x.value);
  }

  template <bool (*IsValid)(std::string_view), std::size_t Max>
  void put_object(const checked_text<IsValid, Max>& x) {
    put(x.value);
  }

  void put_object(const fixed_u64& x) { put(x.value); }

  template <std::size_t Tag>
  void put_object(const reserved_tag<Tag>&) {
    out_ += "nothing";
  }

  template <class T>
  void put_object(const T& x) {
    auto outer = std::exchange(members_, 0);
    out_ += '{';
    cereal::access::member_serialize(*this, const_cast<T&>(x));
    out_ += '}';
    members_ = outer;
  }

  std::string& out_;
  std::size_t members_ = 0;
};

} // namespace node_proxy::internal
