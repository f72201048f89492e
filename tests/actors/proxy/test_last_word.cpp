// What a node says last gets to a peer that goes on writing.

#include <string>
#include <thread>

#include "actors/node_fixture.hpp"
#include "protocol/session/handshake_pair.hpp"
#include "raw_peer.hpp"

using namespace test;

namespace {

/// Somebody with a key of its own who speaks to a node over a plain socket.
class talker {
public:
  explicit talker(const test_node& to)
    : peer_(std::get<tcp_addr>(to.node.advert().addrs.at(0).address)),
      who_(fresh_identity()), handshake_(*who_, *noise_key_of(to.node.id()),
                                         os_random_key(), offer(to.node.id())) {
    auto init = handshake_.write_init();
    REQUIRE(init);
    REQUIRE(peer_.send(*init));
    auto reply = handshake_.handle_reply(next_body());
    REQUIRE(reply);
    session_.emplace(std::move(std::get<session>(*reply)));
  }

  /// A frame, followed by octets that are none.
  void say(const control::frame& frame, bytes_view more = {}) {
    bytes out;
    session_->seal(frame, out);
    out.insert(out.end(), more.begin(), more.end());
    REQUIRE(peer_.send(out));
  }

  /// Sends until the other end wants nothing more.
  void flood(bytes_view data) {
    while (peer_.send(data))
      continue;
  }

  /// What the last frame was before the end of the stream, if it is a goodbye.
  std::string last_word() {
    std::string result;
    for (auto body = next_body(); !body.empty(); body = next_body()) {
      auto frame = session_->open(body);
      REQUIRE(frame);
      auto control = std::get_if<control::frame>(&*frame);
      auto goodbye = control ? std::get_if<control::goodbye>(control) : nullptr;
      result =
        goodbye ? to_string(control::goodbye_reason_of(goodbye->reason)) : "";
    }
    return result;
  }

private:
  hello offer(const node_id& to) const {
    auto result = alices_hello();
    result.request = {1, 1, who_->id(), to, 0, 0};
    return result;
  }

  /// Empty at the end of the stream.
  bytes next_body() {
    auto length = peer_.receive(4);
    if (length.size() < 4)
      return {};
    auto size = std::to_integer<std::size_t>(length[0])
                | std::to_integer<std::size_t>(length[1]) << 8;
    return peer_.receive(size);
  }

  raw_peer peer_;
  std::shared_ptr<const identity> who_;
  initiator_handshake handshake_;
  std::optional<session> session_;
};

constexpr int tries = 50;

} // namespace

TEST_CASE("whoever breaks the protocol and goes on is told goodbye") {
  test_node uut{local_config()};
  // Lengths that no frame has.
  bytes garbage;
  SUBCASE("with a length that is too large") {
    garbage = bytes(4, std::byte{0xff});
  }
  SUBCASE("with much more than one read takes in") {
    garbage = bytes(1'000'000, std::byte{0xff});
  }
  SUBCASE("with a length of zero") {
    garbage = bytes(4);
  }
  int told = 0;
  for (int i = 0; i < tries; ++i) {
    talker peer{uut};
    peer.say(control::resume{});
    peer.say(control::resume{}, garbage);
    told += peer.last_word() == "protocol_error";
  }
  CHECK(told == tries);
}

TEST_CASE("whoever breaks the protocol with its second frame is told goodbye") {
  test_node uut{local_config()};
  int told = 0;
  for (int i = 0; i < tries; ++i) {
    talker peer{uut};
    bytes all(4, std::byte{0xff});
    peer.say(control::resume{}, {});
    peer.say(control::settled{1}, all);
    told += peer.last_word() == "protocol_error";
  }
  CHECK(told == tries);
}

TEST_CASE("whoever does not stop to write is told goodbye") {
  test_node uut{local_config()};
  int told = 0;
  for (int i = 0; i < tries; ++i) {
    talker peer{uut};
    peer.say(control::resume{});
    peer.say(control::resume{});
    std::thread flood{[&peer] {
      peer.flood(bytes(16 * 1024));
    }};
    told += peer.last_word() == "protocol_error";
    flood.join();
  }
  CHECK(told == tries);
}
