// Encoding and decoding of BARE (draft-devault-bare-11), canonical both ways:
// every value has one encoding, and a decoder accepts no other. Which C++ type
// has which form: `bare_type`.

#pragma once

#include <concepts>
#include <utility>

#include <node_proxy/protocol/wire/bare_input_archive.hpp>
#include <node_proxy/protocol/wire/bare_output_archive.hpp>

namespace node_proxy {

/// Appends the encoding of `x` to `out`, which is unchanged on error. Errors:
/// bad_utf8, bad_tag, bad_enum, too_long, bad_order, bad_value.
template <class T>
[[nodiscard]] tl::expected<void, bare_error>
encode_to(bytes& out, const T& x, bare_values values = bare_values::valid) {
  auto size = out.size();
  bare_output_archive archive{out, values};
  archive(x);
  if (archive.error()) {
    out.resize(size);
    return tl::unexpected{*archive.error()};
  }
  return {};
}

/// The encoding of `x`. Errors: as `encode_to`.
template <class T>
[[nodiscard]] tl::expected<bytes, bare_error> encode(const T& x) {
  bytes result;
  if (auto done = encode_to(result, x); !done)
    return tl::unexpected{done.error()};
  return result;
}

/// Decodes `input`, which must be one value and nothing more, into `x`, whose
/// memory is used again. On error `x` is of no use. Errors: any.
template <class T>
[[nodiscard]] tl::expected<void, bare_error>
decode_into(T& x, bytes_view input, bare_values values = bare_values::valid) {
  bare_input_archive archive{input, values};
  archive(x);
  if (archive.error())
    return tl::unexpected{*archive.error()};
  if (!archive.rest().empty())
    return tl::unexpected{bare_error::trailing_bytes};
  return {};
}

/// Decodes one value from the front of `input` and removes it there; `input`
/// is unchanged on error. A value with parts of type `bytes_view` refers to
/// the octets of `input`. Errors: all but trailing_bytes.
template <std::default_initializable T>
[[nodiscard]] tl::expected<T, bare_error> decode_prefix(bytes_view& input) {
  tl::expected<T, bare_error> result;
  bare_input_archive archive{input};
  archive(*result);
  if (archive.error())
    return tl::unexpected{*archive.error()};
  input = archive.rest();
  return result;
}

/// Decodes `input`, which must be one value and nothing more. A value with
/// parts of type `bytes_view` refers to the octets of `input`. Errors: any.
template <std::default_initializable T>
[[nodiscard]] tl::expected<T, bare_error> decode(bytes_view input) {
  auto result = decode_prefix<T>(input);
  if (result && !input.empty())
    return tl::unexpected{bare_error::trailing_bytes};
  return result;
}

} // namespace node_proxy

CEREAL_SETUP_ARCHIVE_TRAITS(node_proxy::bare_input_archive,
                            node_proxy::bare_output_archive)
