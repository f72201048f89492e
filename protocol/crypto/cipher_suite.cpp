#include <node_proxy/protocol/crypto/cipher_suite.hpp>

#include <sodium/crypto_aead_aes256gcm.h>

namespace node_proxy::internal {

std::optional<cipher_suite> cipher_suite_of(std::uint64_t number) noexcept {
  if (number == 1)
    return cipher_suite::chacha20_poly1305;
  if (number == 2)
    return cipher_suite::aes256_gcm;
  return std::nullopt;
}

std::string_view name(cipher_suite suite) noexcept {
  return suite == cipher_suite::aes256_gcm ? "aes256_gcm" : "chacha20_poly1305";
}

bool aes_available() noexcept {
  return crypto_aead_aes256gcm_is_available() != 0;
}

aead_nonce make_nonce(std::uint64_t number) noexcept {
  aead_nonce result{};
  for (auto i = result.begin() + 4; i != result.end(); ++i, number >>= 8)
    *i = std::byte(number & 0xff);
  return result;
}

} // namespace node_proxy::internal
