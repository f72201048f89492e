// Deriving keys with HMAC-SHA256 (RFC 2104, RFC 5869). libsodium has this from
// 1.0.19 on, Debian 12 an earlier one.

#pragma once

#include <array>
#include <span>

#include <node_proxy/messages/basics.hpp>
#include <node_proxy/protocol/crypto/secret.hpp>

namespace node_proxy::internal {

/// HKDF-SHA256 of RFC 5869: extracts a key from `ikm` and `salt`, and expands
/// it with `info` until `out` is full. `out` has at most 255 * 32 octets.
void hkdf(bytes_view ikm, bytes_view salt, bytes_view info,
          std::span<std::byte> out) noexcept;

/// `HKDF(chaining_key, input_key_material, 2)` of Noise, section 4.3.
[[nodiscard]] std::array<secret_key, 2> hkdf2(const secret_key& chaining_key,
                                              bytes_view ikm) noexcept;

} // namespace node_proxy::internal
