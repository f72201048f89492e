#include <node_proxy/protocol/crypto/cipher.hpp>

#include <algorithm>
#include <cassert>
#include <new>

#include <sodium/crypto_aead_aes256gcm.h>
#include <sodium/crypto_aead_chacha20poly1305.h>

#include <node_proxy/protocol/crypto/hkdf.hpp>
#include <node_proxy/protocol/crypto/octets.hpp>

namespace node_proxy::internal {

static_assert(crypto_aead_chacha20poly1305_ietf_KEYBYTES == secret_key::size());
static_assert(crypto_aead_chacha20poly1305_ietf_ABYTES == aead_tag_size);
static_assert(crypto_aead_chacha20poly1305_ietf_NPUBBYTES
              == std::tuple_size_v<aead_nonce>);
static_assert(crypto_aead_aes256gcm_KEYBYTES == secret_key::size());
static_assert(crypto_aead_aes256gcm_ABYTES == aead_tag_size);
static_assert(crypto_aead_aes256gcm_NPUBBYTES == std::tuple_size_v<aead_nonce>);

namespace {

// How often a key is expanded for one frame alone. That takes a tenth of a
// microsecond; two keys that stay expanded take 1 KiB with each peer.
constexpr unsigned max_expanded = 16;

} // namespace

/// The expanded key.
class alignas(crypto_aead_aes256gcm_state) aead::aes_schedule {
public:
  explicit aes_schedule(const secret_key& key) noexcept {
    crypto_aead_aes256gcm_beforenm(
      reinterpret_cast<crypto_aead_aes256gcm_state*>(state_.data()),
      octets(key.data()));
  }

  [[nodiscard]] const crypto_aead_aes256gcm_state* get() const noexcept {
    return reinterpret_cast<const crypto_aead_aes256gcm_state*>(state_.data());
  }

private:
  secret<sizeof(crypto_aead_aes256gcm_state)> state_;
};

void aead::schedule_deleter::operator()(aes_schedule* schedule) const noexcept {
  delete schedule;
}

template <class F>
auto aead::with_schedule(F f) noexcept {
  if (!schedule_ && expanded_++ >= max_expanded)
    schedule_.reset(new (std::nothrow) aes_schedule{key_});
  return schedule_ ? f(*schedule_) : f(aes_schedule{key_});
}

aead::aead(const secret_key& key, cipher_suite suite) noexcept
  : suite_{suite}, key_{key}, bulk_{suite} {
  assert(suite != cipher_suite::aes256_gcm || aes_available());
}

void aead::rekey() noexcept {
  *this = aead{next_key(key_), suite_};
}

void aead::trim() noexcept {
  expanded_ = 0;
  schedule_.reset();
  bulk_.trim();
}

void aead::seal(const aead_nonce& nonce, bytes_view associated_data,
                bytes_view plaintext, std::span<std::byte> out) noexcept {
  assert(out.size() == plaintext.size() + aead_tag_size);
  if (bulk_.is_for(plaintext.size())
      && bulk_.prepare(key_, bulk_cipher::direction::seal))
    return bulk_.seal(nonce, associated_data, plaintext, out);
  if (suite_ == cipher_suite::aes256_gcm)
    with_schedule([&](const aes_schedule& schedule) {
      crypto_aead_aes256gcm_encrypt_afternm(
        octets(out.data()), nullptr, octets(plaintext.data()), plaintext.size(),
        octets(associated_data.data()), associated_data.size(), nullptr,
        octets(nonce.data()), schedule.get());
    });
  else
    crypto_aead_chacha20poly1305_ietf_encrypt(
      octets(out.data()), nullptr, octets(plaintext.data()), plaintext.size(),
      octets(associated_data.data()), associated_data.size(), nullptr,
      octets(nonce.data()), octets(key_.data()));
}

bool aead::open(const aead_nonce& nonce, bytes_view associated_data,
                bytes_view ciphertext, std::span<std::byte> out) noexcept {
  assert(ciphertext.size() == out.size() + aead_tag_size);
  if (bulk_.is_for(out.size())
      && bulk_.prepare(key_, bulk_cipher::direction::open))
    return bulk_.open(nonce, associated_data, ciphertext, out);
  if (suite_ == cipher_suite::aes256_gcm)
    return with_schedule([&](const aes_schedule& schedule) {
      return crypto_aead_aes256gcm_decrypt_afternm(
               octets(out.data()), nullptr, nullptr, octets(ciphertext.data()),
               ciphertext.size(), octets(associated_data.data()),
               associated_data.size(), octets(nonce.data()), schedule.get())
             == 0;
    });
  return crypto_aead_chacha20poly1305_ietf_decrypt(
           octets(out.data()), nullptr, nullptr, octets(ciphertext.data()),
           ciphertext.size(), octets(associated_data.data()),
           associated_data.size(), octets(nonce.data()), octets(key_.data()))
         == 0;
}

secret_key derive_data_key(const secret_key& split_key,
                           const noise_hash& handshake_hash,
                           cipher_suite suite) noexcept {
  constexpr std::string_view prefix = "node-proxy data ";
  constexpr std::size_t longest_name = 17;
  std::array<char, prefix.size() + longest_name> info;
  auto suffix = name(suite);
  assert(suffix.size() <= longest_name);
  auto end = std::copy(prefix.begin(), prefix.end(), info.begin());
  end = std::copy(suffix.begin(), suffix.end(), end);
  secret_key result;
  hkdf(split_key.view(), handshake_hash,
       as_bytes({info.data(), static_cast<std::size_t>(end - info.begin())}),
       {result.data(), result.size()});
  return result;
}

secret_key next_key(const secret_key& key) noexcept {
  secret_key result;
  hkdf(key.view(), {}, as_bytes("node-proxy rekey"),
       {result.data(), result.size()});
  return result;
}

} // namespace node_proxy::internal
