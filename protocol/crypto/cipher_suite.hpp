// Which ciphers there are, and what they have in common.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace node_proxy::internal {

/// The ciphers, numbered as the alternatives of `encrypted_msg` are; 0 there
/// means no cipher at all and is not one of them.
enum class cipher_suite : std::uint8_t {
  /// RFC 8439. Everybody has it.
  chacha20_poly1305 = 1,
  /// NIST SP 800-38D. Only for processors with instructions for it.
  aes256_gcm = 2,
};

/// The cipher of this number, if there is one.
[[nodiscard]] std::optional<cipher_suite>
cipher_suite_of(std::uint64_t number) noexcept;

/// The name of the cipher, as it enters the derivation of keys.
[[nodiscard]] std::string_view name(cipher_suite suite) noexcept;

/// Whether this machine can do `aes256_gcm`. False before `init_crypto`.
[[nodiscard]] bool aes_available() noexcept;

/// 96 bits that are used once per key.
using aead_nonce = std::array<std::byte, 12>;

/// Four zero octets and `number` in little-endian order, for both ciphers
/// (Noise, section 12.3, "ChaChaPoly").
[[nodiscard]] aead_nonce make_nonce(std::uint64_t number) noexcept;

/// How much longer than the plaintext a ciphertext is, in bytes.
inline constexpr std::size_t aead_tag_size = 16;

} // namespace node_proxy::internal
