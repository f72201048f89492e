#include <node_proxy/protocol/crypto/noise_symmetric_state.hpp>

#include <algorithm>
#include <cassert>

#include <sodium/crypto_hash_sha256.h>

#include <node_proxy/protocol/crypto/hkdf.hpp>
#include <node_proxy/protocol/crypto/octets.hpp>

namespace node_proxy::internal {

static_assert(crypto_hash_sha256_BYTES == sizeof(noise_hash));

noise_cipher_state::noise_cipher_state(const secret_key& key) noexcept
  : k_{key, cipher_suite::chacha20_poly1305} {}

void noise_cipher_state::encrypt_with_ad(bytes_view ad, bytes_view plaintext,
                                         bytes& out) {
  // ENCRYPT(k, n++, ad, plaintext)
  auto begin = out.size();
  out.resize(begin + plaintext.size() + aead_tag_size);
  k_.seal(make_nonce(n_++), ad, plaintext, std::span{out}.subspan(begin));
}

expected<bytes, noise_error>
noise_cipher_state::decrypt_with_ad(bytes_view ad, bytes_view ciphertext) {
  if (ciphertext.size() < aead_tag_size)
    return unexpected{noise_error::too_short};
  // DECRYPT(k, n++, ad, ciphertext); n is not incremented on failure.
  bytes plaintext(ciphertext.size() - aead_tag_size);
  if (!k_.open(make_nonce(n_), ad, ciphertext, plaintext))
    return unexpected{noise_error::decrypt_failed};
  ++n_;
  return plaintext;
}

noise_symmetric_state::noise_symmetric_state(
  std::string_view protocol_name) noexcept {
  // h = protocol_name, padded with zeros to HASHLEN (it is not longer)
  assert(protocol_name.size() <= h_.size());
  std::ranges::copy(as_bytes(protocol_name), h_.begin());
  // ck = h
  ck_ = secret_key{h_};
}

void noise_symmetric_state::mix_key(bytes_view input_key_material) noexcept {
  // ck, temp_k = HKDF(ck, input_key_material, 2)
  auto [ck, temp_k] = hkdf2(ck_, input_key_material);
  ck_ = ck;
  // InitializeKey(temp_k)
  cipher_.emplace(temp_k);
}

void noise_symmetric_state::mix_hash(bytes_view data) noexcept {
  // h = HASH(h || data)
  crypto_hash_sha256_state state;
  crypto_hash_sha256_init(&state);
  crypto_hash_sha256_update(&state, octets(h_.data()), h_.size());
  crypto_hash_sha256_update(&state, octets(data.data()), data.size());
  crypto_hash_sha256_final(&state, octets(h_.data()));
}

void noise_symmetric_state::encrypt_and_hash(bytes_view plaintext, bytes& out) {
  assert(cipher_);
  // ciphertext = EncryptWithAd(h, plaintext)
  auto begin = out.size();
  cipher_->encrypt_with_ad(h_, plaintext, out);
  // MixHash(ciphertext)
  mix_hash(bytes_view{out}.subspan(begin));
}

expected<bytes, noise_error>
noise_symmetric_state::decrypt_and_hash(bytes_view ciphertext) {
  assert(cipher_);
  // plaintext = DecryptWithAd(h, ciphertext)
  auto plaintext = cipher_->decrypt_with_ad(h_, ciphertext);
  // MixHash(ciphertext)
  if (plaintext)
    mix_hash(ciphertext);
  return plaintext;
}

noise_keys noise_symmetric_state::split() const noexcept {
  // temp_k1, temp_k2 = HKDF(ck, zerolen, 2)
  auto [temp_k1, temp_k2] = hkdf2(ck_, {});
  return {temp_k1, temp_k2};
}

} // namespace node_proxy::internal
