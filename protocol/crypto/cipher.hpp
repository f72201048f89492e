// The two authenticated ciphers and the keys that they are used with.

#pragma once

#include <memory>
#include <span>

#include <node_proxy/messages/basics.hpp>
#include <node_proxy/protocol/crypto/bulk_cipher.hpp>
#include <node_proxy/protocol/crypto/cipher_suite.hpp>
#include <node_proxy/protocol/crypto/noise_types.hpp>
#include <node_proxy/protocol/crypto/secret.hpp>

namespace node_proxy::internal {

/// A cipher with a key: authenticated encryption with associated data, by
/// libsodium or, if there is much of it, by `bulk_cipher`. Both do the same.
class aead {
public:
  /// `aes256_gcm` demands `aes_available()`.
  aead(const secret_key& key, cipher_suite suite) noexcept;

  /// A copy expands the key for itself, if it has to.
  aead(const aead& other) noexcept : aead{other.key_, other.suite_} {}
  aead(aead&&) noexcept = default;
  aead& operator=(const aead& other) noexcept { return *this = aead{other}; }
  aead& operator=(aead&&) noexcept = default;

  [[nodiscard]] cipher_suite suite() const noexcept { return suite_; }

  /// Writes ciphertext and tag to `out`, which is `aead_tag_size` longer than
  /// `plaintext` and may begin at the same place, but not overlap otherwise.
  void seal(const aead_nonce& nonce, bytes_view associated_data,
            bytes_view plaintext, std::span<std::byte> out) noexcept;

  /// Writes the plaintext to `out`, which is `aead_tag_size` shorter than
  /// `ciphertext` and may begin at the same place, but not overlap otherwise.
  /// False if the tag is wrong; `out` has no plaintext in it then.
  [[nodiscard]] bool open(const aead_nonce& nonce, bytes_view associated_data,
                          bytes_view ciphertext,
                          std::span<std::byte> out) noexcept;

  /// Goes over to the key that follows this one, see `next_key`.
  void rekey() noexcept;

  /// Gives back what only many frames need. They may go on.
  void trim() noexcept;

private:
  class aes_schedule;

  struct schedule_deleter {
    void operator()(aes_schedule* schedule) const noexcept;
  };

  template <class F>
  auto with_schedule(F f) noexcept;

  cipher_suite suite_;
  secret_key key_;
  // How often the key has been expanded since the last `trim`: it is kept
  // expanded only as long as there is much to do.
  unsigned expanded_ = 0;
  std::unique_ptr<aes_schedule, schedule_deleter> schedule_;
  bulk_cipher bulk_;
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
