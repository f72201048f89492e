// Handshake messages from a stranger. The first octet says what the rest is: a
// message, a change to a genuine message, or a payload.

#include <cstdlib>

#include <sodium/crypto_scalarmult_curve25519.h>

#include <node_proxy/protocol/noise_ik.hpp>
#include <node_proxy/protocol/octets.hpp>

using namespace node_proxy;

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

// A message as it is changed by the input.
bytes changed(bytes message, bytes_view change) {
  for (std::size_t i = 0; i < change.size(); ++i)
    if (i < message.size())
      message[i] ^= change[i];
    else
      message.push_back(change[i]);
  return message;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  if (size == 0)
    return 0;
  auto input = std::as_bytes(std::span{data, size}).subspan(1);
  auto payload = data[0] == 2 ? to_bytes(input) : bytes{};
  auto change = data[0] == 1 ? input : bytes_view{};

  auto initiator = make_initiator();
  auto responder = make_responder();
  auto first = initiator.write_message_1(payload);
  if (!first)
    return 0;
  auto first_in = data[0] == 0 ? to_bytes(input) : changed(*first, change);
  auto read_first = responder.read_message_1(first_in);
  // The top bit of an X25519 key is ignored, but not by the hash.
  require(read_first.has_value() == (first_in == *first));
  if (read_first) {
    require(*read_first == payload);
  } else {
    responder = make_responder();
    require(responder.read_message_1(*first).has_value());
  }

  auto second = responder.write_message_2(payload);
  require(second.has_value());
  auto second_in = data[0] == 0 ? to_bytes(input) : changed(*second, change);
  auto read_second = initiator.read_message_2(second_in);
  require(read_second.has_value() == (second_in == *second));
  if (read_second)
    require(initiator.handshake_hash() == responder.handshake_hash());
  return 0;
}
