#include <node_proxy/protocol/crypto/bulk_cipher.hpp>

#include <algorithm>

#include <doctest/doctest.h>
#include <sodium/crypto_aead_aes256gcm.h>
#include <sodium/crypto_aead_chacha20poly1305.h>

#include <node_proxy/protocol/crypto/octets.hpp>

#include "support/ciphers.hpp"
#include "support/octets.hpp"

using namespace test;

namespace {

using direction = bulk_cipher::direction;

/// What is sealed, and with what.
struct sample {
  secret_key key;
  aead_nonce nonce;
  bytes ad;
  bytes plaintext;
};

sample random_sample(random_source& random, std::size_t size) {
  return {random.next_key(), make_nonce(random.next_u64()),
          random_bytes(random, random.below(40)), random_bytes(random, size)};
}

bytes sealed_by_libsodium(cipher_suite suite, const sample& x) {
  auto seal = suite == cipher_suite::aes256_gcm
                ? crypto_aead_aes256gcm_encrypt
                : crypto_aead_chacha20poly1305_ietf_encrypt;
  bytes result(x.plaintext.size() + aead_tag_size);
  seal(octets(result.data()), nullptr, octets(x.plaintext.data()),
       x.plaintext.size(), octets(x.ad.data()), x.ad.size(), nullptr,
       octets(x.nonce.data()), octets(x.key.data()));
  return result;
}

/// Whether this library was built with OpenSSL.
bool is_there(cipher_suite suite) {
  auto result = bulk_cipher{suite}.prepare(numbered_key(0), direction::seal);
#ifdef NODE_PROXY_OPENSSL
  REQUIRE(result);
#endif
  return result;
}

void check_like_libsodium(cipher_suite suite, const sample& x) {
  INFO(name(suite), ", bytes: ", x.plaintext.size());
  bulk_cipher cipher{suite};
  auto expected = sealed_by_libsodium(suite, x);
  bytes sealed(expected.size());
  REQUIRE(cipher.prepare(x.key, direction::seal));
  cipher.seal(x.nonce, x.ad, x.plaintext, sealed);
  CHECK(sealed == expected);
  bytes opened(x.plaintext.size());
  REQUIRE(cipher.prepare(x.key, direction::open));
  CHECK(cipher.open(x.nonce, x.ad, sealed, opened));
  CHECK(opened == x.plaintext);
}

} // namespace

TEST_CASE("OpenSSL seals as libsodium does at every length") {
  auto random = seeded(1);
  for (auto suite : ciphers())
    for (std::size_t size = 0; size <= 4096 && is_there(suite); ++size)
      check_like_libsodium(suite, random_sample(random, size));
}

TEST_CASE("OpenSSL seals as libsodium does what is long") {
  auto random = seeded(2);
  for (auto suite : ciphers())
    for (int i = 0; i < 50 && is_there(suite); ++i)
      check_like_libsodium(suite,
                           random_sample(random, 4097 + random.below(200'000)));
}

TEST_CASE("one context seals many, each as if it was the first") {
  auto random = seeded(3);
  for (auto suite : ciphers()) {
    if (!is_there(suite))
      continue;
    auto x = random_sample(random, 3000);
    bulk_cipher cipher{suite};
    REQUIRE(cipher.prepare(x.key, direction::seal));
    for (std::uint64_t i = 0; i < 100; ++i) {
      x.nonce = make_nonce(i);
      x.ad = random_bytes(random, i % 3);
      bytes buffer(x.plaintext.size() + aead_tag_size);
      std::ranges::copy(x.plaintext, buffer.begin());
      cipher.seal(x.nonce, x.ad, std::span{buffer}.first(3000), buffer);
      CHECK(buffer == sealed_by_libsodium(suite, x));
    }
  }
}

TEST_CASE("OpenSSL opens nothing that was altered, and leaves no plaintext") {
  auto random = seeded(4);
  for (auto suite : ciphers()) {
    if (!is_there(suite))
      continue;
    INFO(name(suite));
    auto x = random_sample(random, 1000);
    auto sealed = sealed_by_libsodium(suite, x);
    bulk_cipher cipher{suite};
    REQUIRE(cipher.prepare(x.key, direction::open));
    for (std::size_t i = 0; i < sealed.size(); i += 7) {
      auto buffer = altered(sealed, i);
      auto out = std::span{buffer}.first(x.plaintext.size());
      CHECK_FALSE(cipher.open(x.nonce, x.ad, buffer, out));
      CHECK(std::ranges::count(out, std::byte{0}) == 1000);
    }
    bytes out(x.plaintext.size());
    CHECK(cipher.open(x.nonce, x.ad, sealed, out));
    CHECK(out == x.plaintext);
  }
}
