// The authenticated ciphers for much at once, by OpenSSL where it is there.

#pragma once

#include <memory>
#include <span>

#include <node_proxy/messages/basics.hpp>
#include <node_proxy/protocol/crypto/cipher_suite.hpp>
#include <node_proxy/protocol/crypto/secret.hpp>

// OpenSSL's EVP_CIPHER_CTX.
struct evp_cipher_ctx_st;

namespace node_proxy::internal {

/// A cipher with a key, for plaintexts that are not short: OpenSSL computes
/// cipher and tag in one pass over several blocks, and takes half of
/// libsodium's time. To begin takes it longer.
///
/// It makes a context when it is first used, of about 1 KiB, and then keeps it
/// up to the next `trim`.
class bulk_cipher {
public:
  enum class direction { seal, open };

  explicit bulk_cipher(cipher_suite suite) noexcept : suite_(suite) {}

  /// Whether plaintexts of this size are done faster here than by libsodium.
  [[nodiscard]] bool is_for(std::size_t size) const noexcept;

  /// Makes ready to do one of the two with this key, which is always the same.
  /// False if this was built without OpenSSL, or that has not got the cipher
  /// or the memory.
  [[nodiscard]] bool prepare(const secret_key& key, direction what) noexcept;

  /// As `aead::seal`, once it is prepared for that.
  void seal(const aead_nonce& nonce, bytes_view associated_data,
            bytes_view plaintext, std::span<std::byte> out) noexcept;

  /// As `aead::open`, once it is prepared for that.
  [[nodiscard]] bool open(const aead_nonce& nonce, bytes_view associated_data,
                          bytes_view ciphertext,
                          std::span<std::byte> out) noexcept;

  void trim() noexcept { context_.reset(); }

private:
  // It wipes what it frees.
  struct context_deleter {
    void operator()(evp_cipher_ctx_st* context) const noexcept;
  };

  cipher_suite suite_;
  direction prepared_{};
  std::unique_ptr<evp_cipher_ctx_st, context_deleter> context_;
};

} // namespace node_proxy::internal
