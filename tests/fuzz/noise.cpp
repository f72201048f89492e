// Handshake messages from a stranger. The first octet says what the rest is: a
// message, a change to a genuine message, or a payload.

#include <cstdlib>

#include <sodium/crypto_scalarmult_curve25519.h>

#include <node_proxy/protocol/crypto/noise_ik.hpp>
#include <node_proxy/protocol/crypto/octets.hpp>

using namespace node_proxy;
using namespace node_proxy::internal;

namespace {

void require(bool holds) {
  if (!holds)
    std::abort();
}

secret_key key_of(unsigned char number) {
  secret_key result;
  result.data()[0] = std::byte{number};
  return result;
}

noise_public_key public_of(const secret_key& key) {
  noise_public_key result;
  crypto_scalarmult_curve25519_base(octets(result.data()), octets(key.data()));
  return result;
}

noise_ik_initiator make_initiator() {
  return {{}, key_of(1), public_of(key_of(1)), public_of(key_of(2)), key_of(3)};
}

noise_ik_responder make_responder() {
  return {{}, key_of(2), public_of(key_of(2)), key_of(4)};
}

// A handshake without payloads, and both ends as they are before they read.
struct genuine_handshake {
  noise_ik_initiator initiator = make_initiator();
  noise_ik_responder responder = make_responder();
  bytes first = initiator.write_message_1({}).value();
  bytes second;

  genuine_handshake() {
    auto answering = responder;
    require(answering.read_message_1(first).has_value());
    second = answering.write_message_2({}).value();
  }
};

// A message as it is changed by the input.
bytes changed(bytes message, bytes_view change) {
  for (std::size_t i = 0; i < change.size(); ++i)
    if (i < message.size())
      message[i] ^= change[i];
    else
      message.push_back(change[i]);
  return message;
}

// Nothing but the genuine messages is accepted.
void read_messages(bytes_view input, bool is_change) {
  static const genuine_handshake genuine;
  auto first = is_change ? changed(genuine.first, input) : to_bytes(input);
  auto responder = genuine.responder;
  require(responder.read_message_1(first).has_value()
          == (first == genuine.first));
  auto second = is_change ? changed(genuine.second, input) : to_bytes(input);
  auto initiator = genuine.initiator;
  require(initiator.read_message_2(second).has_value()
          == (second == genuine.second));
}

// Payloads arrive as they are.
void exchange(bytes_view payload) {
  auto initiator = make_initiator();
  auto responder = make_responder();
  auto first = initiator.write_message_1(payload);
  if (!first)
    return;
  require(responder.read_message_1(*first) == to_bytes(payload));
  auto second = responder.write_message_2(payload).value();
  require(initiator.read_message_2(second) == to_bytes(payload));
  require(initiator.handshake_hash() == responder.handshake_hash());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  if (size == 0)
    return 0;
  auto input = std::as_bytes(std::span{data, size}).subspan(1);
  if (data[0] == 0xff)
    exchange(input);
  else
    read_messages(input, data[0] % 2 == 0);
  return 0;
}
