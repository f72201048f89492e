// Frames and what is in them have the octets that an independent implementation
// of BARE writes.

#include "messages/samples.hpp"
#include "support/chunks.hpp"
#include "vectors/golden.hpp"

#include <doctest/doctest.h>

#include <node_proxy/protocol/delivery/outbox.hpp>
#include <node_proxy/protocol/session/session.hpp>
#include <node_proxy/protocol/wire/control.hpp>
#include <node_proxy/protocol/wire/frame.hpp>
#include <node_proxy/protocol/wire/hello.hpp>
#include <node_proxy/protocol/wire/message_data.hpp>

using namespace node_proxy;
using namespace node_proxy::internal;

namespace {

void compare_control(golden_map& file, const std::string& name,
                     const control::frame& frame) {
  CAPTURE(name);
  auto entry = file.extract("control." + name);
  REQUIRE(entry);
  CHECK(to_hex(control::encode_frame(frame)) == to_hex(entry.mapped()));
  auto decoded = control::decode_frame(entry.mapped());
  REQUIRE(decoded);
  CHECK(decoded->index() == frame.index());
  CHECK(control::encode_frame(*decoded) == entry.mapped());
}

std::vector<extension> extensions() {
  return {{1, samples::data(0xE0, 2)}, {300, {}}};
}

/// What `append_handshake_frame` and `parse_body` make of `name`.
void compare_handshake(golden_map& file, const std::string& name,
                       frame_kind kind, const bytes& message) {
  CAPTURE(name);
  auto body = file.at(name);
  bytes framed;
  append_handshake_frame(framed, kind, message);
  CHECK(to_hex(bytes_view{framed}.subspan(frame_length_size)) == to_hex(body));
  auto parsed = parse_body(body);
  REQUIRE(parsed);
  CHECK(parsed->kind == kind);
  CHECK(to_hex(parsed->payload) == to_hex(message));
}

void check_sealed(golden_map& file, const std::string& name, frame_kind kind,
                  std::uint64_t number, cipher_suite cipher,
                  const bytes& ciphertext) {
  CAPTURE(name);
  auto parsed = parse_body(file.at(name));
  REQUIRE(parsed);
  CHECK(parsed->kind == kind);
  CHECK(parsed->number == number);
  CHECK(parsed->cipher == cipher);
  CHECK(to_hex(parsed->ciphertext) == to_hex(ciphertext));
}

/// The target is that of a channel, so it is not among the octets.
void compare_message(golden_map& file, const std::string& name,
                     const engine_msg& message) {
  CAPTURE(name);
  const auto& expected_octets = file.at(name);
  message_codec codec;
  auto encoded = codec.encode(message);
  REQUIRE(encoded);
  CHECK(to_hex(test::joined(encoded->head.view(), encoded->payload.view()))
        == to_hex(expected_octets));
  auto decoded = codec.decode(expected_octets);
  REQUIRE(decoded);
  CHECK(decoded->sender == message.sender.name);
  CHECK(decoded->mailbox == message.mailbox);
  CHECK(to_hex(decoded->payload) == to_hex(message.msg.view()));
}

} // namespace

TEST_CASE("handshake payloads have the octets of another implementation") {
  auto file = golden("bare/wire.json");
  hello first;
  first.request = samples::request();
  first.epoch = 0x0102030405060708;
  first.prev = samples::octets<16>(0xC0);
  first.ciphers = {1, 2};
  first.max_message = 16'777'216;
  first.ext = extensions();
  compare_with_golden(file, "hello", first);

  hello least;
  least.request = samples::request();
  least.epoch = 1;
  least.ciphers = {1};
  least.max_message = 1;
  compare_with_golden(file, "hello.least", least);

  welcome second;
  second.reply = samples::reply_ok();
  second.epoch = 0xFFEEDDCCBBAA9988;
  second.cipher = 2;
  second.max_message = 65'536;
  second.ext = extensions();
  compare_with_golden(file, "welcome", second);
}

TEST_CASE("control frames have the octets of another implementation") {
  using namespace control;
  auto file = golden("bare/wire.json");
  compare_control(
    file, "resume",
    resume{5, received_state{0x0102030405060708, 300}, 1'048'576});
  compare_control(file, "resume.new", resume{0, std::nullopt, 1});
  compare_control(file, "open",
                  open{3, "printer", transport_ordering::unordered, 32'768});
  compare_control(file, "reopened", reopened{});
  compare_control(file, "close", control::close{300});
  compare_control(file, "abort", control::abort{3, 300});
  compare_control(file, "void", void_range{300, 302});
  channel_ack all_reasons{3, 300, 1'048'576, {}};
  for (std::uint64_t i = 0; i < enum_names<reject_reason>.size(); ++i)
    all_reasons.rejects.push_back(
      {100 + i * 30, static_cast<reject_reason>(i)});
  compare_control(file, "ack", ack{{all_reasons, {300, 1, 16'128, {}}}});
  compare_control(file, "settled", settled{3, 300});
  compare_control(file, "node_advert", samples::advert());
  compare_control(file, "heartbeat", heartbeat{});
  compare_control(file, "rekey", rekey{});
  compare_control(file, "goodbye", goodbye{2, true});
}

TEST_CASE("frames have the octets of another implementation") {
  auto file = golden("bare/wire.json");
  compare_handshake(file, "frame.handshake_init", frame_kind::handshake_init,
                    samples::data(0, 130));
  compare_handshake(file, "frame.handshake_reply", frame_kind::handshake_reply,
                    samples::data(1, 130));
  check_sealed(file, "frame.node_msg", frame_kind::node_msg, 70'000,
               cipher_suite::chacha20_poly1305, samples::data(0xB0, 20));
  check_sealed(file, "frame.unreliable", frame_kind::unreliable, 1,
               cipher_suite::aes256_gcm, samples::data(0xC0, 20));
  check_sealed(file, "frame.control", frame_kind::control, 128,
               cipher_suite::chacha20_poly1305, samples::data(0xB0, 20));
}

TEST_CASE("chunks have the octets of another implementation") {
  auto file = golden("bare/wire.json");
  auto expected_octets = file.at("sealed_chunks");
  chunk_list list;
  auto short_chunk = samples::data(0xA0, 5);
  auto long_chunk = samples::data(0xB0, 200);
  list.add(3, true, short_chunk);
  list.add(300, false, long_chunk);
  CHECK(to_hex(test::encoded(list)) == to_hex(expected_octets));

  auto chunks = decode<std::vector<chunk_view>>(expected_octets);
  REQUIRE(chunks);
  REQUIRE(chunks->size() == 2);
  CHECK(chunks->at(0).channel == 3);
  CHECK(chunks->at(0).last);
  CHECK(to_hex(chunks->at(0).chunk) == to_hex(samples::data(0xA0, 5)));
  CHECK(chunks->at(1).channel == 300);
  CHECK(!chunks->at(1).last);
  CHECK(to_hex(chunks->at(1).chunk) == to_hex(samples::data(0xB0, 200)));
}

TEST_CASE("messages have the octets of another implementation") {
  auto file = golden("bare/wire.json");
  compare_message(
    file, "channel_msg",
    {{{}, "printer"}, {{}, "echo"}, 300, samples::data(0xA0, 200)});
  compare_message(file, "channel_msg.least", {{{}, ""}, {{}, "echo"}, {}, {}});
}
