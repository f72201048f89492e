#include <node_proxy/protocol/session/sealing.hpp>

#include <doctest/doctest.h>
#include <sodium/crypto_aead_aes256gcm.h>
#include <sodium/crypto_aead_chacha20poly1305.h>

#include <node_proxy/messages/limits.hpp>
#include <node_proxy/protocol/crypto/octets.hpp>

#include "support/child_process.hpp"
#include "support/ciphers.hpp"
#include "support/octets.hpp"

using namespace test;

namespace {

constexpr std::array sealed_kinds{frame_kind::node_msg, frame_kind::unreliable,
                                  frame_kind::control};

bytes sealed(sealer& from, frame_kind kind, std::uint64_t number,
             bytes_view plaintext) {
  bytes result;
  from.seal(kind, number, plaintext, result);
  return result;
}

bytes sealed_in_place(sealer& from, frame_kind kind, std::uint64_t number,
                      bytes_view plaintext) {
  bytes result;
  auto draft = from.begin_frame(kind, number, plaintext.size(), result);
  result.insert(result.end(), plaintext.begin(), plaintext.end());
  from.seal_in_place(draft, result);
  return result;
}

// Takes a frame the whole way in: what it says, or what is wrong with it.
std::string received(opener& to, bytes_view frame) {
  deframer frames{limits::frame_body};
  frames.handle_input(frame);
  auto body = frames.poll_body();
  if (!body)
    return std::string{to_string(body.error())};
  if (!*body)
    return "incomplete";
  auto parsed = parse_body(**body);
  if (!parsed)
    return std::string{to_string(parsed.error())};
  bytes buffer;
  auto plaintext = to.open(*parsed, buffer);
  if (!plaintext)
    return std::string{to_string(plaintext.error())};
  return std::string{as_text(*plaintext)};
}

} // namespace

TEST_CASE("sealed frames are the same as another implementation's") {
  // Made with createCipheriv of Node.js.
  struct {
    cipher_suite suite;
    frame_kind kind;
    std::uint64_t number;
    std::string_view frame;
  } const examples[] = {
    {cipher_suite::chacha20_poly1305, frame_kind::node_msg, 0,
     "220000000200011e79cc3650ce8d86b067413800d82ddb00efe43a7eebfa73e71b8611728"
     "f"
     "a7"},
    {cipher_suite::chacha20_poly1305, frame_kind::unreliable, 300,
     "2300000003ac02011ecb7553dc5a7cc091d653cb131fa4484183e3e19e4ab04fac2f8154c"
     "a"
     "8485"},
    {cipher_suite::chacha20_poly1305, frame_kind::control,
     limits::sequence_end - 1,
     "2a00000004ffffffffffffffff3f011ea8b012f837c9168b3cc078e735c969936bf22ea79"
     "a"
     "e5af69b090ef1ecf47"},
    {cipher_suite::aes256_gcm, frame_kind::node_msg, 0,
     "220000000200021e6fc8c1bfd647a3dc7c88cd546f4278909f3c46b6c0a0b05820ba20333"
     "5"
     "8a"},
    {cipher_suite::aes256_gcm, frame_kind::unreliable, 300,
     "2300000003ac02021e4324974d8882946da64b6ce9405c6792621556c88e3ae12612404bb"
     "9"
     "6662"},
    {cipher_suite::aes256_gcm, frame_kind::control, limits::sequence_end - 1,
     "2a00000004ffffffffffffffff3f021ebd22b794995cab9f10cfd8d79590cbb2a409a0148"
     "3"
     "0ed299d934ccfb8fcb"},
  };
  auto available = ciphers();
  for (const auto& [suite, kind, number, frame] : examples) {
    if (std::ranges::find(available, suite) == available.end())
      continue;
    sealer from{numbered_key(0), suite};
    CHECK(to_hex(sealed(from, kind, number, as_bytes("attack at dawn")))
          == frame);
    opener to{numbered_key(0), suite};
    CHECK(received(to, hex(frame)) == "attack at dawn");
  }
}

TEST_CASE("frames of all sizes and kinds arrive, sealed in either way") {
  auto random = seeded(1);
  for (auto suite : ciphers())
    for (auto kind : sealed_kinds) {
      sealer from{numbered_key(0), suite};
      sealer from_in_place{numbered_key(0), suite};
      opener to{numbered_key(0), suite};
      std::uint64_t number = 0;
      // Around the steps of the length of lengths, and all there is room for.
      for (auto wanted : {0u, 1u, 111u, 112u, 16'367u, 16'368u, 70'000u}) {
        auto size = std::min<std::size_t>(wanted, max_plaintext(kind, number));
        INFO(name(suite), " ", to_string(kind), " ", size);
        auto plaintext = random_bytes(random, size);
        auto frame = sealed(from, kind, number, plaintext);
        CHECK(frame == sealed_in_place(from_in_place, kind, number, plaintext));
        CHECK(received(to, frame) == as_text(plaintext));
        number = number * 128 + 1;
      }
      CHECK(from.usage() == from_in_place.usage());
      CHECK(from.usage() == to.usage());
      CHECK(from.usage().frames == 7);
    }
}

TEST_CASE("the largest plaintext fills the largest frame") {
  for (auto number : {std::uint64_t{0}, std::uint64_t{127}, std::uint64_t{128},
                      limits::sequence_end - 1}) {
    sealer from{numbered_key(0), cipher_suite::chacha20_poly1305};
    auto plaintext = numbered(max_plaintext(frame_kind::control, number));
    auto frame = sealed(from, frame_kind::control, number, plaintext);
    CHECK(frame.size() == frame_length_size + limits::frame_body);
  }
}

TEST_CASE("frames stand one after the other in a buffer") {
  sealer from{numbered_key(0), cipher_suite::chacha20_poly1305};
  bytes out;
  from.seal(frame_kind::node_msg, 0, as_bytes("one"), out);
  auto draft = from.begin_frame(frame_kind::node_msg, 1, 3, out);
  for (auto chunk : {"t", "w", "o"})
    out = joined(out, as_bytes(chunk));
  from.seal_in_place(draft, out);
  from.seal(frame_kind::control, 0, as_bytes("three"), out);
  deframer frames{limits::frame_body};
  frames.handle_input(out);
  opener to{numbered_key(0), cipher_suite::chacha20_poly1305};
  bytes buffer;
  std::string text;
  for (auto body = frames.poll_body(); *body; body = frames.poll_body())
    text += as_text(to.open(parse_body(**body).value(), buffer).value());
  CHECK(text == "onetwothree");
  CHECK(from.usage() == key_usage{3, 11});
}

TEST_CASE("the nonce names the space of the number") {
  CHECK(to_hex(frame_nonce(frame_kind::node_msg, 5))
        == "000000000500000000000000");
  CHECK(to_hex(frame_nonce(frame_kind::unreliable, 5))
        == "000000000500000000000040");
  CHECK(to_hex(frame_nonce(frame_kind::control, limits::sequence_end - 1))
        == "00000000ffffffffffffffbf");
}

TEST_CASE("libsodium alone opens a frame") {
  for (auto suite : ciphers()) {
    sealer from{numbered_key(0), suite};
    auto frame = sealed(from, frame_kind::control, 9, as_bytes("some text"));
    // length 4, then 4 octets of associated data, then the ciphertext
    REQUIRE(frame.size() == 4 + 4 + 9 + 16);
    auto nonce = hex("000000000900000000000080");
    std::array<char, 9> text{};
    auto* open = suite == cipher_suite::aes256_gcm
                   ? crypto_aead_aes256gcm_decrypt
                   : crypto_aead_chacha20poly1305_ietf_decrypt;
    CHECK(open(reinterpret_cast<unsigned char*>(text.data()), nullptr, nullptr,
               octets(frame.data()) + 8, 25, octets(frame.data()) + 4, 4,
               octets(nonce.data()), octets(numbered_key(0).data()))
          == 0);
    CHECK(std::string_view{text.data(), text.size()} == "some text");
  }
}

TEST_CASE("a frame that was altered anywhere says nothing") {
  for (auto suite : ciphers()) {
    sealer from{numbered_key(0), suite};
    opener to{numbered_key(0), suite};
    auto frame = sealed(from, frame_kind::node_msg, 300, as_bytes("some text"));
    for (std::size_t i = 0; i < frame.size(); ++i)
      for (unsigned mask = 1; mask < 256; ++mask) {
        INFO("octet ", i, " mask ", mask);
        auto result = received(to, altered(frame, i, std::byte(mask)));
        // A length that grew makes the frame wait for more, or is too large.
        auto is_length = i < frame_length_size;
        CHECK((result == "decrypt_failed" || result == "malformed"
               || result == "unknown_kind" || result == "null_cipher"
               || result == "unknown_cipher" || result == "wrong_cipher"
               || result == "not_sealed"
               || (is_length
                   && (result == "incomplete" || result == "length_zero"
                       || result == "length_over_limit"))));
      }
    CHECK(to.usage() == key_usage{});
    CHECK(received(to, frame) == "some text");
  }
}

TEST_CASE("a frame is opened with its key, its cipher and its kind only") {
  auto available = ciphers();
  sealer from{numbered_key(0), available.back()};
  auto frame = sealed(from, frame_kind::node_msg, 1, as_bytes("some text"));
  opener other_key{numbered_key(1), available.back()};
  CHECK(received(other_key, frame) == "decrypt_failed");
  opener right{numbered_key(0), available.back()};
  CHECK(received(right, altered(frame, 4, std::byte{6})) == "decrypt_failed");
  bytes handshake;
  append_handshake_frame(handshake, frame_kind::handshake_init, numbered(50));
  CHECK(received(right, handshake) == "not_sealed");
  if (available.size() < 2)
    return;
  opener other_cipher{numbered_key(0), available.front()};
  CHECK(received(other_cipher, frame) == "wrong_cipher");
}

TEST_CASE("rekey changes the key at both ends, and numbers continue") {
  for (auto suite : ciphers()) {
    sealer from{numbered_key(0), suite};
    opener to{numbered_key(0), suite};
    CHECK(received(to, sealed(from, frame_kind::control, 0, as_bytes("a")))
          == "a");
    from.rekey();
    CHECK(from.usage() == key_usage{});
    auto next = sealed(from, frame_kind::control, 1, as_bytes("b"));
    CHECK(received(to, next) == "decrypt_failed");
    to.rekey();
    CHECK(to.usage() == key_usage{});
    CHECK(received(to, next) == "b");
    opener same{next_key(numbered_key(0)), suite};
    CHECK(received(same, next) == "b");
    from.rekey();
    to.rekey();
    CHECK(received(to, sealed(from, frame_kind::node_msg, 0, as_bytes("c")))
          == "c");
  }
}

TEST_CASE("a key is due after as many frames or bytes as it may do") {
  CHECK(rekey_due == key_usage{4'294'967'296, 68'719'476'736});
  sealer from{numbered_key(0), cipher_suite::chacha20_poly1305};
  auto is_due = [&from](key_usage limit) {
    return from.usage().reaches(limit);
  };
  constexpr key_usage two_frames{2, 1'000};
  constexpr key_usage twenty_bytes{1'000, 20};
  sealed(from, frame_kind::node_msg, 0, numbered(10));
  CHECK_FALSE(is_due(two_frames));
  CHECK_FALSE(is_due(twenty_bytes));
  sealed(from, frame_kind::node_msg, 1, numbered(10));
  CHECK(is_due(two_frames));
  CHECK(is_due(twenty_bytes));
  from.rekey();
  CHECK_FALSE(is_due(two_frames));
  CHECK_FALSE(is_due(twenty_bytes));
}

TEST_CASE("a key that did twice what it may opens nothing more") {
  auto suite = cipher_suite::chacha20_poly1305;
  for (auto due : {key_usage{2, 1'000}, key_usage{1'000, 6}}) {
    sealer from{numbered_key(0), suite};
    opener to{numbered_key(0), suite, due};
    for (std::uint64_t number = 0; number < 4; ++number)
      CHECK(received(
              to, sealed(from, frame_kind::node_msg, number, as_bytes("abc")))
            == "abc");
    auto last = sealed(from, frame_kind::node_msg, 4, as_bytes("abc"));
    CHECK(received(to, last) == "key_worn_out");
  }
}

TEST_CASE("a nonce that would repeat ends the program") {
  sealer from{numbered_key(0), cipher_suite::chacha20_poly1305};
  sealed(from, frame_kind::node_msg, 7, {});
  CHECK(aborts([&] { sealed(from, frame_kind::node_msg, 7, {}); }));
  CHECK(aborts([&] { sealed_in_place(from, frame_kind::node_msg, 6, {}); }));
  CHECK_FALSE(aborts([&] { sealed(from, frame_kind::node_msg, 8, {}); }));
  CHECK_FALSE(aborts([&] { sealed(from, frame_kind::control, 0, {}); }));
  from.rekey();
  CHECK(aborts([&] { sealed(from, frame_kind::node_msg, 7, {}); }));
}
