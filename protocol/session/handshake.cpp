#include <node_proxy/protocol/session/handshake.hpp>

#include <algorithm>
#include <string_view>
#include <utility>

#include <node_proxy/messages/limits.hpp>
#include <node_proxy/protocol/wire/bare.hpp>
#include <node_proxy/protocol/wire/frame.hpp>

namespace node_proxy::internal {

namespace {

/// The Noise prologue. It names the protocol but no version of it.
constexpr std::string_view prologue = "node-proxy";

connection_digest digest_of(const noise_hash& handshake_hash) {
  connection_digest result;
  std::copy_n(handshake_hash.begin(), result.size(), result.begin());
  return result;
}

/// The Noise message in a handshake frame of the given kind.
expected<bytes_view, handshake_error> noise_message(bytes_view body,
                                                    frame_kind kind) {
  auto parsed = parse_body(body);
  if (!parsed || parsed->kind != kind)
    return unexpected{handshake_error::unexpected_frame};
  return parsed->payload;
}

bytes handshake_frame(frame_kind kind, bytes_view message) {
  bytes result;
  append_handshake_frame(result, kind, message);
  return result;
}

session make_session(const session_terms& terms, const noise_keys& keys,
                     const noise_hash& hash) {
  auto initiator =
    derive_data_key(keys.initiator_to_responder, hash, terms.cipher);
  auto responder =
    derive_data_key(keys.responder_to_initiator, hash, terms.cipher);
  if (terms.role == connection_role::initiator)
    return {terms, sealer{initiator, terms.cipher},
            opener{responder, terms.cipher}};
  return {terms, sealer{responder, terms.cipher},
          opener{initiator, terms.cipher}};
}

} // namespace

// -- initiator_handshake ------------------------------------------------------

initiator_handshake::initiator_handshake(const identity& self,
                                         const noise_public_key& remote_key,
                                         const secret_key& ephemeral,
                                         hello offer)
  : noise_(as_bytes(prologue), self.noise_secret(), self.noise_public(),
           remote_key, ephemeral),
    offer_(std::move(offer)) {
  // nop
}

expected<bytes, handshake_error> initiator_handshake::write_init() {
  auto payload = encode(offer_);
  if (!payload)
    return unexpected{handshake_error::malformed};
  auto message = noise_.write_message_1(*payload);
  if (!message)
    return unexpected{handshake_error::noise_failed};
  return handshake_frame(frame_kind::handshake_init, *message);
}

expected<std::variant<session, connect_reply_error>, handshake_error>
initiator_handshake::handle_reply(bytes_view body) {
  using result = std::variant<session, connect_reply_error>;
  auto message = noise_message(body, frame_kind::handshake_reply);
  if (!message)
    return unexpected{message.error()};
  auto payload = noise_.read_message_2(*message);
  if (!payload)
    return unexpected{handshake_error::noise_failed};
  auto answer = decode<welcome>(*payload);
  if (!answer || !ascending(answer->ext))
    return unexpected{handshake_error::malformed};
  if (auto refused = std::get_if<connect_reply_error>(&answer->reply.result))
    return result{*refused};
  return accept(std::get<connect_reply_ok>(answer->reply.result), *answer)
    .map([](session&& x) { return result{std::move(x)}; });
}

expected<session, handshake_error>
initiator_handshake::accept(const connect_reply_ok& ok, const welcome& answer) {
  const auto& request = offer_.request;
  auto cipher = cipher_suite_of(answer.cipher);
  if (ok.proto_ver < request.proto_ver_min
      || ok.proto_ver > request.proto_ver_max || !cipher
      || std::ranges::count(offer_.ciphers, answer.cipher) == 0)
    return unexpected{handshake_error::beyond_offer};
  session_terms terms;
  terms.remote = request.dst_node_id;
  terms.role = connection_role::initiator;
  terms.digest = digest_of(noise_.handshake_hash());
  terms.prev = offer_.prev;
  terms.proto_ver = ok.proto_ver;
  terms.cipher = *cipher;
  terms.local_epoch = offer_.epoch;
  terms.remote_epoch = answer.epoch;
  terms.remote_max_message = answer.max_message;
  terms.remote_adverts = ok.node_advert_ver;
  return make_session(terms, noise_.split(), noise_.handshake_hash());
}

bytes refusal_frames(session& established, control::goodbye_reason reason) {
  bytes result;
  established.seal(control::resume{0, {}, limits::min_channel_window}, result);
  established.seal(control::goodbye{static_cast<std::uint64_t>(reason), false},
                   result);
  return result;
}

// -- responder_handshake ------------------------------------------------------

responder_handshake::responder_handshake(const identity& self,
                                         const secret_key& ephemeral)
  : self_(self.id()), noise_(as_bytes(prologue), self.noise_secret(),
                             self.noise_public(), ephemeral) {
  // nop
}

expected<connect_request, handshake_error>
responder_handshake::handle_init(bytes_view body) {
  auto message = noise_message(body, frame_kind::handshake_init);
  if (!message)
    return unexpected{message.error()};
  auto payload = noise_.read_message_1(*message);
  if (!payload)
    return unexpected{handshake_error::noise_failed};
  auto offer = decode<hello>(*payload);
  if (!offer || !ascending(offer->ext))
    return unexpected{handshake_error::malformed};
  if (!choose_cipher(offer->ciphers, false))
    return unexpected{handshake_error::no_common_cipher};
  offer_ = std::move(*offer);
  return offer_.request;
}

expected<bytes, handshake_error> responder_handshake::handle_facts(
  const connect_facts& facts, std::uint64_t epoch,
  const peer_settings& settings, steady_time now) {
  reply_ = decide(facts);
  answered_ = now;
  auto cipher = *choose_cipher(offer_.ciphers, settings.have_aes);
  welcome answer;
  answer.reply = reply_;
  if (!refusal()) {
    answer.epoch = epoch;
    answer.cipher = static_cast<std::uint64_t>(cipher);
    answer.max_message = settings.max_message;
  }
  auto payload = encode(answer);
  if (!payload)
    return unexpected{handshake_error::malformed};
  auto message = noise_.write_message_2(*payload);
  if (!message)
    return unexpected{handshake_error::noise_failed};
  if (auto ok = std::get_if<connect_reply_ok>(&reply_.result))
    session_ = make_session(*ok, epoch, cipher);
  return handshake_frame(frame_kind::handshake_reply, *message);
}

std::optional<connect_reply_error> responder_handshake::refusal() const {
  if (auto refused = std::get_if<connect_reply_error>(&reply_.result))
    return *refused;
  return std::nullopt;
}

expected<proven_session, handshake_error>
responder_handshake::handle_first_frame(bytes_view body) {
  if (!session_)
    return unexpected{handshake_error::not_proven};
  auto opened = session_->open(body);
  if (!opened)
    return unexpected{handshake_error::not_proven};
  auto frame = std::get_if<control::frame>(&*opened);
  auto resume = frame ? std::get_if<control::resume>(frame) : nullptr;
  if (!resume)
    return unexpected{handshake_error::not_proven};
  return proven_session{std::move(*session_), *resume, noise_.remote_static(),
                        answered_};
}

connect_reply responder_handshake::decide(const connect_facts& facts) const {
  if (!is_of(offer_.request, noise_.remote_static()))
    return {connect_reply_error::denied};
  return answer_request(offer_.request, self_, facts);
}

session responder_handshake::make_session(const connect_reply_ok& ok,
                                          std::uint64_t epoch,
                                          cipher_suite cipher) const {
  session_terms terms;
  terms.remote = offer_.request.src_node_id;
  terms.role = connection_role::responder;
  terms.digest = digest_of(noise_.handshake_hash());
  terms.prev = offer_.prev;
  terms.proto_ver = ok.proto_ver;
  terms.cipher = cipher;
  terms.local_epoch = epoch;
  terms.remote_epoch = offer_.epoch;
  terms.remote_max_message = offer_.max_message;
  terms.remote_adverts = {offer_.request.src_node_advert_ver,
                          offer_.request.dst_node_advert_ver};
  return internal::make_session(terms, noise_.split(), noise_.handshake_hash());
}

} // namespace node_proxy::internal
