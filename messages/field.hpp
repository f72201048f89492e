// Wrappers with which a field list says what a C++ type alone cannot: which
// form a field has on the wire, and how long it may be. Archives that have no
// wire form (JSON) see the plain field.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include <cereal/cereal.hpp>

namespace node_proxy {

/// Names of the enumerators of `Enum` in the order of their values, which
/// start at 0 and have no gaps. Specialized beside each enum; the number of
/// names is the number of values that a decoder accepts.
template <class Enum>
inline constexpr std::array<std::string_view, 0> enum_names{};

/// An enum with a list of names.
template <class T>
concept named_enum = std::is_enum_v<T> &&(enum_names<T>.size() > 0);

/// The name of `value`, or "unknown" if it is none of the enumerators.
template <named_enum Enum>
constexpr std::string_view to_string(Enum value) {
  auto index = static_cast<std::size_t>(value);
  return index < enum_names<Enum>.size() ? enum_names<Enum>[index] : "unknown";
}

/// The name of what it is, one of several enums.
template <named_enum... Enums>
constexpr std::string_view to_string(const std::variant<Enums...>& value) {
  return std::visit([](auto x) { return to_string(x); }, value);
}

/// Marks a field that is a union of one alternative (tag 0) on the wire, such
/// as `PublicKey = Curve25519PubKey ByteString`: room for more to come.
template <class T>
struct sole_alternative {
  T& value;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(cereal::make_nvp("value", value));
  }
};

template <class T>
sole_alternative(T&) -> sole_alternative<T>;

/// Marks an unsigned 64-bit field that takes eight bytes on the wire (BARE
/// `u64`) instead of the variable-length `uint`.
struct fixed_u64 {
  std::uint64_t& value;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(cereal::make_nvp("value", value));
  }
};

/// Marks a string or list that has at most `Max` elements. An archive with a
/// wire form refuses a longer one, both ways, before it allocates.
template <std::size_t Max, class T>
struct bounded_field {
  T& value;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(cereal::make_nvp("value", value));
  }
};

template <std::size_t Max, class T>
bounded_field<Max, T> bounded(T& value) {
  return {value};
}

/// Marks a string of at most `Max` bytes for which `IsValid` holds, likewise.
template <bool (*IsValid)(std::string_view), std::size_t Max>
struct checked_text {
  std::string& value;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(cereal::make_nvp("value", value));
  }
};

/// Holds the place of a union tag that the specification assigns to something
/// that does not exist here yet. It can neither be encoded nor decoded.
template <std::size_t Tag>
struct reserved_tag {
  friend bool operator==(reserved_tag, reserved_tag) = default;
};

} // namespace node_proxy
