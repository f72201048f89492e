// Octets that are altered on the way: whichever it is, the connection ends with
// a reason that is counted, and what was sent arrives on the next one.

#include <doctest/doctest.h>

#include "rogue.hpp"
#include "two_nodes.hpp"

using namespace simulation;
using test::rogue;

namespace {

/// Reasons to end a connection that something was wrong with.
bool is_refusal(std::string_view reason) {
  for (std::string_view x :
       {"malformed", "not_sealed", "null_cipher", "wrong_cipher",
        "decrypt_failed", "length_zero", "length_over_limit"})
    if (reason == x)
      return true;
  return false;
}

/// Alters one octet of what a sends to b once they are connected. Then sends a
/// message. What ended the connection first for b?
std::string first_end(std::uint64_t position, std::byte mask) {
  two_nodes uut;
  uut.a.settings.heartbeat_interval = 10s;
  uut.connect();
  // Its channel is open then.
  REQUIRE(uut.wait_for(uut.a.send(uut.b, "echo", "first")));
  auto& way = uut.net.at(uut.the_connection()).directions[0];
  auto target = way.sent + position;
  way.tamper = [target, mask](bytes& data, std::uint64_t begin) {
    if (begin <= target && target < begin + data.size())
      data[target - begin] ^= mask;
  };
  auto token = uut.a.send(uut.b, "echo", "hello");
  REQUIRE(uut.wait_for(token, 120s));
  CHECK(uut.a.outcome(token) == "delivered");
  CHECK(uut.b.texts("echo") == "first hello");
  auto ends = uut.b.ends();
  REQUIRE(ends.size() == 1);
  return ends.begin()->first;
}

} // namespace

TEST_CASE("an altered node_msg frame ends the connection") {
  // length 4, kind, seq, cipher, length of data, plaintext, tag
  constexpr std::uint64_t size = 4 + 4 + 18 + 16;
  auto stalls = 0;
  for (std::uint64_t i = 0; i < size; ++i)
    for (auto mask : {0x01, 0x80}) {
      INFO("octet ", i, " mask ", mask);
      auto reason = first_end(i, std::byte(mask));
      // A length that grew is a frame that does not end: the peer is judged by
      // what arrives, or is given up by the other end first.
      auto stalled =
        reason == "dead_peer" || reason == "superseded" || reason == "lost";
      stalls += stalled;
      CHECK((is_refusal(reason) || (i < 4 && stalled)));
    }
  CHECK(stalls > 0);
  CHECK(stalls <= 4);
}

TEST_CASE("an altered control frame ends the connection") {
  for (std::size_t i = 4; i < 4 + 4 + 2 + 16; ++i)
    for (unsigned mask = 1; mask < 256; mask *= 2) {
      INFO("octet ", i, " mask ", mask);
      rogue uut;
      uut.opens = false;
      uut.connect();
      uut.heard();
      auto frame = uut.sealed(frame_kind::control, 1,
                              control::encode_frame(control::heartbeat{}));
      REQUIRE(frame.size() == 4 + 4 + 2 + 16);
      uut.feed(test::altered(frame, i, std::byte(mask)));
      CHECK(uut.heard() == "goodbye protocol_error, closed");
      REQUIRE(uut.uut.metrics().ends.size() == 1);
      CHECK(is_refusal(uut.uut.metrics().ends.begin()->first));
    }
}

TEST_CASE("a shortened or enlarged control frame ends the connection") {
  for (auto change : {-1, 1}) {
    rogue uut;
    uut.opens = false;
    uut.connect();
    uut.heard();
    auto frame = uut.sealed(frame_kind::control, 1,
                            control::encode_frame(control::heartbeat{}));
    auto body = test::body_of(frame);
    body.resize(body.size() + static_cast<std::size_t>(change));
    uut.uut.handle_frame(1, body, uut.now);
    uut.pump();
    CHECK(uut.heard() == "goodbye protocol_error, closed");
    CHECK(uut.ended("malformed") == 1);
  }
}

TEST_CASE("an altered octet of a whole conversation") {
  std::uint64_t altered = 0;
  for (std::uint64_t i = 0; i < 600; i += 3) {
    auto side = i % 2;
    auto position = i / 2;
    INFO("direction ", side, " octet ", position);
    two_nodes uut;
    auto first = true;
    auto hit = false;
    auto talking = true;
    uut.net.prepare = [&](connection_id, connection& x) {
      if (!std::exchange(first, false))
        return;
      x.directions[side].tamper = [&](bytes& data, std::uint64_t begin) {
        if (talking && begin <= position && position < begin + data.size()) {
          data[position - begin] ^= std::byte{4};
          hit = true;
        }
      };
    };
    auto token = uut.a.send(uut.b, "echo", "hello");
    REQUIRE(uut.wait_for(token, 120s));
    CHECK(uut.a.outcome(token) == "delivered");
    CHECK(uut.b.texts("echo") == "hello");
    // What follows is silence, of which the end might not be seen here.
    talking = false;
    uut.net.run_for(40s);
    altered += hit;
    CHECK(hit == !(uut.a.ends().empty() && uut.b.ends().empty()));
  }
  CHECK(altered > 100);
}

TEST_CASE_FIXTURE(two_nodes, "frames of another connection are no use") {
  net.prepare = [](connection_id, connection& x) {
    x.directions[0].keep = true;
  };
  connect();
  auto first = the_connection();
  auto before = net.at(first).directions[0].sent;
  a.send(b, "echo", "hello");
  net.run_for(1s);
  auto replay = bytes_view{net.at(first).directions[0].record}.subspan(before);
  auto copy = to_bytes(replay);
  net.cut(first);
  net.run_for(1s);
  a.connect(b);
  net.run_for(1s);
  net.write(the_connection(), a, copy);
  net.run_for(100ms);
  CHECK(b.count("decrypt_failed") == 1);
  CHECK(b.texts("echo") == "hello");
}
