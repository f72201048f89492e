// The values in protocol/EXAMPLE.md are what this implementation computes and
// sends.

#include <cctype>
#include <fstream>
#include <functional>
#include <map>
#include <span>
#include <string>

#include <doctest/doctest.h>
#include <sodium/crypto_hash_sha256.h>
#include <sodium/crypto_scalarmult_curve25519.h>

#include <node_proxy/base/frame_memory.hpp>
#include <node_proxy/messages/limits.hpp>
#include <node_proxy/protocol/crypto/cipher.hpp>
#include <node_proxy/protocol/crypto/crypto_init.hpp>
#include <node_proxy/protocol/crypto/octets.hpp>
#include <node_proxy/protocol/peer/peer.hpp>
#include <node_proxy/protocol/session/handshake.hpp>
#include <node_proxy/protocol/wire/advert.hpp>
#include <node_proxy/protocol/wire/bare.hpp>

#include "support/chunks.hpp"
#include "support/frames.hpp"
#include "support/octets.hpp"

using namespace test;

namespace {

/// Octets in hex by name.
using hex_map = std::map<std::string, std::string>;

/// Reads the blocks that begin with ```hex: `name: octets`, more octets on the
/// lines below, `#` begins a comment.
hex_map read_example() {
  std::ifstream file{TEST_DATA_DIR "/../protocol/EXAMPLE.md"};
  REQUIRE(file);
  hex_map result;
  std::string line;
  std::string* value = nullptr;
  for (auto inside = false; std::getline(file, line);) {
    if (line.starts_with("```")) {
      inside = line == "```hex";
      continue;
    }
    if (!inside)
      continue;
    line.resize(std::min(line.size(), line.find('#')));
    if (auto colon = line.find(':'); colon != std::string::npos) {
      auto [entry, is_new] = result.try_emplace(line.substr(0, colon));
      CHECK_MESSAGE(is_new, "stands there twice: ", line);
      value = &entry->second;
      line.erase(0, colon + 1);
    }
    std::erase_if(line, [](unsigned char c) { return std::isspace(c); });
    if (!line.empty()) {
      REQUIRE(value != nullptr);
      value->append(line);
    }
  }
  return result;
}

bool is_invalid_id(const hex_map::value_type& x) {
  return x.first.starts_with("invalid_id.");
}

/// Both names and values, a line each.
std::string to_text(const hex_map& values) {
  std::string result;
  for (const auto& [name, value] : values)
    result.append(name).append(": ").append(value).append("\n");
  return result;
}

// -- the values of the example that are given, not computed -------------------

const auto alice =
  std::make_shared<const identity>(identity::from_seed(numbered_key(0x00)));
const auto bob =
  std::make_shared<const identity>(identity::from_seed(numbered_key(0x20)));
constexpr std::uint64_t alice_epoch = 0x0102030405060708;
constexpr std::uint64_t bob_epoch = 0x1112131415161718;
const auto bob_ephemeral = numbered_key(0x40);
const auto refusing_ephemeral = numbered_key(0x60);
const timestamp now{std::chrono::seconds{1}, std::chrono::minutes{1'000'000}};

/// What Alice draws her ephemeral key from.
random_source alice_random() {
  return seeded(1);
}

node_advert advert_of(const identity& owner, std::uint64_t version,
                      std::byte host, std::uint16_t port) {
  node_advert result;
  ipv4 ip{{std::byte{192}, std::byte{0}, std::byte{2}, host}};
  result.addrs = {{tcp_addr{ip, port}, 1}};
  result.version = version;
  result.created = {1'000'000};
  REQUIRE(sign_advert(owner, result));
  return result;
}

const node_advert& alice_advert() {
  static const auto result =
    advert_of(*alice, 1'764'000'000, std::byte{1}, 4001);
  return result;
}

const node_advert& bob_advert() {
  static const auto result = advert_of(*bob, 1'763'000'000, std::byte{2}, 4002);
  return result;
}

node_out_msg example_message() {
  node_out_msg result;
  result.expiry = rel_time{60};
  result.msg = {{{}, "alice"}, {{}, "echo"}, 7, to_bytes("hello")};
  return result;
}

std::shared_ptr<const peer_settings> settings() {
  return std::make_shared<peer_settings>();
}

std::shared_ptr<receive_budget> budget() {
  return std::make_shared<receive_budget>(peer_settings{});
}

bytes_view body_of(const bytes& frame) {
  return bytes_view{frame}.subspan(frame_length_size);
}

/// The frames that `from` wants to send, to a transport that takes all of them
/// at once. Other actions go to `others`.
std::vector<bytes> frames_of(peer& from, std::vector<peer_action>& others) {
  deframer cut{limits::frame_body};
  std::vector<bytes> result;
  while (auto action = from.poll_action()) {
    auto transmit = std::get_if<transmit_frames>(&*action);
    if (!transmit) {
      others.push_back(std::move(*action));
      continue;
    }
    cut.handle_input(transmit->frames);
    while (auto body = cut.poll_body().value())
      append_frame(result.emplace_back(), *body);
    from.handle_written(transmit->connection, transmit->frames.size());
  }
  return result;
}

/// Alice dials Bob, sends a message and says goodbye: real peers at both ends.
class example {
public:
  example()
    : alice_(settings(), alice, bob->id(), bob->noise_public(),
             peer_record{alice_epoch}, budget(), std::make_shared<spare_time>(),
             alice_random()),
      bob_(settings(), bob, alice->id(), alice->noise_public(),
           peer_record{bob_epoch}, budget(), std::make_shared<spare_time>(),
           seeded(2)) {
    alice_.handle_local_advert(
      std::make_shared<const node_advert>(alice_advert()), now);
    bob_.handle_local_advert(std::make_shared<const node_advert>(bob_advert()),
                             now);
    alice_.handle_introduction(bob_advert(), now);
    shake_hands();
    alice_.handle_send(1, example_message(), now);
    alice_.flush(now, memory_);
    from_alice();
    REQUIRE(frames.size() == 9);
    to_bob(frames[6]);
    to_bob(frames[7]);
    auto actions = to_bob(frames[8]);
    REQUIRE(actions.size() == 1);
    delivered = std::get<deliver_message>(actions[0]);
    bob_.handle_finished(delivered.id, {}, now);
    bob_.flush(now, memory_);
    from_bob();
    REQUIRE(frames.size() == 10);
    outcomes = to_alice(frames[9]);
    alice_.handle_shutdown(now.steady + std::chrono::seconds{5}, now);
    from_alice();
    REQUIRE(frames.size() == 11);
    to_bob(frames[10]);
    REQUIRE(frames.size() == 12);
    to_alice(frames[11]);
  }

  /// In the order in which they are sent.
  std::vector<bytes> frames;
  deliver_message delivered;
  std::vector<peer_action> outcomes;

private:
  void shake_hands() {
    alice_.handle_connect(now);
    std::vector<peer_action> actions;
    CHECK(frames_of(alice_, actions).empty());
    alice_.handle_dialled(std::get<dial_peer>(actions.back()).id, 1, now);
    from_alice();
    responder_handshake responder{*bob, bob_ephemeral};
    REQUIRE(responder.handle_init(body_of(frames.at(0))));
    connect_facts facts;
    facts.advert_versions = {bob_advert().version, 0};
    frames.push_back(responder.handle_facts(facts, bob_epoch, {}, {}).value());
    to_alice(frames[1]);
    auto proven = responder.handle_first_frame(body_of(frames.at(2)));
    bob_.handle_session(1, proven.value(), now);
    bob_.flush(now, memory_);
    from_bob();
    to_alice(frames.at(3));
    to_alice(frames.at(4));
    to_bob(frames.at(5));
  }

  std::vector<peer_action> from_alice() { return collect(alice_); }
  std::vector<peer_action> from_bob() { return collect(bob_); }

  std::vector<peer_action> to_alice(const bytes& frame) {
    alice_.handle_frame(1, body_of(frame), now);
    return from_alice();
  }

  std::vector<peer_action> to_bob(const bytes& frame) {
    bob_.handle_frame(1, body_of(frame), now);
    return from_bob();
  }

  std::vector<peer_action> collect(peer& from) {
    std::vector<peer_action> result;
    for (auto& frame : frames_of(from, result))
      frames.push_back(std::move(frame));
    return result;
  }

  frame_memory memory_;
  peer alice_;
  peer bob_;
};

// -- the values of the example, computed step by step -------------------------

std::string dh(const secret_key& own, const noise_public_key& remote) {
  bytes result(32);
  REQUIRE(crypto_scalarmult_curve25519(
            octets(result.data()), octets(own.data()), octets(remote.data()))
          == 0);
  return to_hex(result);
}

noise_public_key public_of(const secret_key& key) {
  noise_public_key result;
  crypto_scalarmult_curve25519_base(octets(result.data()), octets(key.data()));
  return result;
}

void add_identity(hex_map& values, const std::string& name,
                  const identity& owner, const secret_key& ephemeral) {
  values[name + ".seed"] = to_hex(owner.seed());
  values[name + ".id"] = to_hex(owner.id().data);
  values[name + ".noise_secret"] = to_hex(owner.noise_secret().view());
  values[name + ".noise_public"] = to_hex(owner.noise_public());
  values[name + ".ephemeral_secret"] = to_hex(ephemeral.view());
  values[name + ".ephemeral_public"] = to_hex(public_of(ephemeral));
}

void add_advert(hex_map& values, const std::string& name,
                const node_advert& advert) {
  auto encoded = encode(advert).value();
  auto fields = bytes_view{encoded}.first(encoded.size() - 65);
  auto prefix = joined(as_bytes("node-proxy advert v1"), bytes(1));
  values[name + ".advert.signed"] = to_hex(joined(prefix, fields));
  values[name + ".advert"] = to_hex(encoded);
}

/// A sealed frame, opened step by step.
void add_sealed(hex_map& values, const std::string& name, const bytes& frame,
                const secret_key& key) {
  auto parsed = parse_body(body_of(frame)).value();
  auto nonce = frame_nonce(parsed.kind, parsed.number);
  bytes plaintext(parsed.ciphertext.size() - aead_tag_size);
  REQUIRE(aead{key, parsed.cipher}.open(nonce, parsed.associated_data,
                                        parsed.ciphertext, plaintext));
  values[name + ".plaintext"] = to_hex(plaintext);
  values[name + ".nonce"] = to_hex(nonce);
  values[name + ".ad"] = to_hex(parsed.associated_data);
  values[name + ".frame"] = to_hex(frame);
}

/// The handshake once more, with Noise alone.
noise_keys add_handshake(hex_map& values, const std::vector<bytes>& frames) {
  auto prologue = as_bytes("node-proxy");
  auto ephemeral = alice_random().next_key();
  add_identity(values, "alice", *alice, ephemeral);
  add_identity(values, "bob", *bob, bob_ephemeral);
  values["dh.es"] = dh(ephemeral, bob->noise_public());
  values["dh.ss"] = dh(alice->noise_secret(), bob->noise_public());
  values["dh.ee"] = dh(ephemeral, public_of(bob_ephemeral));
  values["dh.se"] = dh(alice->noise_secret(), public_of(bob_ephemeral));
  noise_ik_responder read{prologue, bob->noise_secret(), bob->noise_public(),
                          bob_ephemeral};
  auto init = parse_body(body_of(frames[0])).value();
  auto hello_data = read.read_message_1(init.payload).value();
  values["hello"] = to_hex(hello_data);
  values["h.message_1"] = to_hex(read.handshake_hash());
  values["init.frame"] = to_hex(frames[0]);
  noise_ik_initiator write{prologue, alice->noise_secret(),
                           alice->noise_public(), bob->noise_public(),
                           ephemeral};
  CHECK(to_hex(write.write_message_1(hello_data).value())
        == to_hex(init.payload));
  auto reply = parse_body(body_of(frames[1])).value();
  values["welcome"] = to_hex(write.read_message_2(reply.payload).value());
  values["reply.frame"] = to_hex(frames[1]);
  values["h"] = to_hex(write.handshake_hash());
  values["k1"] = to_hex(write.split().initiator_to_responder.view());
  values["k2"] = to_hex(write.split().responder_to_initiator.view());
  return write.split();
}

/// The same first frame, answered by a Bob who speaks version 2 only.
void add_refusal(hex_map& values, const bytes& init) {
  responder_handshake responder{*bob, refusing_ephemeral};
  REQUIRE(responder.handle_init(body_of(init)));
  connect_facts facts;
  facts.versions = {2, 2};
  auto frame = responder.handle_facts(facts, bob_epoch, {}, {}).value();
  welcome answer;
  answer.reply = {connect_reply_error::incompatible};
  values["refusal.ephemeral_secret"] = to_hex(refusing_ephemeral.view());
  values["refusal.welcome"] = to_hex(encode(answer).value());
  values["refusal.frame"] = to_hex(frame);
}

/// A frame that Alice could have sent with this number.
bytes add_other(hex_map& values, const std::string& name, frame_kind kind,
                std::uint64_t number, bytes_view plaintext,
                const secret_key& key,
                cipher_suite cipher = cipher_suite::chacha20_poly1305) {
  bytes frame;
  sealer{key, cipher}.seal(kind, number, plaintext, frame);
  auto parsed = parse_body(body_of(frame)).value();
  values[name + ".nonce"] = to_hex(frame_nonce(kind, number));
  values[name + ".ad"] = to_hex(parsed.associated_data);
  return frame;
}

void add_others(hex_map& values, const secret_key& key) {
  using enum frame_kind;
  auto heartbeat = control::encode_frame(control::heartbeat{});
  values["heartbeat.plaintext"] = to_hex(heartbeat);
  auto list = hex(values.at("alice.node_msg.plaintext"));
  values["unreliable.frame"] =
    to_hex(add_other(values, "unreliable", unreliable, 0, list, key));
  values["high.frame"] =
    to_hex(add_other(values, "high", control, 300, heartbeat, key));
  values["highest.frame"] = to_hex(add_other(
    values, "highest", control, limits::sequence_end - 1, heartbeat, key));
  values["rekeyed.frame"] =
    to_hex(add_other(values, "rekeyed", control, 4, heartbeat, next_key(key)));
  values["aes.frame"] = to_hex(add_other(
    values, "aes", control, 1, heartbeat,
    hex_key(values.at("key.alice.aes256_gcm")), cipher_suite::aes256_gcm));
}

std::string sha256(bytes_view data) {
  std::array<unsigned char, crypto_hash_sha256_BYTES> result;
  crypto_hash_sha256(result.data(), octets(data.data()), data.size());
  return to_hex(std::as_bytes(std::span{result}));
}

/// Fragments of two channels in one frame.
void add_mixed(hex_map& values, const secret_key& key) {
  message_codec codec;
  auto encoded = [&codec](std::byte octet) {
    return codec.encode({{{}, "alice"}, {}, {}, bytes(17'000, octet)}).value();
  };
  auto a = encoded(std::byte{0x61});
  auto b = encoded(std::byte{0x62});
  auto rest = a.size() - limits::fragment;
  chunk_list list;
  list.add(0, false, a, 0, limits::fragment);
  list.add(1, false, b, 0, limits::fragment);
  list.add(1, true, b, limits::fragment, rest);
  list.add(0, true, a, limits::fragment, rest);
  auto plaintext = test::encoded(list);
  values["mixed.plaintext.sha256"] = sha256(plaintext);
  values["mixed.frame.sha256"] = sha256(
    add_other(values, "mixed", frame_kind::node_msg, 200, plaintext, key));
}

/// What is said on a second connection.
void add_again(hex_map& values) {
  using namespace control;
  auto offer =
    decode<node_proxy::internal::hello>(hex(values.at("hello"))).value();
  offer.prev = hex_array<16>(values.at("h").substr(0, 32));
  values["again.hello"] = to_hex(encode(offer).value());
  auto add = [&values](const std::string& name, const frame& x) {
    values["again." + name] = to_hex(encode_frame(x));
  };
  auto window = peer_settings{}.channel_window;
  add("resume", resume{2, received_state{bob_epoch, 0}, window});
  add("open", open{0, "echo", transport_ordering::ordered, 65'536});
  add("abort", control::abort{0, 2});
  add("void", void_range{5, 7});
  using enum reject_reason;
  add("ack", ack{{{0, 301, window, {{7, unknown_engine}, {300, engine_gone}}},
                  {1, 302, window, {}}}});
  add("settled", settled{0, 301});
  add("close", control::close{0});
}

hex_map compute_example(const std::vector<bytes>& frames) {
  hex_map values;
  add_advert(values, "alice", alice_advert());
  add_advert(values, "bob", bob_advert());
  auto keys = add_handshake(values, frames);
  auto hash = hex_array<32>(values["h"]);
  using enum cipher_suite;
  auto from_alice =
    derive_data_key(keys.initiator_to_responder, hash, chacha20_poly1305);
  auto from_bob =
    derive_data_key(keys.responder_to_initiator, hash, chacha20_poly1305);
  values["key.alice"] = to_hex(from_alice.view());
  values["key.bob"] = to_hex(from_bob.view());
  values["key.alice.next"] = to_hex(next_key(from_alice).view());
  values["key.alice.aes256_gcm"] = to_hex(
    derive_data_key(keys.initiator_to_responder, hash, aes256_gcm).view());
  values["key.bob.aes256_gcm"] = to_hex(
    derive_data_key(keys.responder_to_initiator, hash, aes256_gcm).view());
  add_sealed(values, "alice.resume", frames[2], from_alice);
  add_sealed(values, "bob.resume", frames[3], from_bob);
  add_sealed(values, "bob.reopened", frames[4], from_bob);
  add_sealed(values, "alice.node_advert", frames[5], from_alice);
  add_sealed(values, "alice.reopened", frames[6], from_alice);
  add_sealed(values, "alice.open", frames[7], from_alice);
  add_sealed(values, "alice.node_msg", frames[8], from_alice);
  add_sealed(values, "bob.ack", frames[9], from_bob);
  add_sealed(values, "alice.goodbye", frames[10], from_alice);
  add_sealed(values, "bob.goodbye", frames[11], from_bob);
  add_refusal(values, frames[0]);
  add_others(values, from_alice);
  add_mixed(values, from_alice);
  add_again(values);
  return values;
}

} // namespace

TEST_CASE("EXAMPLE.md shows what peers send") {
  REQUIRE(init_crypto());
  if (!aes_available()) {
    MESSAGE("this processor has no AES-256-GCM: not tested");
    return;
  }
  example run;
  auto expected = read_example();
  std::erase_if(expected, is_invalid_id);
  CHECK(to_text(expected) == to_text(compute_example(run.frames)));
  CHECK(run.delivered.msg.target.name == "echo");
  CHECK(run.delivered.msg.sender == engine_id{alice->id(), "alice"});
  CHECK(run.delivered.msg.mailbox == 7);
  CHECK(run.delivered.msg.msg == to_bytes("hello"));
  REQUIRE(run.outcomes.size() == 1);
  CHECK(std::get<send_outcome>(run.outcomes[0]) == send_outcome{1, {}});
}

TEST_CASE("the refusal in EXAMPLE.md is read as such") {
  auto values = read_example();
  auto offer = decode<hello>(hex(values.at("hello"))).value();
  initiator_handshake initiator{*alice, bob->noise_public(),
                                alice_random().next_key(), offer};
  auto init = initiator.write_init();
  REQUIRE(init);
  CHECK(to_hex(*init) == values.at("init.frame"));
  auto frame = hex(values.at("refusal.frame"));
  auto reply = initiator.handle_reply(body_of(frame));
  REQUIRE(reply);
  CHECK(std::get<connect_reply_error>(*reply)
        == connect_reply_error::incompatible);
}

TEST_CASE("the ids in EXAMPLE.md that are called invalid are none") {
  auto values = read_example();
  CHECK(std::erase_if(values, std::not_fn(is_invalid_id)) > 0);
  for (const auto& x : values) {
    INFO(x.first);
    CHECK_FALSE(noise_key_of(node_id{hex_array<32>(x.second)}));
  }
}
