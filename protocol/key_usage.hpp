// How long and how much a key may be used (PROTOCOL.md, "Rekeying").

#pragma once

#include <chrono>
#include <cstdint>

#include <node_proxy/protocol/timestamp.hpp>

namespace node_proxy {

/// How much one key did, or may do.
struct key_usage {
  std::uint64_t frames = 0;
  /// Of plaintext.
  std::uint64_t bytes = 0;

  /// Whether this is as much as `limit` in any respect.
  [[nodiscard]] constexpr bool reaches(const key_usage& limit) const noexcept {
    return frames >= limit.frames || bytes >= limit.bytes;
  }

  friend bool operator==(const key_usage&, const key_usage&) = default;
};

/// When its sender replaces a key at the latest. The receiver accepts twice
/// that.
inline constexpr key_usage rekey_due{std::uint64_t{1} << 32,
                                     std::uint64_t{1} << 36};

/// The same as an age.
inline constexpr duration key_lifetime = std::chrono::hours{1};

} // namespace node_proxy
