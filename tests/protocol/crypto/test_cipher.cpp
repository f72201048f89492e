#include <node_proxy/protocol/crypto/cipher.hpp>

#include <vector>

#include <doctest/doctest.h>

#include "support/ciphers.hpp"
#include "support/heap_use.hpp"
#include "support/octets.hpp"

using namespace test;

namespace {

bytes seal(aead& cipher, const aead_nonce& nonce, bytes_view ad,
           bytes_view plaintext) {
  bytes result(plaintext.size() + aead_tag_size);
  cipher.seal(nonce, ad, plaintext, result);
  return result;
}

std::optional<bytes> open(aead& cipher, const aead_nonce& nonce, bytes_view ad,
                          bytes_view ciphertext) {
  bytes result(ciphertext.size() - aead_tag_size);
  if (!cipher.open(nonce, ad, ciphertext, result))
    return std::nullopt;
  return result;
}

} // namespace

TEST_CASE("ChaCha20-Poly1305 gives what RFC 8439 says, section 2.8.2") {
  aead cipher{numbered_key(0x80), cipher_suite::chacha20_poly1305};
  auto nonce = hex_array<12>("070000004041424344454647");
  auto ad = hex("50515253c0c1c2c3c4c5c6c7");
  auto plaintext = as_bytes(
    "Ladies and Gentlemen of the class of '99: If I could offer you only one "
    "tip for the future, sunscreen would be it.");
  auto ciphertext = hex("d31a8d34648e60db7b86afbc53ef7ec2"
                        "a4aded51296e08fea9e2b5a736ee62d6"
                        "3dbea45e8ca9671282fafb69da92728b"
                        "1a71de0a9e060b2905d6a5b67ecd3b36"
                        "92ddbd7f2d778b8c9803aee328091b58"
                        "fab324e4fad675945585808b4831d7bc"
                        "3ff4def08e4b7a9de576d26586cec64b"
                        "61161ae10b594f09e26a7e902ecbd060"
                        "0691");
  CHECK(to_hex(seal(cipher, nonce, ad, plaintext)) == to_hex(ciphertext));
  CHECK(open(cipher, nonce, ad, ciphertext) == to_bytes(plaintext));
}

TEST_CASE("AES-256-GCM gives what its authors say, test case 16") {
  if (ciphers().size() < 2)
    return;
  aead cipher{hex_key("feffe9928665731c6d6a8f9467308308"
                      "feffe9928665731c6d6a8f9467308308"),
              cipher_suite::aes256_gcm};
  auto nonce = hex_array<12>("cafebabefacedbaddecaf888");
  auto ad = hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
  auto plaintext = hex("d9313225f88406e5a55909c5aff5269a"
                       "86a7a9531534f7da2e4c303d8a318a72"
                       "1c3c0c95956809532fcf0e2449a6b525"
                       "b16aedf5aa0de657ba637b39");
  auto ciphertext = hex("522dc1f099567d07f47f37a32a84427d"
                        "643a8cdcbfe5c0c97598a2bd2555d1aa"
                        "8cb08e48590dbb3da7b08b1056828838"
                        "c5f61e6393ba7a0abcc9f662"
                        "76fc6ece0f4e1768cddf8853bb2d551b");
  CHECK(to_hex(seal(cipher, nonce, ad, plaintext)) == to_hex(ciphertext));
  CHECK(open(cipher, nonce, ad, ciphertext) == plaintext);
}

TEST_CASE("sealing in place gives the same as sealing elsewhere") {
  auto random = seeded(1);
  for (auto suite : ciphers())
    for (std::size_t size = 0; size < 2000; size += 1 + size / 40) {
      INFO(name(suite), " ", size);
      aead cipher{random.next_key(), suite};
      auto plaintext = random_bytes(random, size);
      auto ciphertext = seal(cipher, {}, {}, plaintext);
      auto buffer = plaintext;
      buffer.resize(size + aead_tag_size);
      cipher.seal({}, {}, std::span{buffer}.first(size), buffer);
      CHECK(to_hex(buffer) == to_hex(ciphertext));
      REQUIRE(cipher.open({}, {}, buffer, std::span{buffer}.first(size)));
      buffer.resize(size);
      CHECK(to_hex(buffer) == to_hex(plaintext));
    }
}

TEST_CASE("nothing opens but what was sealed") {
  auto plaintext = numbered(40);
  auto ad = numbered(20, 40);
  auto nonce = make_nonce(5);
  for (auto suite : ciphers()) {
    INFO(name(suite));
    aead cipher{numbered_key(0), suite};
    CHECK(cipher.suite() == suite);
    auto ciphertext = seal(cipher, nonce, ad, plaintext);
    REQUIRE(open(cipher, nonce, ad, ciphertext) == plaintext);
    for (std::size_t i = 0; i < ciphertext.size(); ++i) {
      bytes out(plaintext.size());
      CHECK_FALSE(cipher.open(nonce, ad, altered(ciphertext, i), out));
      CHECK(out != plaintext);
    }
    for (std::size_t i = 0; i < ad.size(); ++i)
      CHECK_FALSE(open(cipher, nonce, altered(ad, i), ciphertext));
    for (std::size_t size = aead_tag_size; size < ciphertext.size(); ++size)
      CHECK_FALSE(open(cipher, nonce, ad, bytes_view{ciphertext}.first(size)));
    CHECK_FALSE(open(cipher, make_nonce(6), ad, ciphertext));
    aead other{numbered_key(1), suite};
    CHECK_FALSE(open(other, nonce, ad, ciphertext));
  }
}

TEST_CASE("a cipher goes on after what many frames need was given back") {
  for (auto suite : ciphers()) {
    INFO(name(suite));
    aead sender{numbered_key(0), suite};
    aead receiver{numbered_key(0), suite};
    aead fresh{numbered_key(0), suite};
    for (std::uint64_t number = 0; number < 100; ++number) {
      auto plaintext = numbered(number % 10 == 0 ? 4'000 : 40);
      auto ciphertext = seal(sender, make_nonce(number), {}, plaintext);
      fresh.trim();
      CHECK(seal(fresh, make_nonce(number), {}, plaintext) == ciphertext);
      CHECK(open(receiver, make_nonce(number), {}, ciphertext) == plaintext);
      if (number % 40 == 39) {
        sender.trim();
        receiver.trim();
      }
    }
  }
}

TEST_CASE("a key stays expanded for many frames only"
          * doctest::skip(test::has_mute_heap())) {
  if (ciphers().size() < 2)
    return;
  constexpr std::size_t count = 1'000;
  constexpr std::size_t expanded = count * 512;
  std::vector<aead> many(count,
                         aead{numbered_key(0), cipher_suite::aes256_gcm});
  auto plaintext = numbered(40);
  bytes out(plaintext.size() + aead_tag_size);
  auto use = [&](std::uint64_t frames) {
    for (auto& x : many)
      for (std::uint64_t i = 0; i < frames; ++i)
        x.seal(make_nonce(i), {}, plaintext, out);
    return test::heap_use();
  };
  auto begin = test::heap_use();
  CHECK(use(10) < begin + expanded / 10);
  CHECK(use(100) >= begin + expanded);
  for (auto& x : many)
    x.trim();
  CHECK(use(10) < begin + expanded / 10);
}

TEST_CASE("a nonce is four zeros and a little-endian number") {
  CHECK(to_hex(make_nonce(0)) == "000000000000000000000000");
  CHECK(to_hex(make_nonce(0x0102030405060708)) == "000000000807060504030201");
}

TEST_CASE("ciphers have numbers and names") {
  CHECK_FALSE(cipher_suite_of(0));
  CHECK(cipher_suite_of(1) == cipher_suite::chacha20_poly1305);
  CHECK(cipher_suite_of(2) == cipher_suite::aes256_gcm);
  CHECK_FALSE(cipher_suite_of(3));
  CHECK_FALSE(cipher_suite_of(0x1'0000'0001));
  CHECK(name(cipher_suite::chacha20_poly1305) == "chacha20_poly1305");
  CHECK(name(cipher_suite::aes256_gcm) == "aes256_gcm");
}

TEST_CASE("data keys and their successors are derived by HKDF") {
  // Made with hkdfSync of Node.js.
  auto hash = hex_array<32>(to_hex(numbered(32, 32)));
  CHECK(to_hex(derive_data_key(numbered_key(0), hash,
                               cipher_suite::chacha20_poly1305)
                 .view())
        == "0ff38fa3e62cb5ad1047fa5cda2801df076cc46e747b3e209f7640607d9444cb");
  CHECK(
    to_hex(
      derive_data_key(numbered_key(0), hash, cipher_suite::aes256_gcm).view())
    == "0681d44bb706004f0ba0680663943dd64935fa5b450ecb6d33b071f5d7bfb4f0");
  CHECK(to_hex(next_key(numbered_key(0)).view())
        == "93febb5d81fcf36ccee4ccb87c24432b8f8f00b053aa76da74ff87a0e53e48e0");
}
