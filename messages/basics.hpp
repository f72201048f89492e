// Basic types of the specification (arch.node.types.basics).

#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include <cereal/cereal.hpp>
#include <tl/expected.hpp>

namespace node_proxy {

/// `ByteString`: octets without a meaning of their own.
using bytes = std::vector<std::byte>;

/// A view of octets that somebody else owns.
using bytes_view = std::span<const std::byte>;

/// A value, or the error that kept us from having one.
template <class T, class E>
using expected = tl::expected<T, E>;

/// The error half of an `expected`. A using-declaration, for clang 14 deduces
/// no template arguments through an alias.
using tl::unexpected;

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

/// `RelTime`: a duration in seconds, counted from the moment at which the
/// receiver of the message that holds it accepts that message.
struct rel_time {
  std::uint64_t seconds = 0;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(seconds));
  }

  friend auto operator<=>(const rel_time&, const rel_time&) = default;
};

/// `AbsTime`: a point in time in minutes since 2024-01-01 00:00 UTC.
struct abs_time {
  std::uint64_t minutes = 0;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(minutes));
  }

  friend auto operator<=>(const abs_time&, const abs_time&) = default;
};

/// `Time = Either RelTime AbsTime`: when something expires.
using expiry_time = std::variant<rel_time, abs_time>;

} // namespace node_proxy
