// A handshake with somebody who has proven keys and says whatever the input
// wants, in either role. What must hold: no session comes of anything but what
// both ends have agreed on, and whoever is let in has proven who it is.

#include <algorithm>
#include <optional>
#include <variant>

#include <node_proxy/protocol/crypto/crypto_init.hpp>
#include <node_proxy/protocol/crypto/noise_ik.hpp>
#include <node_proxy/protocol/session/handshake.hpp>
#include <node_proxy/protocol/session/sealing.hpp>
#include <node_proxy/protocol/wire/bare.hpp>
#include <node_proxy/protocol/wire/frame.hpp>

#include "fuzz/script.hpp"
#include "support/rogue_session.hpp"

using namespace node_proxy;
using namespace node_proxy::internal;

namespace node_proxy::testing {

namespace {

/// Says what the input wants.
const identity& rogue() {
  static const auto result = identity::from_seed(test::numbered_key(1));
  return result;
}

/// Is to stand it.
const identity& honest() {
  static const auto result = identity::from_seed(test::numbered_key(2));
  return result;
}

std::vector<std::uint64_t> some_ciphers(script& input) {
  std::vector<std::uint64_t> result;
  for (auto n = input.below(4); n > 0; --n)
    result.push_back(input.below(4));
  return result;
}

std::vector<extension> some_extensions(script& input) {
  std::vector<extension> result;
  for (auto n = input.below(3); n > 0; --n)
    result.push_back({input.below(8), to_bytes(input.text())});
  return result;
}

node_id some_id(script& input) {
  node_id ids[]{rogue().id(), honest().id(), {}};
  return ids[input.below(std::size(ids))];
}

hello some_hello(script& input) {
  hello result;
  result.request = {input.below(4), input.below(4), some_id(input),
                    some_id(input), input.number(), input.number()};
  result.epoch = input.number();
  result.ciphers = some_ciphers(input);
  result.max_message = static_cast<std::uint32_t>(input.number());
  result.ext = some_extensions(input);
  if (input.below(2) == 0)
    result.prev.emplace();
  return result;
}

welcome some_welcome(script& input) {
  welcome result;
  if (input.below(4) == 0)
    result.reply = {static_cast<connect_reply_error>(input.below(3))};
  else
    result.reply = {connect_reply_ok{input.below(4), {1, input.number()}}};
  result.epoch = input.number();
  result.cipher = input.below(5);
  result.max_message = static_cast<std::uint32_t>(input.number());
  result.ext = some_extensions(input);
  return result;
}

/// A payload of that kind, or octets.
template <class Payload>
bytes some_payload(script& input, Payload (*make)(script&)) {
  if (input.below(4) == 0)
    return to_bytes(input.text());
  return encode(make(input)).value_or(bytes{});
}

/// Whether it may be said at all.
template <class Payload>
std::optional<Payload> sound(bytes_view payload) {
  auto result = decode<Payload>(payload);
  if (!result || !ascending(result->ext))
    return std::nullopt;
  return std::move(*result);
}

bytes handshake_body(frame_kind kind, bytes_view message) {
  bytes stream;
  append_handshake_frame(stream, kind, message);
  return test::only_body(stream);
}

// -- the honest one is called -------------------------------------------------

connect_facts some_facts(script& input) {
  connect_facts result;
  result.allowed = input.below(8) != 0;
  result.twin_connected = input.below(8) == 0;
  result.over_capacity = input.below(8) == 0;
  return result;
}

/// The first sealed frame, under the keys of the handshake or those of the
/// other direction.
bytes some_first_frame(script& input, const noise_ik_initiator& noise,
                       cipher_suite suite, bool& proves) {
  auto keys = noise.split();
  auto own = input.below(8) != 0;
  sealer out{derive_data_key(own ? keys.initiator_to_responder
                                 : keys.responder_to_initiator,
                             noise.handshake_hash(), suite),
             suite};
  auto number = input.below(2);
  auto is_resume = input.below(2) == 0;
  auto plaintext = is_resume ? control::encode_frame(
                     control::resume{input.number(), {}, input.number()})
                             : to_bytes(input.text());
  bytes stream;
  out.seal(frame_kind::control, number, plaintext, stream);
  proves = own && number == 0 && is_resume;
  return test::only_body(stream);
}

void check_refusal(const connect_reply_error refused, const hello& offer,
                   const connect_facts& facts) {
  auto is_honest = offer.request.src_node_id == rogue().id()
                   && offer.request.dst_node_id == honest().id();
  auto common =
    offer.request.proto_ver_min <= 1 && offer.request.proto_ver_max >= 1;
  require(!is_honest || !common || !facts.allowed || facts.twin_connected
          || facts.over_capacity);
  require(refused != connect_reply_error::over_capacity || facts.over_capacity);
}

void be_called(script& input) {
  noise_ik_initiator noise{as_bytes("node-proxy"), rogue().noise_secret(),
                           rogue().noise_public(), honest().noise_public(),
                           test::numbered_key(3)};
  auto payload = some_payload(input, some_hello);
  auto first = noise.write_message_1(payload);
  if (!first)
    return;
  responder_handshake uut{honest(), test::numbered_key(4)};
  auto offer = sound<hello>(payload);
  auto takes = offer && std::ranges::count(offer->ciphers, 1u) > 0;
  auto request =
    uut.handle_init(handshake_body(frame_kind::handshake_init, *first));
  require(request.has_value() == takes);
  if (!takes)
    return;
  auto facts = some_facts(input);
  peer_settings settings;
  settings.have_aes = aes_available() && input.below(2) == 0;
  auto reply = uut.handle_facts(facts, 7, settings, {}).value();
  auto answer = decode<welcome>(
    noise.read_message_2(parse_body(test::only_body(reply)).value().payload)
      .value());
  require(answer.has_value());
  if (auto refused = uut.refusal())
    return check_refusal(*refused, *offer, facts);
  require(offer->request.src_node_id == rogue().id());
  require(facts.allowed && !facts.twin_connected && !facts.over_capacity);
  auto suite = cipher_suite_of(answer->cipher).value();
  auto proves = false;
  auto proof = some_first_frame(input, noise, suite, proves);
  auto proven = uut.handle_first_frame(proof);
  // What a number is in other words may be any resume.
  require(!proves || proven.has_value());
  if (!proven)
    return;
  require(proven->established.terms().remote == rogue().id());
  require(proven->remote_key == rogue().noise_public());
}

/// Nothing but a first message is one.
void be_called_by_anything(script& input) {
  responder_handshake uut{honest(), test::numbered_key(4)};
  require(!uut.handle_init(input.text()));
  require(!uut.handle_first_frame(input.text()));
}

// -- the honest one calls -----------------------------------------------------

void call(script& input) {
  hello offer;
  offer.request = {1, 2, honest().id(), rogue().id(), 0, 0};
  offer.epoch = 7;
  offer.ciphers = {1};
  offer.max_message = 1'000;
  initiator_handshake uut{honest(), rogue().noise_public(),
                          test::numbered_key(3), offer};
  auto init = test::only_body(uut.write_init().value());
  noise_ik_responder noise{as_bytes("node-proxy"), rogue().noise_secret(),
                           rogue().noise_public(), test::numbered_key(4)};
  require(noise.read_message_1(parse_body(init).value().payload).has_value());
  auto payload = some_payload(input, some_welcome);
  auto second = noise.write_message_2(payload);
  if (!second)
    return;
  auto result =
    uut.handle_reply(handshake_body(frame_kind::handshake_reply, *second));
  auto answer = sound<welcome>(payload);
  require(answer || !result);
  if (!answer)
    return;
  auto ok = std::get_if<connect_reply_ok>(&answer->reply.result);
  auto agreed =
    ok && ok->proto_ver >= 1 && ok->proto_ver <= 2 && answer->cipher == 1;
  require(result.has_value() == (agreed || !ok));
  require(!result || std::holds_alternative<session>(*result) == agreed);
}

} // namespace

} // namespace node_proxy::testing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  using namespace node_proxy::testing;
  require(node_proxy::init_crypto());
  script input{std::as_bytes(std::span{data, size})};
  switch (input.below(3)) {
  case 0:
    be_called(input);
    break;
  case 1:
    be_called_by_anything(input);
    break;
  default:
    call(input);
  }
  return 0;
}
