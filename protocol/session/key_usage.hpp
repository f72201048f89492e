// How long and how much a key may be used (PROTOCOL.md, "Rekeying").

#pragma once

#include <chrono>
#include <cstdint>

#include <node_proxy/messages/limits.hpp>
#include <node_proxy/protocol/timestamp.hpp>

namespace node_proxy::internal {

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

/// When its sender replaces a key at the latest.
inline constexpr key_usage rekey_due{limits::key_frames, limits::key_bytes};

/// The same as an age.
inline constexpr duration key_lifetime =
  std::chrono::seconds{limits::key_seconds};

} // namespace node_proxy::internal
