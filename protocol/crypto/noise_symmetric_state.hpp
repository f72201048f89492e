// The CipherState and SymmetricState objects of the Noise Protocol Framework,
// revision 34, for ChaChaPoly and SHA256.

#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <node_proxy/protocol/crypto/cipher.hpp>
#include <node_proxy/protocol/crypto/noise_types.hpp>

namespace node_proxy::internal {

/// CipherState (Noise, section 5.1). The pattern IK encrypts nothing before its
/// first key, so there is always one.
class noise_cipher_state {
public:
  /// `InitializeKey(key)`
  explicit noise_cipher_state(const secret_key& key) noexcept;

  /// `EncryptWithAd(ad, plaintext)`, appended to `out`.
  void encrypt_with_ad(bytes_view ad, bytes_view plaintext, bytes& out);

  /// `DecryptWithAd(ad, ciphertext)`. Errors: too_short, decrypt_failed.
  [[nodiscard]] expected<bytes, noise_error>
  decrypt_with_ad(bytes_view ad, bytes_view ciphertext);

private:
  aead k_;
  std::uint64_t n_ = 0;
};

/// SymmetricState (Noise, section 5.2).
class noise_symmetric_state {
public:
  /// `InitializeSymmetric(protocol_name)`
  explicit noise_symmetric_state(std::string_view protocol_name) noexcept;

  /// `MixKey(input_key_material)`
  void mix_key(bytes_view input_key_material) noexcept;

  /// `MixHash(data)`
  void mix_hash(bytes_view data) noexcept;

  /// `EncryptAndHash(plaintext)`, appended to `out`. `mix_key` came before.
  void encrypt_and_hash(bytes_view plaintext, bytes& out);

  /// `DecryptAndHash(ciphertext)`. `mix_key` came before. Errors: too_short,
  /// decrypt_failed.
  [[nodiscard]] expected<bytes, noise_error>
  decrypt_and_hash(bytes_view ciphertext);

  /// `Split()`: the first key is the initiator's for sending.
  [[nodiscard]] noise_keys split() const noexcept;

  /// `GetHandshakeHash()`
  [[nodiscard]] const noise_hash& handshake_hash() const noexcept { return h_; }

private:
  secret_key ck_;
  noise_hash h_{};
  std::optional<noise_cipher_state> cipher_;
};

} // namespace node_proxy::internal
