#include <node_proxy/protocol/session/handshake.hpp>

#include <string>

#include <doctest/doctest.h>

#include <node_proxy/protocol/wire/bare.hpp>

#include "handshake_pair.hpp"
#include "support/ciphers.hpp"
#include "support/octets.hpp"

using namespace test;

namespace {

/// What Bob says to message 1 with this hello.
std::string init_with(const hello& offer) {
  return handshake_pair{offer}.init();
}

/// What Alice hears after this hello, when these are the facts.
std::string reply_with(const hello& offer, const connect_facts& facts = {}) {
  handshake_pair uut{offer};
  uut.facts = facts;
  auto init = uut.init();
  return init == "ok" ? uut.reply() : init;
}

/// Bob's message 2 with a welcome of the test's making, as Alice sees it.
std::string welcome_with(const welcome& answer,
                         const hello& offer = alices_hello()) {
  handshake_pair uut{offer};
  auto init = uut.initiator.write_init();
  REQUIRE(init);
  noise_ik_responder noise{as_bytes("node-proxy"), bob().noise_secret(),
                           bob().noise_public(), numbered_key(90)};
  auto parsed = body_of(*init);
  auto message = parse_body(parsed).value().payload;
  REQUIRE(noise.read_message_1(message));
  bytes frame;
  append_handshake_frame(frame, frame_kind::handshake_reply,
                         noise.write_message_2(encode(answer).value()).value());
  auto result = uut.initiator.handle_reply(body_of(frame));
  return std::string{result ? "ok" : to_string(result.error())};
}

welcome good_welcome() {
  welcome result;
  result.reply = {connect_reply_ok{1, {}}};
  result.cipher = 1;
  return result;
}

} // namespace

TEST_CASE("a handshake tells each end about the other") {
  for (auto suite : ciphers()) {
    auto offer = alices_hello();
    offer.prev.emplace().fill(std::byte{3});
    handshake_pair uut{offer};
    uut.settings.have_aes = suite == cipher_suite::aes256_gcm;
    uut.run();
    CHECK(uut.resume == control::resume{1, {}, 2});
    const auto& a = uut.alices_end->terms();
    const auto& b = uut.bobs_end->terms();
    CHECK(a.remote == bob().id());
    CHECK(b.remote == alice().id());
    CHECK(a.role == connection_role::initiator);
    CHECK(b.role == connection_role::responder);
    CHECK(a.digest == b.digest);
    CHECK(a.prev == offer.prev);
    CHECK(b.prev == offer.prev);
    CHECK(a.proto_ver == 1);
    CHECK(b.proto_ver == 1);
    CHECK(a.cipher == suite);
    CHECK(b.cipher == suite);
    CHECK(std::pair{a.local_epoch, a.remote_epoch} == std::pair{11ul, 22ul});
    CHECK(std::pair{b.local_epoch, b.remote_epoch} == std::pair{22ul, 11ul});
    CHECK(a.remote_max_message == uut.settings.max_message);
    CHECK(b.remote_max_message == 70'000);
    CHECK(a.remote_adverts == node_advert_versions{7, 8});
    CHECK(b.remote_adverts == node_advert_versions{5, 6});
  }
}

TEST_CASE("the request comes out as it was made") {
  handshake_pair uut;
  auto frame = uut.initiator.write_init().value();
  CHECK(uut.responder.handle_init(body_of(frame)).value() == uut.offer.request);
}

TEST_CASE("the epoch and the digest differ from connection to connection") {
  handshake_pair first;
  first.run();
  initiator_handshake other{alice(), bob().noise_public(), numbered_key(81),
                            alices_hello()};
  responder_handshake uut{bob(), numbered_key(91)};
  REQUIRE(uut.handle_init(body_of(other.write_init().value())));
  auto reply = uut.handle_facts({}, 22, {}, {}).value();
  auto end = std::get<session>(other.handle_reply(body_of(reply)).value());
  CHECK(end.terms().digest != first.alices_end->terms().digest);
}

TEST_CASE("requests that are not for this node or not of this key") {
  auto wrong_destination = alices_hello();
  wrong_destination.request.dst_node_id = alice().id();
  CHECK(reply_with(wrong_destination) == "denied");
  auto other_id = alices_hello();
  other_id.request.src_node_id = identity::from_seed(numbered_key(3)).id();
  CHECK(reply_with(other_id) == "denied");
  auto own_id = alices_hello();
  own_id.request.src_node_id = bob().id();
  CHECK(reply_with(own_id) == "denied");
  auto no_point = alices_hello();
  no_point.request.src_node_id.data.fill(std::byte{0});
  CHECK(reply_with(no_point) == "denied");
}

TEST_CASE("the sign bit makes another id with the same key") {
  auto twin = alices_hello();
  twin.request.src_node_id.data[31] ^= std::byte{0x80};
  CHECK(reply_with(twin) == "ok");
  connect_facts facts;
  facts.twin_connected = true;
  CHECK(reply_with(twin, facts) == "denied");
}

TEST_CASE("a node does not talk to itself, whichever its sign bit") {
  for (auto flip : {std::byte{0}, std::byte{0x80}}) {
    auto offer = alices_hello();
    offer.request.src_node_id = bob().id();
    offer.request.src_node_id.data[31] ^= flip;
    initiator_handshake initiator{bob(), bob().noise_public(), numbered_key(80),
                                  offer};
    responder_handshake uut{bob(), numbered_key(90)};
    REQUIRE(uut.handle_init(body_of(initiator.write_init().value())));
    REQUIRE(uut.handle_facts({}, 22, {}, {}));
    CHECK(uut.refusal() == connect_reply_error::denied);
  }
}

TEST_CASE("policy, versions and capacity") {
  connect_facts facts;
  facts.allowed = false;
  CHECK(reply_with(alices_hello(), facts) == "denied");
  facts = {};
  facts.versions = {2, 3};
  CHECK(reply_with(alices_hello(), facts) == "incompatible");
  facts = {};
  facts.over_capacity = true;
  CHECK(reply_with(alices_hello(), facts) == "over_capacity");
}

TEST_CASE("a refusal tells nothing else, and leads to no session") {
  handshake_pair uut;
  uut.facts.allowed = false;
  uut.facts.advert_versions = {7, 8};
  REQUIRE(uut.init() == "ok");
  CHECK(uut.reply() == "denied");
  bytes frame;
  CHECK(uut.responder.handle_first_frame(numbered(40)).error()
        == handshake_error::not_proven);
}

TEST_CASE("the highest common version is agreed upon") {
  auto offer = alices_hello();
  offer.request.proto_ver_min = 0;
  offer.request.proto_ver_max = 9;
  handshake_pair uut{offer};
  uut.facts.versions = {1, 7};
  uut.run();
  CHECK(uut.alices_end->terms().proto_ver == 7);
  CHECK(uut.bobs_end->terms().proto_ver == 7);
}

TEST_CASE("unknown ciphers are ignored, chacha20_poly1305 is a must") {
  auto offer = alices_hello();
  offer.ciphers = {99, 0, 1, 7};
  handshake_pair uut{offer};
  uut.settings.have_aes = true;
  uut.run();
  CHECK(uut.alices_end->terms().cipher == cipher_suite::chacha20_poly1305);
  offer.ciphers = {2, 99};
  CHECK(init_with(offer) == "no_common_cipher");
  offer.ciphers = {};
  CHECK(init_with(offer) == "no_common_cipher");
}

TEST_CASE("extensions are skipped, but they ascend") {
  auto offer = alices_hello();
  offer.ext = {{3, numbered(5)}, {900, {}}};
  CHECK(reply_with(offer) == "ok");
  offer.ext = {{3, {}}, {3, {}}};
  CHECK(init_with(offer) == "malformed");
  offer.ext = {{4, {}}, {3, {}}};
  CHECK(init_with(offer) == "malformed");
  auto answer = good_welcome();
  answer.ext = {{3, numbered(5)}, {900, {}}};
  CHECK(welcome_with(answer) == "ok");
  answer.ext = {{4, {}}, {3, {}}};
  CHECK(welcome_with(answer) == "malformed");
}

TEST_CASE("a responder chooses within the offer") {
  CHECK(welcome_with(good_welcome()) == "ok");
  auto answer = good_welcome();
  answer.reply = {connect_reply_ok{2, {}}};
  CHECK(welcome_with(answer) == "beyond_offer");
  answer.reply = {connect_reply_ok{0, {}}};
  CHECK(welcome_with(answer) == "beyond_offer");
  answer = good_welcome();
  for (std::uint64_t cipher : {0u, 3u, 77u}) {
    answer.cipher = cipher;
    CHECK(welcome_with(answer) == "beyond_offer");
  }
  auto offer = alices_hello();
  offer.ciphers = {1, 77};
  answer.cipher = 2;
  CHECK(welcome_with(answer, offer) == "beyond_offer");
  answer.cipher = 77;
  CHECK(welcome_with(answer, offer) == "beyond_offer");
}

TEST_CASE("payloads that are not canonical are refused") {
  noise_ik_initiator noise{as_bytes("node-proxy"), alice().noise_secret(),
                           alice().noise_public(), bob().noise_public(),
                           numbered_key(80)};
  auto payload = encode(alices_hello()).value();
  payload.push_back(std::byte{0});
  bytes frame;
  append_handshake_frame(frame, frame_kind::handshake_init,
                         noise.write_message_1(payload).value());
  responder_handshake uut{bob(), numbered_key(90)};
  CHECK(uut.handle_init(body_of(frame)).error() == handshake_error::malformed);
}

TEST_CASE("only the frame that is due is taken") {
  handshake_pair uut;
  auto init = uut.initiator.write_init().value();
  CHECK(uut.initiator.handle_reply(body_of(init)).error()
        == handshake_error::unexpected_frame);
  bytes reply;
  append_handshake_frame(reply, frame_kind::handshake_reply, numbered(100));
  CHECK(uut.responder.handle_init(body_of(reply)).error()
        == handshake_error::unexpected_frame);
  CHECK(uut.responder.handle_init({}).error()
        == handshake_error::unexpected_frame);
}

TEST_CASE("another prologue is another protocol") {
  noise_ik_initiator noise{as_bytes("node-proxy2"), alice().noise_secret(),
                           alice().noise_public(), bob().noise_public(),
                           numbered_key(80)};
  bytes frame;
  append_handshake_frame(
    frame, frame_kind::handshake_init,
    noise.write_message_1(encode(alices_hello()).value()).value());
  responder_handshake uut{bob(), numbered_key(90)};
  CHECK(uut.handle_init(body_of(frame)).error()
        == handshake_error::noise_failed);
}

TEST_CASE("message 1 is for one node only") {
  handshake_pair uut;
  responder_handshake carol{identity::from_seed(numbered_key(3)),
                            numbered_key(90)};
  auto frame = uut.initiator.write_init().value();
  CHECK(carol.handle_init(body_of(frame)).error()
        == handshake_error::noise_failed);
}

TEST_CASE("an altered message 1 is refused at every octet") {
  handshake_pair pair;
  auto body = body_of(pair.initiator.write_init().value());
  for (std::size_t i = 0; i < body.size(); ++i)
    for (auto mask : {0x01, 0x80}) {
      INFO("octet ", i, " mask ", mask);
      responder_handshake uut{bob(), numbered_key(90)};
      CHECK_FALSE(uut.handle_init(altered(body, i, std::byte(mask))));
    }
  for (std::size_t size = 0; size < body.size(); ++size) {
    responder_handshake uut{bob(), numbered_key(90)};
    CHECK_FALSE(uut.handle_init(bytes_view{body}.first(size)));
  }
}

TEST_CASE("an altered message 2 is refused at every octet") {
  handshake_pair pair;
  REQUIRE(pair.init() == "ok");
  auto body = body_of(pair.responder.handle_facts({}, 22, {}, {}).value());
  for (std::size_t i = 0; i < 2 * body.size(); ++i) {
    INFO("octet ", i);
    handshake_pair uut;
    REQUIRE(uut.initiator.write_init());
    auto wrong = i < body.size()
                   ? altered(body, i)
                   : to_bytes(bytes_view{body}.first(i - body.size()));
    CHECK_FALSE(uut.initiator.handle_reply(wrong));
  }
}

TEST_CASE("random octets lead nowhere") {
  auto random = seeded(1);
  for (auto i = 0; i < 2'000; ++i) {
    auto body = random_bytes(random, random.below(300));
    if (!body.empty() && i % 2 == 0)
      body[0] = std::byte(i / 2 % 2);
    responder_handshake responder{bob(), numbered_key(90)};
    CHECK_FALSE(responder.handle_init(body));
    handshake_pair uut;
    CHECK_FALSE(uut.initiator.handle_reply(body));
  }
}

TEST_CASE("a replayed message 1 is answered and never proven") {
  handshake_pair first;
  auto init = body_of(first.initiator.write_init().value());
  REQUIRE(first.responder.handle_init(init));
  auto reply = body_of(first.responder.handle_facts({}, 22, {}, {}).value());
  auto end = std::get<session>(first.initiator.handle_reply(reply).value());
  bytes resume;
  end.seal(control::resume{1, {}, 2}, resume);
  REQUIRE(first.responder.handle_first_frame(body_of(resume)));

  responder_handshake replayed{bob(), numbered_key(91)};
  REQUIRE(replayed.handle_init(init));
  REQUIRE(replayed.handle_facts({}, 22, {}, {}));
  CHECK_FALSE(replayed.refusal());
  CHECK(replayed.handle_first_frame(body_of(resume)).error()
        == handshake_error::not_proven);
}

TEST_CASE("only resume proves the initiator") {
  for (const control::frame& first :
       {control::frame{control::heartbeat{}}, control::frame{control::rekey{}},
        control::frame{control::goodbye{}}, control::frame{control::ack{}}}) {
    handshake_pair uut;
    REQUIRE(uut.init() == "ok");
    REQUIRE(uut.reply() == "ok");
    CHECK(uut.prove(first) == "not_proven");
  }
}

TEST_CASE("who is refused although proven is told so") {
  handshake_pair uut;
  uut.run();
  auto frames =
    refusal_frames(*uut.bobs_end, control::goodbye_reason::over_capacity);
  deframer input{limits::frame_body};
  input.handle_input(frames);
  auto first = uut.alices_end->open(**input.poll_body()).value();
  CHECK(
    std::holds_alternative<control::resume>(std::get<control::frame>(first)));
  auto second = uut.alices_end->open(**input.poll_body()).value();
  CHECK(std::get<control::goodbye>(std::get<control::frame>(second))
        == control::goodbye{3, false});
}
