// A session with a node whose other end is a test's: the test has the keys.

#pragma once

#include <algorithm>

#include <node_proxy/protocol/crypto/noise_ik.hpp>
#include <node_proxy/protocol/session/handshake.hpp>
#include <node_proxy/protocol/session/sealing.hpp>
#include <node_proxy/protocol/wire/frame.hpp>

#include "support/octets.hpp"

namespace test {

/// What the initiator has, and what the responder has made of it.
struct rogue_session {
  /// The first one with which `out` seals.
  secret_key key;
  sealer out;
  opener in;
  connection_digest digest{};
  proven_session proven;
};

/// What the responder is and knows.
struct rogue_target {
  const identity& self;
  std::uint64_t epoch = 0;
  const peer_settings& settings;
  /// When it answers.
  steady_time now;
};

/// The body of the only frame in `stream`.
inline bytes only_body(bytes_view stream) {
  deframer input{limits::frame_body};
  input.handle_input(stream);
  return to_bytes(*input.poll_body().value());
}

/// Goes through a handshake that `self` begins with `offer`, and proves itself
/// by `first`.
inline rogue_session shake_hands(const identity& self, hello offer,
                                 const control::resume& first,
                                 const rogue_target& target,
                                 random_source& random) {
  constexpr auto suite = cipher_suite::chacha20_poly1305;
  offer.ciphers = {1};
  noise_ik_initiator noise{as_bytes("node-proxy"), self.noise_secret(),
                           self.noise_public(), target.self.noise_public(),
                           random.next_key()};
  bytes init;
  append_handshake_frame(init, frame_kind::handshake_init,
                         noise.write_message_1(encode(offer).value()).value());
  responder_handshake responder{target.self, random.next_key()};
  static_cast<void>(responder.handle_init(only_body(init)).value());
  auto reply = only_body(
    responder.handle_facts({}, target.epoch, target.settings, target.now)
      .value());
  static_cast<void>(
    noise.read_message_2(parse_body(reply).value().payload).value());
  auto keys = noise.split();
  auto hash = noise.handshake_hash();
  auto key = derive_data_key(keys.initiator_to_responder, hash, suite);
  sealer out{key, suite};
  opener in{derive_data_key(keys.responder_to_initiator, hash, suite), suite};
  connection_digest digest{};
  std::copy_n(hash.begin(), digest.size(), digest.begin());
  bytes frame;
  out.seal(frame_kind::control, 0, control::encode_frame(first), frame);
  return {key, std::move(out), std::move(in), digest,
          responder.handle_first_frame(only_body(frame)).value()};
}

} // namespace test
