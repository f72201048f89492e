// The two authenticated ciphers and the keys that they are used with.

#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

#include <sodium/crypto_aead_aes256gcm.h>

#include <node_proxy/messages/basics.hpp>
#include <node_proxy/protocol/crypto/noise_types.hpp>
#include <node_proxy/protocol/crypto/secret.hpp>

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

/// A cipher with a key: authenticated encryption with associated data.
class aead {
public:
  /// `aes256_gcm` demands `aes_available()`.
  aead(const secret_key& key, cipher_suite suite) noexcept;

  [[nodiscard]] cipher_suite suite() const noexcept;

  /// Writes ciphertext and tag to `out`, which is `aead_tag_size` longer than
  /// `plaintext` and may begin at the same place, but not overlap otherwise.
  void seal(const aead_nonce& nonce, bytes_view associated_data,
            bytes_view plaintext, std::span<std::byte> out) const noexcept;

  /// Writes the plaintext to `out`, which is `aead_tag_size` shorter than
  /// `ciphertext` and may begin at the same place, but not overlap otherwise.
  /// False if the tag is wrong; `out` has no plaintext in it then.
  [[nodiscard]] bool open(const aead_nonce& nonce, bytes_view associated_data,
                          bytes_view ciphertext,
                          std::span<std::byte> out) const noexcept;

private:
  struct chacha_key {
    secret_key key;
  };

  // The expanded key, 512 bytes.
  struct alignas(crypto_aead_aes256gcm_state) aes_schedule {
    secret<sizeof(crypto_aead_aes256gcm_state)> state;

    const crypto_aead_aes256gcm_state* get() const noexcept {
      return reinterpret_cast<const crypto_aead_aes256gcm_state*>(state.data());
    }
  };

  std::variant<chacha_key, aes_schedule> key_;
};

/// The key with which one direction of a connection begins: HKDF-SHA256 of that
/// direction's key from `Split()`, salted with the handshake hash, with
/// "node-proxy data " and the cipher's name as info.
[[nodiscard]] secret_key derive_data_key(const secret_key& split_key,
                                         const noise_hash& handshake_hash,
                                         cipher_suite suite) noexcept;

/// The key that follows `key` at a rekey: HKDF-SHA256 without a salt, with
/// "node-proxy rekey" as info. It does not lead back.
[[nodiscard]] secret_key next_key(const secret_key& key) noexcept;

} // namespace node_proxy::internal
