// Octets, and values that may be errors instead.

#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

namespace node_proxy {

/// `ByteString` of the specification: octets without a meaning of their own.
using bytes = std::vector<std::byte>;

/// A view of octets that somebody else owns.
using bytes_view = std::span<const std::byte>;

/// The octets of `text`, not copied.
inline bytes_view as_bytes(std::string_view text) {
  return std::as_bytes(std::span{text.data(), text.size()});
}

/// The octets of `data` as characters, not copied and not checked.
inline std::string_view as_text(bytes_view data) {
  return {reinterpret_cast<const char*>(data.data()), data.size()};
}

/// A copy of the octets of `data`.
inline bytes to_bytes(bytes_view data) {
  return {data.begin(), data.end()};
}

/// A copy of the octets of `text`.
inline bytes to_bytes(std::string_view text) {
  return to_bytes(as_bytes(text));
}

namespace internal {

/// A value, or the error that kept us from having one. Users see `tl::expected`
/// and, where the error is one of CAF, `caf::expected`: a name of ours that CAF
/// has, too, would be in the way of those who use both namespaces.
template <class T, class E>
using expected = tl::expected<T, E>;

/// The error half of an `expected`. A using-declaration, for clang 14 deduces
/// no template arguments through an alias.
using tl::unexpected;

/// Puts `data` behind what is there.
inline void append(bytes& to, bytes_view data) {
  to.insert(to.end(), data.begin(), data.end());
}

} // namespace internal

} // namespace node_proxy
