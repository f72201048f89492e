// Two nodes that go through a handshake step by step.

#pragma once

#include <string>

#include <doctest/doctest.h>

#include <node_proxy/protocol/crypto/crypto_init.hpp>
#include <node_proxy/protocol/session/handshake.hpp>
#include <node_proxy/protocol/wire/frame.hpp>

#include "support/octets.hpp"

namespace test {

/// The body of the only frame in `stream`.
inline bytes body_of(bytes_view stream) {
  deframer input{limits::frame_body};
  input.handle_input(stream);
  auto body = input.poll_body();
  REQUIRE(body);
  REQUIRE(*body);
  CHECK(input.buffered() == 0);
  return to_bytes(**body);
}

inline const identity& alice() {
  REQUIRE(init_crypto());
  static const auto result = identity::from_seed(numbered_key(1));
  return result;
}

inline const identity& bob() {
  REQUIRE(init_crypto());
  static const auto result = identity::from_seed(numbered_key(2));
  return result;
}

/// What Alice would say to Bob.
inline hello alices_hello() {
  hello result;
  result.request = {1, 1, alice().id(), bob().id(), 5, 6};
  result.epoch = 11;
  result.ciphers = {2, 1};
  result.max_message = 70'000;
  return result;
}

/// Alice dials Bob; every part can be changed before `run`.
struct handshake_pair {
  hello offer = alices_hello();
  connect_facts facts;
  peer_settings settings;
  initiator_handshake initiator;
  responder_handshake responder{bob(), numbered_key(90)};

  explicit handshake_pair(hello alices = alices_hello())
    : offer(alices), initiator(alice(), bob().noise_public(), numbered_key(80),
                               std::move(alices)) {
    facts.advert_versions = {7, 8};
  }

  /// Message 1 to Bob.
  std::string init() {
    auto frame = initiator.write_init();
    REQUIRE(frame);
    auto request = responder.handle_init(body_of(*frame));
    return std::string{request ? "ok" : to_string(request.error())};
  }

  /// Message 2 to Alice: what she makes of it.
  std::string reply() {
    auto frame = responder.handle_facts(facts, 22, settings, {});
    REQUIRE(frame);
    auto result = initiator.handle_reply(body_of(*frame));
    if (!result)
      return std::string{to_string(result.error())};
    if (auto refused = std::get_if<connect_reply_error>(&*result)) {
      CHECK(responder.refusal() == *refused);
      return std::string{to_string(*refused)};
    }
    CHECK_FALSE(responder.refusal());
    alices_end.emplace(std::move(std::get<session>(*result)));
    return "ok";
  }

  /// Alice's first sealed frame to Bob.
  std::string prove(const control::frame& first = control::resume{1, {}, 2}) {
    bytes out;
    alices_end->seal(first, out);
    auto proven = responder.handle_first_frame(body_of(out));
    if (!proven)
      return std::string{to_string(proven.error())};
    bobs_end.emplace(std::move(proven->established));
    resume = proven->resume;
    return "ok";
  }

  /// The whole of it: two sessions.
  void run() {
    REQUIRE(init() == "ok");
    REQUIRE(reply() == "ok");
    REQUIRE(prove() == "ok");
  }

  std::optional<session> alices_end;
  std::optional<session> bobs_end;
  control::resume resume;
};

} // namespace test
