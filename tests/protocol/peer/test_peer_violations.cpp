// What a peer does about another one that breaks the rules: it ends the
// connection with a reason that is counted (PROTOCOL.md, "Errors").

#include <doctest/doctest.h>

#include <node_proxy/protocol/wire/advert.hpp>
#include <node_proxy/protocol/wire/bare.hpp>

#include "rogue.hpp"

using namespace test;

namespace {

constexpr auto goodbye = "goodbye protocol_error, closed";

/// For a few messages of 9,000 octets that engines do not take.
peer_settings with_little_room() {
  peer_settings result;
  result.channel_window = limits::min_channel_window;
  result.window = 0;
  result.large_window = 20'000;
  return result;
}

/// A rogue with a connection, of which the beginning was heard.
struct connected_rogue : rogue {
  explicit connected_rogue(const peer_settings& settings = {})
    : rogue(settings) {
    connect();
    CHECK(heard() == "resume 0 none, reopened, ack 0:0");
  }

  void send_to_alice(std::string_view text, std::uint64_t seconds = 60) {
    node_out_msg msg;
    msg.expiry = rel_time{seconds};
    msg.msg.target.name = "test";
    msg.msg.msg = to_bytes(text);
    uut.handle_send(1, msg, now);
    pump();
  }

  /// The connection ended for this reason, and for no other one.
  bool broke_off(std::string_view reason) {
    CHECK(heard() == goodbye);
    CHECK(uut.metrics().ends.size() == 1);
    return ended(reason) == 1 && !uut.connected();
  }
};

} // namespace

TEST_CASE_FIXTURE(connected_rogue, "honest messages are no violation") {
  send(0, {message("a"), message("b")});
  CHECK(heard() == "got a, got b, ack 0:2");
  open(1, "other");
  send(2, {message("c")}, true, 1);
  CHECK(heard() == "got c for other, ack 1:3");
  say(control::close{0});
  send_unreliable({message("d")}, true, 1);
  CHECK(heard() == "got d for other");
  CHECK(uut.metrics().ends.empty());
}

TEST_CASE_FIXTURE(connected_rogue, "a number is left out") {
  send(0, {message("a")});
  CHECK(heard() == "got a, ack 0:1");
  send(2, {message("b")});
  CHECK(broke_off("out_of_order"));
}

TEST_CASE_FIXTURE(connected_rogue, "a number comes twice") {
  chunk_list list;
  auto octets = message("a");
  list.add(0, true, octets);
  auto frame = sealed(frame_kind::node_msg, 0, encoded(list));
  feed(frame);
  CHECK(heard() == "got a, ack 0:1");
  SUBCASE("in a message") {
    feed(frame);
  }
  SUBCASE("in a void range") {
    say(control::void_range{0, 2});
  }
  CHECK(broke_off("out_of_order"));
}

TEST_CASE_FIXTURE(connected_rogue, "a void range that cannot be right") {
  SUBCASE("it begins too late") {
    say(control::void_range{1, 2});
  }
  SUBCASE("it is empty") {
    say(control::void_range{0, 0});
  }
  CHECK(broke_off("out_of_order"));
}

TEST_CASE_FIXTURE(connected_rogue, "a void range beyond all numbers") {
  say(control::void_range{0, limits::sequence_end + 1});
  CHECK(broke_off("bad_range"));
}

TEST_CASE_FIXTURE(connected_rogue, "a chunk without octets") {
  send(0, {bytes{}});
  CHECK(broke_off("empty_chunk"));
}

TEST_CASE_FIXTURE(connected_rogue, "an unreliable chunk without octets") {
  send_unreliable({bytes(1), bytes{}});
  CHECK(broke_off("empty_chunk"));
}

TEST_CASE_FIXTURE(connected_rogue, "a fragment of another size") {
  send(0, {bytes(limits::fragment - 1)}, false);
  CHECK(broke_off("bad_fragment"));
}

TEST_CASE_FIXTURE(connected_rogue, "an unreliable fragment of another size") {
  SUBCASE("one that is not the last") {
    send_unreliable({bytes(limits::fragment)}, false);
    CHECK(uut.connected());
    send_unreliable({bytes(1)}, false);
  }
  SUBCASE("the last one") {
    send_unreliable({bytes(limits::fragment + 1)});
  }
  CHECK(broke_off("bad_fragment"));
}

TEST_CASE("more than the window allows") {
  peer_settings settings;
  settings.channel_window = limits::min_channel_window;
  connected_rogue uut{settings};
  uut.takes_messages = false;
  uut.send(0, {uut.message(std::string(15'000, 'x'))});
  CHECK(uut.heard().starts_with("got x"));
  uut.send(1, {uut.message(std::string(1'000, 'x'))});
  CHECK(uut.broke_off("beyond_window"));
}

TEST_CASE("a message longer than the limit") {
  peer_settings settings;
  settings.max_message = 1'000;
  connected_rogue uut{settings};
  uut.send(0, {bytes(1'001)});
  CHECK(uut.broke_off("message_too_long"));
}

TEST_CASE_FIXTURE(connected_rogue, "what names a channel that is not open") {
  SUBCASE("a chunk") {
    send(0, {message("a")}, true, 1);
  }
  SUBCASE("an unreliable one") {
    send_unreliable({message("a")}, true, 1);
  }
  SUBCASE("one that was closed") {
    say(control::close{0});
    send(0, {message("a")});
  }
  SUBCASE("close") {
    say(control::close{1});
  }
  SUBCASE("abort") {
    say(control::abort{1, 0});
  }
  SUBCASE("settled") {
    say(control::settled{1, 0});
  }
  CHECK(broke_off("unknown_channel"));
}

TEST_CASE_FIXTURE(connected_rogue,
                  "a channel that is opened as it may not be") {
  std::string_view reason = "bad_open";
  SUBCASE("twice") {
    open(1, "echo");
  }
  SUBCASE("with a number left out") {
    open(2, "other");
    reason = "out_of_order";
  }
  SUBCASE("with a number of another one") {
    open(0, "other");
    reason = "out_of_order";
  }
  SUBCASE("with a window that it never had") {
    say(control::open{1, "other", transport_ordering::ordered, 1u << 30});
  }
  CHECK(broke_off(reason));
}

TEST_CASE_FIXTURE(connected_rogue, "a channel is closed too early") {
  takes_messages = false;
  send(0, {message("a")});
  CHECK(heard() == "got a");
  say(control::close{0});
  CHECK(broke_off("bad_close"));
}

TEST_CASE("a resume with a window that is too small") {
  rogue uut;
  uut.connect({0, {}, limits::min_channel_window - 1});
  CHECK(uut.heard() == "resume 0 none, goodbye protocol_error, closed");
  CHECK(uut.ended("bad_window") == 1);
}

TEST_CASE_FIXTURE(connected_rogue, "resume once more") {
  say(control::resume{0, {}, 1});
  CHECK(broke_off("second_resume"));
}

TEST_CASE_FIXTURE(connected_rogue, "an ack of what was never sent") {
  SUBCASE("in no channel") {
    say(control::ack{{{0, 0, 1'000, {}}}});
  }
  SUBCASE("in one") {
    send_to_alice("hello");
    CHECK(heard() == "open 0 test, node_msg 0+1");
    say(control::ack{{{0, 2, 1'000, {}}}});
  }
  CHECK(broke_off("beyond_sent"));
}

TEST_CASE_FIXTURE(connected_rogue, "a reject of what was not acknowledged") {
  send_to_alice("hello");
  CHECK(heard() == "open 0 test, node_msg 0+1");
  say(control::ack{{{0, 0, 1'000, {{0, control::reject_reason::malformed}}}}});
  CHECK(broke_off("bad_reject"));
}

TEST_CASE_FIXTURE(connected_rogue, "settled beyond what was consumed") {
  say(control::settled{0, 1});
  CHECK(broke_off("beyond_received"));
}

TEST_CASE_FIXTURE(connected_rogue, "a control frame is left out, or repeated") {
  // These came before: resume, open, reopened.
  auto plaintext = control::encode_frame(control::heartbeat{});
  auto first = sealed(frame_kind::control, 3, plaintext);
  SUBCASE("left out") {
    feed(sealed(frame_kind::control, 4, plaintext));
  }
  SUBCASE("repeated") {
    feed(first);
    feed(first);
  }
  CHECK(broke_off("out_of_order"));
}

TEST_CASE_FIXTURE(connected_rogue, "an unreliable frame is left out") {
  send_unreliable({message("a")});
  CHECK(heard() == "got a");
  chunk_list list;
  auto octets = message("b");
  list.add(0, true, octets);
  feed(sealed(frame_kind::unreliable, 2, encoded(list)));
  CHECK(broke_off("out_of_order"));
}

TEST_CASE_FIXTURE(connected_rogue, "plaintext that is none") {
  SUBCASE("an unknown tag below 128") {
    say_raw(hex("0c00"));
  }
  SUBCASE("a body that goes on") {
    say_raw(hex("090100"));
  }
  SUBCASE("nothing") {
    say_raw({});
  }
  SUBCASE("a list without chunks") {
    feed(sealed(frame_kind::node_msg, 0, hex("00")));
  }
  SUBCASE("a body that is no frame") {
    uut.handle_frame(1, numbered(9), now);
    pump();
  }
  CHECK(broke_off("malformed"));
}

TEST_CASE_FIXTURE(connected_rogue, "a frame of the handshake") {
  bytes frame;
  append_handshake_frame(frame, frame_kind::handshake_init, numbered(99));
  feed(frame);
  CHECK(broke_off("not_sealed"));
}

TEST_CASE_FIXTURE(connected_rogue, "a frame without a cipher") {
  auto frame = sealed_control(hex("0900"));
  frame[6] = std::byte{0};
  feed(frame);
  CHECK(broke_off("null_cipher"));
}

TEST_CASE_FIXTURE(connected_rogue, "a frame of another cipher") {
  auto frame = sealed_control(hex("0900"));
  frame[6] = std::byte{2};
  feed(frame);
  CHECK(broke_off("wrong_cipher"));
}

TEST_CASE_FIXTURE(connected_rogue, "a key that is never replaced") {
  for (auto hours = 0; hours < 4; ++hours)
    for (auto i = 0; i < 180 && uut.connected(); ++i) {
      say(control::heartbeat{});
      wait(20s);
    }
  CHECK(ended("key_worn_out") == 1);
  CHECK(now.steady > 1000s + 2h - 21s);
  CHECK(now.steady < 1000s + 2h + 21s);
}

TEST_CASE_FIXTURE(connected_rogue, "a key that is replaced in time") {
  for (auto i = 0; i < 4 * 180; ++i) {
    say(control::heartbeat{});
    if (i % 90 == 0)
      say(control::rekey{});
    wait(20s);
  }
  CHECK(uut.connected());
  CHECK(uut.metrics().ends.empty());
}

TEST_CASE_FIXTURE(connected_rogue, "an advert that is stale is counted") {
  node_advert advert;
  advert.version = 9;
  REQUIRE(sign_advert(alice(), advert));
  say(advert);
  CHECK(heard() == "learned");
  CHECK(uut.advert_version() == 9);
  say(advert);
  CHECK(heard().empty());
  CHECK(uut.connected());
  CHECK(uut.metrics().stale_adverts == 1);
}

TEST_CASE_FIXTURE(connected_rogue, "adverts without end") {
  node_advert advert;
  auto say_next = [&] {
    ++advert.version;
    REQUIRE(sign_advert(alice(), advert));
    say(advert);
  };
  say_next();
  CHECK(heard() == "learned");
  // Time earns no more than what is allowed at once.
  wait(5s);
  for (int i = 0; i < 16; ++i) {
    say_next();
    CHECK(heard() == "learned");
  }
  wait(999ms);
  SUBCASE("one a second is allowed") {
    wait(1ms);
    say_next();
    CHECK(heard() == "learned");
  }
  SUBCASE("more are not") {
    say_next();
    CHECK(broke_off("too_many_adverts"));
    CHECK(uut.advert_version() == 17);
  }
}

TEST_CASE_FIXTURE(connected_rogue, "adverts that are wrong") {
  node_advert advert;
  advert.version = 9;
  REQUIRE(sign_advert(alice(), advert));
  std::string_view reason = "bad_signature";
  SUBCASE("the signature") {
    advert.version = 10;
  }
  SUBCASE("the node") {
    REQUIRE(sign_advert(identity::from_seed(numbered_key(3)), advert));
    reason = "wrong_node";
  }
  SUBCASE("our own, forged") {
    advert.id = bob().id();
  }
  say(advert);
  CHECK(broke_off(reason));
}

TEST_CASE_FIXTURE(connected_rogue, "an advert of ours that we forgot") {
  node_advert advert;
  advert.version = 9;
  REQUIRE(sign_advert(bob(), advert));
  say(advert);
  CHECK(heard() == "overtaken");
  auto own = std::make_shared<node_advert>();
  own->version = 9;
  REQUIRE(sign_advert(bob(), *own));
  uut.handle_local_advert(own, now);
  pump();
  CHECK(heard() == "advert 9");
  say(advert);
  CHECK(heard().empty());
  CHECK(uut.metrics().stale_adverts == 1);
}

TEST_CASE("a resume frame may be beyond what this side knows of") {
  rogue uut;
  uut.connect({2, {}, 1'000'000});
  CHECK(uut.heard() == "resume 0 none, reopened, ack 0:2");
  uut.say(control::goodbye{});
  CHECK(uut.heard() == "goodbye shutdown finished, closed");
  uut.connect({5, {}, 1'000'000});
  CHECK(uut.heard() == "resume 0 2, reopened, ack 0:2");
  uut.say(control::void_range{2, 5});
  uut.send(5, {uut.message("a")});
  CHECK(uut.heard() == "got a, ack 0:6");
}

TEST_CASE("resume frames that cannot be right") {
  rogue uut;
  uut.connect();
  uut.send(0, {uut.message("a")});
  uut.say(control::goodbye{});
  CHECK(uut.heard()
        == "resume 0 none, reopened, ack 0:0, got a, ack 0:1, "
           "goodbye shutdown finished, closed");
  SUBCASE("received is beyond what was sent") {
    uut.connect({0, control::received_state{22, 1}, 1'000'000});
    CHECK(uut.heard() == "resume 0 1, goodbye protocol_error, closed");
    CHECK(uut.ended("beyond_sent") == 1);
  }
  SUBCASE("first is beyond all numbers") {
    uut.connect({limits::sequence_end + 1, {}, 1'000'000}, 12);
    CHECK(uut.heard() == "resume 0 1, goodbye protocol_error, closed");
    CHECK(uut.ended("bad_range") == 1);
  }
  SUBCASE("received is of another epoch") {
    uut.connect({0, control::received_state{23, 1}, 1'000'000});
    CHECK(uut.heard() == "resume 0 1, reopened, ack 0:1");
  }
  CHECK(uut.ended("shutdown") == 1);
}

TEST_CASE_FIXTURE(connected_rogue, "a bad resume leaves nothing connected") {
  connect({0, control::received_state{22, 7}, 1'000'000});
  CHECK(ended("superseded") == 1);
  CHECK(ended("beyond_sent") == 1);
  CHECK_FALSE(uut.connected());
}

TEST_CASE_FIXTURE(connected_rogue, "messages that are rejected, not refused") {
  send(0, {numbered(5), message("a"), bytes(9)});
  CHECK(heard() == "got a, ack 0:3 malformed malformed");
  CHECK(uut.metrics().messages_rejected == 2);
  say(control::settled{0, 3});
  send(3, {message("b")});
  CHECK(heard() == "got b, ack 0:4");
}

TEST_CASE_FIXTURE(connected_rogue, "unsettled rejects hold back others") {
  constexpr std::uint64_t most = limits::unsettled_rejects;
  for (std::uint64_t seq = 0; seq < most + 1; ++seq)
    send(seq, {numbered(5)});
  heard();
  send(most + 1, {message("b")});
  CHECK(heard() == "got b");
  wait(5s);
  CHECK(heard().empty());
  say(control::settled{0, most - 1});
  CHECK(heard() == "ack 0:1026 malformed malformed");
}

TEST_CASE_FIXTURE(connected_rogue, "control frames of later versions") {
  say_raw(hex("800103aabbcc"));
  say_raw(hex("c80100"));
  CHECK(heard().empty());
  CHECK(uut.connected());
  CHECK(uut.metrics().unknown_controls == 2);
}

TEST_CASE("acknowledgements to a peer that does not read do not pile up") {
  peer_settings settings;
  settings.backlog_bytes = 20'000;
  connected_rogue uut{settings};
  uut.takes_bytes = false;
  for (std::uint64_t seq = 0; seq < 3'000; ++seq)
    uut.send(seq, {uut.message("a")});
  CHECK(uut.written < settings.backlog_bytes + 200);
  uut.wait(29s);
  CHECK(uut.written < settings.backlog_bytes + 200);
  // Once the socket takes it, all is acknowledged at once.
  uut.heard();
  uut.takes_bytes = true;
  uut.uut.handle_written(1, uut.written);
  uut.pump();
  CHECK(uut.heard() == "ack 0:3000");
}

TEST_CASE("a peer that restarts again and again gets no more room") {
  rogue uut{with_little_room()};
  uut.takes_messages = false;
  std::uint64_t held = 0;
  for (std::uint64_t epoch = 1; epoch < 20; ++epoch) {
    uut.connect({0, {}, 1'000'000}, epoch);
    auto text = uut.heard();
    if (text.find("goodbye limit") != text.npos) {
      CHECK(text.ends_with("goodbye limit finished, closed"));
      continue;
    }
    uut.send(0, {uut.message(std::string(9'000, 'x'))});
    held += 9'000;
    CHECK(uut.heard().starts_with("got xxx"));
    uut.say(control::goodbye{});
    CHECK(uut.heard() == "goodbye shutdown, closed");
  }
  // What is lost with one epoch counts from the next one on.
  CHECK(held == 27'000);
  CHECK(uut.ended("limit") == 16);
}

TEST_CASE("a peer that gets no more room is dialled ever less often") {
  rogue uut{with_little_room()};
  uut.takes_messages = false;
  uut.dial_later();
  // Engines keep more of its earlier lives than they may.
  std::uint64_t epoch = 0;
  for (; uut.ended("limit") == 0 && epoch < 10; ++epoch) {
    uut.connect({0, {}, 1'000'000}, epoch);
    if (!uut.uut.connected())
      break;
    uut.send(0, {uut.message(std::string(9'000, 'x'))});
    uut.say(control::goodbye{});
  }
  REQUIRE(uut.ended("limit") == 1);
  uut.uut.handle_permanence(connection_permanence::permanent, uut.now);
  uut.opens = false;
  std::size_t dials = 0;
  for (auto end = uut.now.steady + 1min; uut.now.steady < end;) {
    uut.pump();
    if (uut.heard().find("dial") != std::string::npos) {
      ++dials;
      uut.connect({0, {}, 1'000'000}, epoch);
    }
    uut.wait(10ms);
  }
  CHECK(uut.ended("limit") == 1 + dials);
  CHECK(dials > 3);
  CHECK(dials < 30);
}

TEST_CASE("connections that are being left are few") {
  rogue uut;
  for (auto i = 0; i < 100; ++i)
    uut.connect();
  CHECK(uut.ended("superseded") == 99);
  auto text = uut.heard();
  std::size_t closed = 0;
  for (auto at = text.find("old closed"); at != std::string::npos;
       at = text.find("old closed", at + 1))
    ++closed;
  CHECK(closed >= 90);
}

TEST_CASE("whoever comes while this node stops is told goodbye") {
  rogue uut;
  uut.connect();
  uut.uut.handle_shutdown(uut.now.steady + 5s, uut.now);
  uut.pump();
  uut.heard();
  uut.connect();
  CHECK(uut.heard() == "resume 0 0, goodbye shutdown finished");
}

TEST_CASE("a bad session leaves our own attempt alone") {
  rogue uut;
  uut.dial(50);
  CHECK(uut.heard() == "learned, dial");
  uut.connect({0, test::control::received_state{22, 7}, 1'000'000});
  CHECK(uut.ended("beyond_sent") == 1);
  uut.heard();
  uut.uut.handle_closed(50, close_reason::lost, uut.now);
  CHECK(uut.ended("lost") == 1);
}

TEST_CASE("our own attempt ends when the peer has come to us") {
  rogue uut;
  uut.dial(50);
  CHECK(uut.heard() == "learned, dial");
  uut.connect();
  CHECK(uut.heard() == "resume 0 none, reopened, old closed, ack 0:0");
}
