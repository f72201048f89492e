// Values of users' own types as payloads of messages: a type needs nothing but
// the `inspect` that CAF asks for anyway.

#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include <node_proxy/actors/caf/value_describer.hpp>
#include <node_proxy/actors/caf/value_reader.hpp>
#include <node_proxy/actors/caf/value_writer.hpp>
#include <node_proxy/base/bytes.hpp>
#include <node_proxy/protocol/wire/bare_error.hpp>

namespace node_proxy {

/// A type whose values have a BARE form (draft-devault-bare-11):
///
/// | C++ | BARE |
/// | --- | --- |
/// | `bool` | bool |
/// | integers and `std::byte`, by their width | u8 ... u64, i8 ... i64 |
/// | `float`, `double` | f32, f64 |
/// | `std::string` | str |
/// | vectors and arrays of `std::byte` | data, data[N] |
/// | an enum | uint, or enum if it has `enum_names` |
/// | `std::optional<T>` | optional<T> |
/// | lists and sets of whatever library | list<T> |
/// | maps of whatever library | `map<K><V>` |
/// | `std::array<T, N>`, `T[N]` | list<T>[N] |
/// | `std::variant<Ts...>` | union, tags in order from 0 |
/// | `std::pair`, `std::tuple` | struct |
/// | durations and times of the system clock | i64 in their own unit |
/// | those that count in reals | f64 |
/// | a class with `inspect` | struct of its fields in their order |
/// | another class with functions for Cereal | as by `encode_payload` |
/// | our own messages | as in PROTOCOL.md |
/// | another class that is empty | nothing |
///
/// `char` is u8 on every platform; `long` and other types whose width depends
/// on the platform are best avoided. A field that `inspect` lets be left out
/// (`fallback`) is always there. Lists in lists go `limits::list_depth` deep,
/// structs in structs `limits::struct_depth`.
///
/// Nothing that points to something else has a form, nor has what means
/// something in its actor system alone: for a handle of an actor send an
/// `engine_id`, for a `caf::error` what it says. With CAF 1.x, what is an
/// optional or a variant to CAF (`optional_inspector_access`,
/// `variant_inspector_access`) is one here.
template <class T>
concept bare_value = std::default_initializable<T> && detail::has_value_form<
  detail::value_writer, T>() && detail::has_value_form<detail::value_reader,
                                                       T>();

/// Appends the encodings of `xs`, one after the other, to `out`, which is
/// unchanged on error. Errors: bad_utf8, bad_tag, bad_enum (also for an enum
/// that is negative), too_long, bad_order, bad_value (also if an `inspect`
/// fails or throws).
template <bare_value... Ts>
[[nodiscard]] tl::expected<void, bare_error> encode_values_to(bytes& out,
                                                              const Ts&... xs) {
  auto size = out.size();
  detail::value_writer writer{out};
  try {
    (writer.put(xs), ...);
  } catch (...) {
    writer.refuse();
  }
  if (writer.is_ok())
    return {};
  out.resize(size);
  return tl::unexpected{*writer.writer().error()};
}

/// The encodings of `xs`, one after the other: the struct of them. Errors: as
/// `encode_values_to`.
template <bare_value... Ts>
[[nodiscard]] tl::expected<bytes, bare_error> encode_values(const Ts&... xs) {
  // Most values fit, and then this is all that is allocated.
  constexpr std::size_t usual_size = 64;
  bytes result;
  result.reserve(usual_size);
  if (auto done = encode_values_to(result, xs...); !done)
    return tl::unexpected{done.error()};
  return result;
}

/// The encoding of `x`. Errors: as `encode_values_to`.
template <bare_value T>
[[nodiscard]] tl::expected<bytes, bare_error> encode_value(const T& x) {
  return encode_values(x);
}

namespace detail {

/// Reads `xs` from `input`, which must be these values and nothing more.
template <class... Ts>
std::optional<bare_error> read_values(bytes_view input, Ts&... xs) {
  value_reader reader{input};
  try {
    (reader.get(xs), ...);
  } catch (...) {
    reader.refuse();
  }
  if (reader.is_ok() && !reader.reader().rest().empty())
    return bare_error::trailing_bytes;
  return reader.reader().error();
}

} // namespace detail

/// Decodes `input`, which must be one value and nothing more. Strict: what is
/// accepted encodes to the same octets again, as far as an `inspect` stores
/// what it has read. Parts of type `bytes_view` refer to the octets of `input`.
/// Errors: any, bad_value also if an `inspect` fails or throws, or an invariant
/// does not hold.
template <bare_value T>
[[nodiscard]] tl::expected<T, bare_error> decode_value(bytes_view input) {
  tl::expected<T, bare_error> result;
  if (auto error = detail::read_values(input, *result))
    return tl::unexpected{*error};
  return result;
}

/// Decodes `input`, which must be the values of these types, one after the
/// other, and nothing more. Errors: as `decode_value`.
template <bare_value... Ts>
[[nodiscard]] tl::expected<std::tuple<Ts...>, bare_error>
decode_values(bytes_view input) {
  tl::expected<std::tuple<Ts...>, bare_error> result;
  auto read = [input](auto&... xs) {
    return detail::read_values(input, xs...);
  };
  if (auto error = std::apply(read, *result))
    return tl::unexpected{*error};
  return result;
}

/// `T` in BARE's schema language: its definition after those of the types that
/// it is made of, by their names without namespaces. A type without a name is
/// defined as `Value`. For who writes the other end in another language.
///
/// Names of fields are known if `inspect` tells them, as it does in CAF 1.x;
/// those of 0.17 have numbers. Fields that take no octets are in comments, for
/// BARE has none; nor has it lists of them, or types that hold lists of
/// themselves, which compilers of schemas may refuse.
template <bare_value T>
[[nodiscard]] std::string bare_schema() {
  detail::schema_text schema;
  auto type = detail::value_describer{schema}.template describe<T>();
  if (!schema.defines(type))
    schema.define(typeid(T), "Value", [&type] { return type; });
  return schema.definitions();
}

} // namespace node_proxy
