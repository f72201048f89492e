// What can be wrong with BARE (draft-devault-bare-11) data.

#pragma once

#include <node_proxy/messages/field.hpp>

namespace node_proxy {

/// Why a value could not be encoded, or octets could not be decoded. Decoding
/// is strict: what it accepts encodes to exactly the same octets again.
enum class bare_error : std::uint8_t {
  /// The input ends inside of a value, or a length or count in it exceeds what
  /// is left.
  truncated,
  /// Octets are left after the value.
  trailing_bytes,
  /// A `uint` has more octets than its value needs.
  not_minimal,
  /// A `bool`, or the flag of an `optional`, is neither 0 nor 1.
  bad_boolean,
  /// A `str` is not valid UTF-8.
  bad_utf8,
  /// A union has a tag that is unknown or reserved.
  bad_tag,
  /// An enum has a value without a name.
  bad_enum,
  /// A string, octets or list are longer than the field allows, lists or
  /// structs are nested deeper than `limits::list_depth` and
  /// `limits::struct_depth`, lists have more than `limits::empty_elements` that
  /// take no octets, or a `uint` exceeds 64 bits.
  too_long,
  /// The keys of a map, or the elements of a set, do not ascend by their
  /// encodings, or one of them is there twice.
  bad_order,
  /// A number is none of its C++ type, a NaN is not the one that has an
  /// encoding, a text has not the form that its field wants, keys of a hash
  /// table were chosen to fall together, or the code of the type itself refused
  /// the value or threw.
  bad_value,
};

template <>
inline constexpr std::array<std::string_view, 10> enum_names<bare_error>{
  "truncated", "trailing_bytes", "not_minimal", "bad_boolean", "bad_utf8",
  "bad_tag",   "bad_enum",       "too_long",    "bad_order",   "bad_value"};

} // namespace node_proxy
