#include <node_proxy/protocol/crypto/noise_ik.hpp>

#include <fstream>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>
#include <sodium/crypto_scalarmult_curve25519.h>

#include <node_proxy/protocol/crypto/octets.hpp>

#include "support/octets.hpp"

using namespace test;

namespace {

noise_public_key public_of(const secret_key& key) {
  noise_public_key result;
  crypto_scalarmult_curve25519_base(octets(result.data()), octets(key.data()));
  return result;
}

// Both ends of a handshake, with keys that are made up.
struct handshake {
  explicit handshake(bytes_view initiator_prologue = as_bytes("prologue"),
                     bytes_view responder_prologue = as_bytes("prologue"))
    : initiator{initiator_prologue, numbered_key(1), public_of(numbered_key(1)),
                public_of(numbered_key(2)), numbered_key(3)},
      responder{responder_prologue, numbered_key(2), public_of(numbered_key(2)),
                numbered_key(4)} {}

  noise_ik_initiator initiator;
  noise_ik_responder responder;
};

template <class T>
std::string error_text(const expected<T, noise_error>& result) {
  return std::string{result ? "ok" : to_string(result.error())};
}

// Points of small order on the curve or its twist (all that RFC 7748,
// section 6.1, warns of): orders 4, 1, 8, 8, 2, and their other encodings.
constexpr std::array small_order{
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
  "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
};

} // namespace

TEST_CASE("the published vector passes, transport messages included") {
  std::ifstream file{TEST_DATA_DIR
                     "/vectors/noise_ik_25519_chachapoly_sha256.json"};
  auto vector = nlohmann::json::parse(file).at("vectors").at(0);
  auto field = [&vector](const char* name) {
    return hex(vector.at(name).get<std::string>());
  };
  auto key = [&vector](const char* name) {
    return hex_key(vector.at(name).get<std::string>());
  };
  auto message = [&vector](std::size_t i, const char* name) {
    return hex(vector.at("messages").at(i).at(name).get<std::string>());
  };
  auto resp_public = public_of(key("resp_static"));
  REQUIRE(to_bytes(resp_public) == field("init_remote_static"));
  noise_ik_initiator initiator{field("init_prologue"), key("init_static"),
                               public_of(key("init_static")), resp_public,
                               key("init_ephemeral")};
  noise_ik_responder responder{field("resp_prologue"), key("resp_static"),
                               resp_public, key("resp_ephemeral")};

  auto first = initiator.write_message_1(message(0, "payload")).value();
  CHECK(to_hex(first) == to_hex(message(0, "ciphertext")));
  CHECK(responder.read_message_1(first).value() == message(0, "payload"));
  CHECK(responder.remote_static() == public_of(key("init_static")));
  auto second = responder.write_message_2(message(1, "payload")).value();
  CHECK(to_hex(second) == to_hex(message(1, "ciphertext")));
  CHECK(initiator.read_message_2(second).value() == message(1, "payload"));
  CHECK(to_bytes(initiator.handshake_hash()) == field("handshake_hash"));
  CHECK(to_bytes(responder.handshake_hash()) == field("handshake_hash"));

  auto keys = initiator.split();
  CHECK(responder.split().initiator_to_responder
        == keys.initiator_to_responder);
  CHECK(responder.split().responder_to_initiator
        == keys.responder_to_initiator);
  noise_cipher_state to_responder{keys.initiator_to_responder};
  noise_cipher_state to_initiator{keys.responder_to_initiator};
  auto at_responder = to_responder;
  auto at_initiator = to_initiator;
  REQUIRE(vector.at("messages").size() == 6);
  for (std::size_t i = 2; i < 6; ++i) {
    INFO("message ", i);
    auto& sender = i % 2 == 0 ? to_responder : to_initiator;
    auto& receiver = i % 2 == 0 ? at_responder : at_initiator;
    bytes out;
    sender.encrypt_with_ad({}, message(i, "payload"), out);
    CHECK(to_hex(out) == to_hex(message(i, "ciphertext")));
    CHECK(receiver.decrypt_with_ad({}, out) == message(i, "payload"));
  }
}

TEST_CASE("a message that was altered anywhere or cut off is refused") {
  auto first = handshake{}.initiator.write_message_1(numbered(20)).value();
  REQUIRE(handshake{}.responder.read_message_1(first) == numbered(20));
  for (std::size_t i = 0; i < first.size(); ++i) {
    INFO("octet ", i);
    handshake both;
    CHECK(error_text(both.responder.read_message_1(altered(first, i)))
          == "decrypt_failed");
    CHECK(error_text(both.responder.read_message_1(first)) == "out_of_order");
    CHECK(error_text(both.responder.write_message_2({})) == "out_of_order");
    auto part =
      handshake{}.responder.read_message_1(bytes_view{first}.first(i));
    CHECK(error_text(part) == (i < 96 ? "too_short" : "decrypt_failed"));
  }
}

TEST_CASE("a reply that was altered anywhere or cut off is refused") {
  handshake both;
  auto first = both.initiator.write_message_1({}).value();
  REQUIRE(both.responder.read_message_1(first) == bytes{});
  auto second = both.responder.write_message_2(numbered(20)).value();
  for (std::size_t i = 0; i < second.size(); ++i) {
    INFO("octet ", i);
    auto initiator = both.initiator;
    CHECK(error_text(initiator.read_message_2(altered(second, i)))
          == "decrypt_failed");
    CHECK(error_text(initiator.read_message_2(second)) == "out_of_order");
    initiator = both.initiator;
    auto part = initiator.read_message_2(bytes_view{second}.first(i));
    CHECK(error_text(part) == (i < 48 ? "too_short" : "decrypt_failed"));
  }
  CHECK(both.initiator.read_message_2(second) == numbered(20));
}

TEST_CASE("both ends need the same prologue and the right responder") {
  handshake both{as_bytes("one"), as_bytes("another")};
  auto first = both.initiator.write_message_1({}).value();
  CHECK(error_text(both.responder.read_message_1(first)) == "decrypt_failed");
  noise_ik_responder stranger{as_bytes("one"), numbered_key(9),
                              public_of(numbered_key(9)), numbered_key(4)};
  CHECK(error_text(stranger.read_message_1(first)) == "decrypt_failed");
}

TEST_CASE("an X25519 result of zeros ends the handshake") {
  for (const auto* text : small_order) {
    INFO(text);
    auto key = hex_array<32>(text);
    noise_ik_initiator initiator{
      {}, numbered_key(1), public_of(numbered_key(1)), key, numbered_key(3)};
    CHECK(error_text(initiator.write_message_1({})) == "bad_public_key");
    CHECK(error_text(initiator.write_message_1({})) == "out_of_order");

    handshake both;
    auto first = both.initiator.write_message_1({}).value();
    std::ranges::copy(key, first.begin());
    CHECK(error_text(both.responder.read_message_1(first)) == "bad_public_key");
    CHECK(error_text(both.initiator.read_message_2(first)) == "bad_public_key");
  }
}

TEST_CASE("a static key of small order ends the handshake") {
  // The initiator lies about its public key: `ss` is zero for the responder.
  noise_ik_initiator initiator{{},
                               numbered_key(1),
                               noise_public_key{},
                               public_of(numbered_key(2)),
                               numbered_key(3)};
  noise_ik_responder responder{
    {}, numbered_key(2), public_of(numbered_key(2)), numbered_key(4)};
  auto first = initiator.write_message_1({}).value();
  CHECK(error_text(responder.read_message_1(first)) == "bad_public_key");
}

TEST_CASE("a handshake goes on in one order only") {
  handshake both;
  SUBCASE("initiator") {
    CHECK(error_text(both.initiator.read_message_2(numbered(100)))
          == "out_of_order");
    CHECK(error_text(both.initiator.write_message_1({})) == "out_of_order");
  }
  SUBCASE("initiator, twice") {
    REQUIRE(both.initiator.write_message_1({}));
    CHECK(error_text(both.initiator.write_message_1({})) == "out_of_order");
  }
  SUBCASE("responder") {
    CHECK(error_text(both.responder.write_message_2({})) == "out_of_order");
  }
  SUBCASE("responder, twice") {
    auto first = both.initiator.write_message_1({}).value();
    REQUIRE(both.responder.read_message_1(first));
    REQUIRE(both.responder.write_message_2({}));
    CHECK(error_text(both.responder.write_message_2({})) == "out_of_order");
  }
}

TEST_CASE("messages have at most 65,535 bytes") {
  handshake both;
  auto payload_1 = numbered(65'535 - 96);
  auto payload_2 = numbered(65'535 - 48);
  auto first = both.initiator.write_message_1(payload_1).value();
  CHECK(first.size() == 65'535);
  CHECK(both.responder.read_message_1(first) == payload_1);
  auto second = both.responder.write_message_2(payload_2).value();
  CHECK(second.size() == 65'535);
  CHECK(both.initiator.read_message_2(second) == payload_2);

  handshake longer;
  auto writer = longer.initiator;
  CHECK(error_text(writer.write_message_1(joined(payload_1, numbered(1))))
        == "too_long");
  CHECK(error_text(longer.responder.read_message_1(joined(first, numbered(1))))
        == "too_long");
  handshake reply;
  REQUIRE(reply.responder.read_message_1(
    reply.initiator.write_message_1({}).value()));
  CHECK(
    error_text(reply.responder.write_message_2(joined(payload_2, numbered(1))))
    == "too_long");
  CHECK(error_text(reply.initiator.read_message_2(joined(second, numbered(1))))
        == "too_long");
}
