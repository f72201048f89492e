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

/// A type whose values have a BARE form (draft-devault-bare-11): all that CAF
/// can transmit, but for what means something in one process alone. Which C++
/// type has which form is in docs/GUIDE.md, "Types of your own".
///
/// Types whose width differs between platforms (`long`) have the one of this
/// platform, and are better not used. What `inspect` says of a field that may
/// be left out (`fallback`) is ignored, as is what is for people alone.
///
/// Nothing that points to something else has a form, nor has a handle of an
/// actor: send an `engine_id`.
template <class T>
concept bare_value = std::default_initializable<T> && detail::has_value_form<
  detail::value_writer, T>() && detail::has_value_form<detail::value_reader,
                                                       T>();

/// Appends the encodings of `xs`, one after the other, to `out`, which is
/// unchanged on error. Errors: bad_utf8, bad_tag, bad_enum (also for an enum
/// that is negative), too_long, bad_order, bad_value (also if an `inspect`
/// fails or throws).
template <bare_value... Ts>
[[nodiscard]] expected<void, bare_error> encode_values_to(bytes& out,
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
  return unexpected{*writer.writer().error()};
}

/// The encodings of `xs`, one after the other: the struct of them. Errors: as
/// `encode_values_to`.
template <bare_value... Ts>
[[nodiscard]] expected<bytes, bare_error> encode_values(const Ts&... xs) {
  // Most values fit, and then this is all that is allocated.
  constexpr std::size_t usual_size = 64;
  bytes result;
  result.reserve(usual_size);
  if (auto done = encode_values_to(result, xs...); !done)
    return unexpected{done.error()};
  return result;
}

/// The encoding of `x`. Errors: as `encode_values_to`.
template <bare_value T>
[[nodiscard]] expected<bytes, bare_error> encode_value(const T& x) {
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
/// what it has read. Errors: any, bad_value also if an `inspect` fails or
/// throws, or an invariant does not hold.
template <bare_value T>
[[nodiscard]] expected<T, bare_error> decode_value(bytes_view input) {
  expected<T, bare_error> result;
  if (auto error = detail::read_values(input, *result))
    return unexpected{*error};
  return result;
}

/// Decodes `input`, which must be the values of these types, one after the
/// other, and nothing more. Errors: as `decode_value`.
template <bare_value... Ts>
[[nodiscard]] expected<std::tuple<Ts...>, bare_error>
decode_values(bytes_view input) {
  expected<std::tuple<Ts...>, bare_error> result;
  auto read = [input](auto&... xs) {
    return detail::read_values(input, xs...);
  };
  if (auto error = std::apply(read, *result))
    return unexpected{*error};
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
