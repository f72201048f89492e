#include <node_proxy/protocol/crypto/bulk_cipher.hpp>

#ifdef NODE_PROXY_OPENSSL

#include <algorithm>
#include <cstdlib>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <node_proxy/protocol/crypto/octets.hpp>

namespace node_proxy::internal {

namespace {

/// From about these sizes on OpenSSL 3.0 was ahead of libsodium 1.0.18 where
/// that was measured. Nothing but speed depends on them.
constexpr std::size_t aes_crossover = 768;
constexpr std::size_t chacha_crossover = 256;

/// OpenSSL apart from that of the program around us, whose configuration may be
/// of any kind. It stays for as long as the process: threads may use it while
/// `exit` runs.
struct library {
  library() noexcept {
    OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, nullptr);
    context = OSSL_LIB_CTX_new();
    if (context == nullptr)
      return;
    aes = EVP_CIPHER_fetch(context, "AES-256-GCM", nullptr);
    chacha = EVP_CIPHER_fetch(context, "ChaCha20-Poly1305", nullptr);
  }

  static const library& get() noexcept {
    static const auto& all = *new library;
    return all;
  }

  [[nodiscard]] const EVP_CIPHER* cipher(cipher_suite suite) const noexcept {
    return suite == cipher_suite::aes256_gcm ? aes : chacha;
  }

  OSSL_LIB_CTX* context = nullptr;
  EVP_CIPHER* aes = nullptr;
  EVP_CIPHER* chacha = nullptr;
};

/// For what fails only if memory is damaged or our own code is wrong.
void demand(bool ok) noexcept {
  if (!ok)
    std::abort();
}

void begin(EVP_CIPHER_CTX* context, const aead_nonce& nonce,
           bytes_view associated_data) noexcept {
  demand(EVP_CipherInit_ex(context, nullptr, nullptr, nullptr,
                           octets(nonce.data()), -1)
         == 1);
  int size = 0;
  demand(associated_data.empty()
         || EVP_CipherUpdate(context, nullptr, &size,
                             octets(associated_data.data()),
                             static_cast<int>(associated_data.size()))
              == 1);
}

void update(EVP_CIPHER_CTX* context, bytes_view in, std::byte* out) noexcept {
  int size = 0;
  demand(in.empty()
         || EVP_CipherUpdate(context, octets(out), &size, octets(in.data()),
                             static_cast<int>(in.size()))
              == 1);
}

} // namespace

void bulk_cipher::context_deleter::operator()(
  evp_cipher_ctx_st* context) const noexcept {
  EVP_CIPHER_CTX_free(context);
}

bool bulk_cipher::is_for(std::size_t size) const noexcept {
  return size >= (suite_ == cipher_suite::aes256_gcm ? aes_crossover
                                                     : chacha_crossover);
}

bool bulk_cipher::prepare(const secret_key& key, direction what) noexcept {
  if (context_ && prepared_ == what)
    return true;
  auto cipher = library::get().cipher(suite_);
  if (cipher == nullptr)
    return false;
  if (!context_)
    context_.reset(EVP_CIPHER_CTX_new());
  if (!context_
      || EVP_CipherInit_ex(context_.get(), cipher, nullptr, octets(key.data()),
                           nullptr, what == direction::seal)
           != 1) {
    context_.reset();
    return false;
  }
  prepared_ = what;
  return true;
}

void bulk_cipher::seal(const aead_nonce& nonce, bytes_view associated_data,
                       bytes_view plaintext,
                       std::span<std::byte> out) noexcept {
  begin(context_.get(), nonce, associated_data);
  update(context_.get(), plaintext, out.data());
  auto* tag = out.data() + plaintext.size();
  int size = 0;
  demand(EVP_CipherFinal_ex(context_.get(), octets(tag), &size) == 1);
  demand(EVP_CIPHER_CTX_ctrl(context_.get(), EVP_CTRL_AEAD_GET_TAG,
                             aead_tag_size, tag)
         == 1);
}

bool bulk_cipher::open(const aead_nonce& nonce, bytes_view associated_data,
                       bytes_view ciphertext,
                       std::span<std::byte> out) noexcept {
  // It may lie where the plaintext ends, and is asked for as not constant.
  std::array<std::byte, aead_tag_size> tag;
  std::ranges::copy(ciphertext.last(tag.size()), tag.begin());
  begin(context_.get(), nonce, associated_data);
  update(context_.get(), ciphertext.first(out.size()), out.data());
  demand(EVP_CIPHER_CTX_ctrl(context_.get(), EVP_CTRL_AEAD_SET_TAG,
                             aead_tag_size, tag.data())
         == 1);
  int size = 0;
  if (EVP_CipherFinal_ex(context_.get(), octets(tag.data()), &size) == 1)
    return true;
  OPENSSL_cleanse(out.data(), out.size());
  return false;
}

} // namespace node_proxy::internal

#else

namespace node_proxy::internal {

void bulk_cipher::context_deleter::operator()(
  evp_cipher_ctx_st*) const noexcept {
  // nop
}

bool bulk_cipher::is_for(std::size_t) const noexcept {
  return false;
}

bool bulk_cipher::prepare(const secret_key&, direction) noexcept {
  return false;
}

void bulk_cipher::seal(const aead_nonce&, bytes_view, bytes_view,
                       std::span<std::byte>) noexcept {
  // nop
}

bool bulk_cipher::open(const aead_nonce&, bytes_view, bytes_view,
                       std::span<std::byte>) noexcept {
  return false;
}

} // namespace node_proxy::internal

#endif
