// The handshake Noise_IK_25519_ChaChaPoly_SHA256 (Noise Protocol Framework,
// revision 34, sections 5.3 and 7.5):
//
//     <- s
//     ...
//     -> e, es, s, ss
//     <- e, ee, se
//
// Each end makes its calls in the order in which they are declared here; a
// handshake that failed once stays failed. A message has at most 65,535 bytes.

#pragma once

#include <node_proxy/protocol/crypto/noise_symmetric_state.hpp>
#include <node_proxy/protocol/crypto/noise_types.hpp>

namespace node_proxy::internal {

/// The variables of HandshakeState (Noise, section 5.3) that both roles have.
struct noise_handshake_state {
  noise_handshake_state(bytes_view prologue, const secret_key& s,
                        const noise_public_key& responder_static,
                        const secret_key& ephemeral) noexcept;

  noise_symmetric_state symmetric;
  secret_key s;
  secret_key e;
  noise_public_key e_pub;
};

/// The end that knows the other's static key and speaks first.
class noise_ik_initiator {
public:
  /// What it takes to write the first message, and to read the second.
  /// `ephemeral` is random and used for this handshake only.
  noise_ik_initiator(bytes_view prologue, const secret_key& s,
                     const noise_public_key& s_pub,
                     const noise_public_key& remote_static,
                     const secret_key& ephemeral) noexcept;

  /// `-> e, es, s, ss, payload`. Errors: out_of_order, too_long,
  /// bad_public_key.
  [[nodiscard]] expected<bytes, noise_error>
  write_message_1(bytes_view payload);

  /// `<- e, ee, se, payload`: the payload. Errors: out_of_order, too_long,
  /// too_short, bad_public_key, decrypt_failed.
  [[nodiscard]] expected<bytes, noise_error> read_message_2(bytes_view message);

  /// The hash so far; that of the handshake once the second message was read.
  [[nodiscard]] const noise_hash& handshake_hash() const noexcept {
    return state_.symmetric.handshake_hash();
  }

  /// The keys that follow from the handshake. The second message was read.
  [[nodiscard]] noise_keys split() const noexcept;

private:
  enum class step : std::uint8_t { write_1, read_2, done, failed };

  noise_handshake_state state_;
  noise_public_key s_pub_;
  noise_public_key rs_;
  step step_ = step::write_1;
};

/// The end that learns who speaks to it from the first message.
class noise_ik_responder {
public:
  /// What it takes to read the first message, and to write the second.
  /// `ephemeral` is random and used for this handshake only.
  noise_ik_responder(bytes_view prologue, const secret_key& s,
                     const noise_public_key& s_pub,
                     const secret_key& ephemeral) noexcept;

  /// `-> e, es, s, ss, payload`: the payload. It may be a replay: only a
  /// message under the keys of `split` proves that the initiator is there.
  /// Errors: out_of_order, too_long, too_short, bad_public_key,
  /// decrypt_failed.
  [[nodiscard]] expected<bytes, noise_error> read_message_1(bytes_view message);

  /// The initiator's static key; the first message was read.
  [[nodiscard]] const noise_public_key& remote_static() const noexcept;

  /// `<- e, ee, se, payload`. Errors: out_of_order, too_long, bad_public_key.
  [[nodiscard]] expected<bytes, noise_error>
  write_message_2(bytes_view payload);

  /// The hash so far; that of the handshake once the second message was
  /// written.
  [[nodiscard]] const noise_hash& handshake_hash() const noexcept {
    return state_.symmetric.handshake_hash();
  }

  /// The keys that follow from the handshake. The second message was written.
  [[nodiscard]] noise_keys split() const noexcept;

private:
  enum class step : std::uint8_t { read_1, write_2, done, failed };

  noise_handshake_state state_;
  noise_public_key rs_{};
  noise_public_key re_{};
  step step_ = step::read_1;
};

} // namespace node_proxy::internal
