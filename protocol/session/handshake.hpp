// The handshake of two nodes: Noise messages with a `hello` and a `welcome`
// inside, and what each end checks (PROTOCOL.md, "Handshake").

#pragma once

#include <cstdint>
#include <optional>
#include <variant>

#include <node_proxy/protocol/crypto/identity.hpp>
#include <node_proxy/protocol/crypto/noise_ik.hpp>
#include <node_proxy/protocol/session/negotiation.hpp>
#include <node_proxy/protocol/session/session.hpp>
#include <node_proxy/protocol/settings.hpp>
#include <node_proxy/protocol/wire/hello.hpp>

namespace node_proxy::internal {

/// Why a handshake cannot go on. None of them is told to the other end.
enum class handshake_error : std::uint8_t {
  /// Not the handshake frame that is due.
  unexpected_frame,
  /// Noise refused it: it was not made for this node, or was altered.
  noise_failed,
  /// The payload is no canonical `hello` or `welcome`.
  malformed,
  /// The offer lacks `chacha20_poly1305`.
  no_common_cipher,
  /// The responder chose what was not offered.
  beyond_offer,
  /// The first sealed frame cannot be opened, or is no `control::resume`.
  not_proven,
};

/// The end that dials.
class initiator_handshake {
public:
  /// @param remote_key the Noise key of `offer.request.dst_node_id`.
  /// @param ephemeral 32 random bytes, used for this handshake only.
  initiator_handshake(const identity& self, const noise_public_key& remote_key,
                      const secret_key& ephemeral, hello offer);

  /// The frame to begin with. To be called once.
  [[nodiscard]] expected<bytes, handshake_error> write_init();

  /// The answer: a session, or the authenticated refusal of the responder.
  /// Errors: unexpected_frame, noise_failed, malformed, beyond_offer.
  [[nodiscard]] expected<std::variant<session, connect_reply_error>,
                         handshake_error>
  handle_reply(bytes_view body);

private:
  expected<session, handshake_error> accept(const connect_reply_ok& ok,
                                            const welcome& answer);

  noise_ik_initiator noise_;
  hello offer_;
};

/// A session whose initiator has proven that it is there, and what it said to
/// prove it.
struct proven_session {
  session established;
  control::resume resume;
  /// The key of the initiator's id, which it has proven.
  noise_public_key remote_key{};
  /// When the initiator was answered. It lived after that.
  steady_time answered{};
  /// The host from which it called, if somebody knows it.
  std::optional<ip_address> from = std::nullopt;
};

/// What to send to a peer that has proven itself and yet cannot be taken.
[[nodiscard]] bytes refusal_frames(session& established,
                                   control::goodbye_reason reason);

/// The end that was dialled. Until `handle_first_frame` succeeds the initiator
/// may be a replay, so nothing outside may depend on it.
class responder_handshake {
public:
  /// @param ephemeral 32 random bytes, used for this handshake only.
  responder_handshake(const identity& self, const secret_key& ephemeral);

  /// The first frame: what the initiator wants.
  /// Errors: unexpected_frame, noise_failed, malformed, no_common_cipher.
  [[nodiscard]] expected<connect_request, handshake_error>
  handle_init(bytes_view body);

  /// Answers with the frame to send back.
  /// @param facts what is known about the initiator; that its id belongs to the
  ///              key it used is checked here.
  /// @param epoch of this node's numbers towards the initiator.
  [[nodiscard]] expected<bytes, handshake_error>
  handle_facts(const connect_facts& facts, std::uint64_t epoch,
               const peer_settings& settings, steady_time now);

  /// Why the initiator was refused, if it was.
  [[nodiscard]] std::optional<connect_reply_error> refusal() const;

  /// The first sealed frame. Errors: not_proven.
  [[nodiscard]] expected<proven_session, handshake_error>
  handle_first_frame(bytes_view body);

private:
  connect_reply decide(const connect_facts& facts) const;
  session make_session(const connect_reply_ok& ok, std::uint64_t epoch,
                       cipher_suite cipher) const;

  node_id self_;
  noise_ik_responder noise_;
  hello offer_;
  connect_reply reply_;
  std::optional<session> session_;
  steady_time answered_{};
};

} // namespace node_proxy::internal

namespace node_proxy {

template <>
inline constexpr std::array<std::string_view, 6>
  enum_names<internal::handshake_error>{"unexpected_frame", "noise_failed",
                                        "malformed",        "no_common_cipher",
                                        "beyond_offer",     "not_proven"};

} // namespace node_proxy
