#include <node_proxy/protocol/crypto/noise_ik.hpp>

#include <algorithm>
#include <cassert>
#include <utility>

#include <sodium/crypto_scalarmult_curve25519.h>

#include <node_proxy/protocol/crypto/octets.hpp>

namespace node_proxy::internal {

namespace {

constexpr std::string_view ik_protocol_name =
  "Noise_IK_25519_ChaChaPoly_SHA256";

constexpr std::size_t dh_size = sizeof(noise_public_key);
constexpr std::size_t max_message = 65'535;
// e, s with its tag, the payload's tag
constexpr std::size_t message_1_overhead =
  dh_size + dh_size + 2 * aead_tag_size;
// e, the payload's tag
constexpr std::size_t message_2_overhead = dh_size + aead_tag_size;

static_assert(crypto_scalarmult_curve25519_BYTES == dh_size);
static_assert(crypto_scalarmult_curve25519_SCALARBYTES == secret_key::size());

// MixKey(DH(key_pair, public_key)); false if the result of DH is all zeros.
bool mix_dh(noise_symmetric_state& symmetric, const secret_key& own,
            const noise_public_key& remote) noexcept {
  secret_key shared;
  if (crypto_scalarmult_curve25519(octets(shared.data()), octets(own.data()),
                                   octets(remote.data()))
      != 0)
    return false;
  symmetric.mix_key(shared.view());
  return true;
}

// Takes a public key off the front of `message`.
noise_public_key take_key(bytes_view& message) noexcept {
  noise_public_key result;
  std::ranges::copy(message.first(dh_size), result.begin());
  message = message.subspan(dh_size);
  return result;
}

} // namespace

noise_handshake_state::noise_handshake_state(
  bytes_view prologue, const secret_key& s_key,
  const noise_public_key& responder_static,
  const secret_key& ephemeral) noexcept
  : symmetric{ik_protocol_name}, s{s_key}, e{ephemeral} {
  crypto_scalarmult_curve25519_base(octets(e_pub.data()), octets(e.data()));
  symmetric.mix_hash(prologue);
  // <- s
  symmetric.mix_hash(responder_static);
}

noise_ik_initiator::noise_ik_initiator(bytes_view prologue, const secret_key& s,
                                       const noise_public_key& s_pub,
                                       const noise_public_key& remote_static,
                                       const secret_key& ephemeral) noexcept
  : state_{prologue, s, remote_static, ephemeral}, s_pub_{s_pub},
    rs_{remote_static} {}

expected<bytes, noise_error>
noise_ik_initiator::write_message_1(bytes_view payload) {
  if (std::exchange(step_, step::failed) != step::write_1)
    return unexpected{noise_error::out_of_order};
  if (payload.size() > max_message - message_1_overhead)
    return unexpected{noise_error::too_long};
  auto& [symmetric, s, e, e_pub] = state_;
  bytes message;
  message.reserve(message_1_overhead + payload.size());
  // e
  append(message, e_pub);
  symmetric.mix_hash(e_pub);
  // es
  if (!mix_dh(symmetric, e, rs_))
    return unexpected{noise_error::bad_public_key};
  // s
  symmetric.encrypt_and_hash(s_pub_, message);
  // ss
  if (!mix_dh(symmetric, s, rs_))
    return unexpected{noise_error::bad_public_key};
  symmetric.encrypt_and_hash(payload, message);
  step_ = step::read_2;
  return message;
}

expected<bytes, noise_error>
noise_ik_initiator::read_message_2(bytes_view message) {
  if (std::exchange(step_, step::failed) != step::read_2)
    return unexpected{noise_error::out_of_order};
  if (message.size() > max_message)
    return unexpected{noise_error::too_long};
  if (message.size() < message_2_overhead)
    return unexpected{noise_error::too_short};
  auto& [symmetric, s, e, e_pub] = state_;
  // e
  auto re = take_key(message);
  symmetric.mix_hash(re);
  // ee, se
  if (!mix_dh(symmetric, e, re) || !mix_dh(symmetric, s, re))
    return unexpected{noise_error::bad_public_key};
  auto payload = symmetric.decrypt_and_hash(message);
  if (payload)
    step_ = step::done;
  return payload;
}

noise_keys noise_ik_initiator::split() const noexcept {
  assert(step_ == step::done);
  return state_.symmetric.split();
}

noise_ik_responder::noise_ik_responder(bytes_view prologue, const secret_key& s,
                                       const noise_public_key& s_pub,
                                       const secret_key& ephemeral) noexcept
  : state_{prologue, s, s_pub, ephemeral} {}

expected<bytes, noise_error>
noise_ik_responder::read_message_1(bytes_view message) {
  if (std::exchange(step_, step::failed) != step::read_1)
    return unexpected{noise_error::out_of_order};
  if (message.size() > max_message)
    return unexpected{noise_error::too_long};
  if (message.size() < message_1_overhead)
    return unexpected{noise_error::too_short};
  auto& [symmetric, s, e, e_pub] = state_;
  // e
  re_ = take_key(message);
  symmetric.mix_hash(re_);
  // es
  if (!mix_dh(symmetric, s, re_))
    return unexpected{noise_error::bad_public_key};
  // s
  auto sealed_rs = message.first(dh_size + aead_tag_size);
  auto rs = symmetric.decrypt_and_hash(sealed_rs);
  if (!rs)
    return unexpected{rs.error()};
  std::ranges::copy(*rs, rs_.begin());
  // ss
  if (!mix_dh(symmetric, s, rs_))
    return unexpected{noise_error::bad_public_key};
  auto payload = symmetric.decrypt_and_hash(message.subspan(sealed_rs.size()));
  if (payload)
    step_ = step::write_2;
  return payload;
}

const noise_public_key& noise_ik_responder::remote_static() const noexcept {
  assert(step_ == step::write_2 || step_ == step::done);
  return rs_;
}

expected<bytes, noise_error>
noise_ik_responder::write_message_2(bytes_view payload) {
  if (std::exchange(step_, step::failed) != step::write_2)
    return unexpected{noise_error::out_of_order};
  if (payload.size() > max_message - message_2_overhead)
    return unexpected{noise_error::too_long};
  auto& [symmetric, s, e, e_pub] = state_;
  bytes message;
  message.reserve(message_2_overhead + payload.size());
  // e
  append(message, e_pub);
  symmetric.mix_hash(e_pub);
  // ee, se
  if (!mix_dh(symmetric, e, re_) || !mix_dh(symmetric, e, rs_))
    return unexpected{noise_error::bad_public_key};
  symmetric.encrypt_and_hash(payload, message);
  step_ = step::done;
  return message;
}

noise_keys noise_ik_responder::split() const noexcept {
  assert(step_ == step::done);
  return state_.symmetric.split();
}

} // namespace node_proxy::internal
