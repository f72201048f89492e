// Inbound connections from whoever: what a node does with peers that do not
// keep to the protocol.

#include <algorithm>
#include <chrono>
#include <iterator>
#include <thread>
#include <vector>

#include <node_proxy/protocol/session/handshake.hpp>
#include <node_proxy/protocol/wire/frame.hpp>

#include "actors/node_fixture.hpp"
#include "actors/proxy/raw_peer.hpp"
#include "support/frames.hpp"

using namespace test;

namespace {

/// A node with short patience, and a raw connection to it.
struct accepting_node {
  static node_config impatient_config() {
    auto result = local_config();
    result.settings.handshake_timeout = std::chrono::milliseconds{200};
    return result;
  }

  explicit accepting_node(const node_config& config = impatient_config())
    : node{config} {}

  raw_peer connect() {
    return raw_peer{std::get<tcp_addr>(node.node.addresses().front())};
  }

  /// Waits until an inbound handshake has failed for this reason, `count` times
  /// in all.
  void wait_for_failures(std::string_view reason, std::uint64_t count) {
    INFO(reason);
    REQUIRE(comes_true([&] {
      auto metrics = node.ask<node_metrics>(get_node_metrics{});
      REQUIRE(metrics);
      return std::ranges::count(metrics->failed_handshakes,
                                reason_count{std::string{reason}, count})
             == 1;
    }));
  }

  /// Nobody is known, connected or served.
  void check_untouched() {
    auto metrics = node.ask<node_metrics>(get_node_metrics{});
    REQUIRE(metrics);
    CHECK(metrics->connected_peers == 0);
    CHECK(metrics->node_proxies == 0);
    // Where it listens is the only thing that a node tells of itself.
    static_cast<void>(node.next_event<listening_event>());
    CHECK_FALSE(node.has_event());
  }

  /// The first frame of a handshake with this node.
  bytes first_frame(const identity& initiator, hello offer = {}) {
    offer.request.proto_ver_min = 1;
    offer.request.proto_ver_max = 1;
    offer.request.src_node_id = initiator.id();
    offer.request.dst_node_id = node.node.id();
    offer.ciphers = {1};
    initiator_handshake handshake{initiator, *noise_key_of(node.node.id()),
                                  os_random_key(), offer};
    auto result = handshake.write_init();
    REQUIRE(result);
    return *result;
  }

  test_node node;
};

/// For strangers that may stay as long as the test takes.
node_config patient_config() {
  auto result = local_config();
  result.settings.handshake_timeout = std::chrono::seconds{60};
  result.settings.first_frame_timeout = std::chrono::seconds{60};
  return result;
}

} // namespace

TEST_CASE_FIXTURE(accepting_node,
                  "garbage on the port is shut without a word") {
  auto peer = connect();
  peer.send(as_bytes("GET / HTTP/1.1\r\nHost: example\r\n\r\n"));
  CHECK(peer.sees_end());
  // "GET " is a length beyond what a handshake may have.
  wait_for_failures("length_over_limit", 1);
  check_untouched();
}

TEST_CASE_FIXTURE(accepting_node, "a length of 4 GiB is shut at once") {
  auto peer = connect();
  peer.send(bytes(4, std::byte{0xff}));
  CHECK(peer.sees_end());
  wait_for_failures("length_over_limit", 1);
  check_untouched();
}

TEST_CASE_FIXTURE(accepting_node, "a length of zero is shut at once") {
  auto peer = connect();
  peer.send(bytes(4));
  CHECK(peer.sees_end());
  wait_for_failures("length_zero", 1);
}

TEST_CASE_FIXTURE(accepting_node, "half a frame and silence is shut in time") {
  auto frame = first_frame(*fresh_identity());
  auto peer = connect();
  peer.send(bytes_view{frame}.first(frame.size() / 2));
  CHECK(peer.sees_end());
  wait_for_failures("first_frame_timeout", 1);
  check_untouched();
}

TEST_CASE_FIXTURE(accepting_node,
                  "silence from the beginning is shut in time") {
  auto peer = connect();
  CHECK(peer.sees_end());
  wait_for_failures("first_frame_timeout", 1);
}

TEST_CASE("the first frame has its own time, however slowly it comes") {
  auto config = patient_config();
  config.settings.first_frame_timeout = std::chrono::milliseconds{200};
  accepting_node uut{config};
  auto frame = uut.first_frame(*fresh_identity());
  auto peer = uut.connect();
  for (std::size_t i = 0; peer.send(bytes_view{frame}.subspan(i, 1)); ++i) {
    REQUIRE(i + 1 < frame.size());
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
  uut.wait_for_failures("first_frame_timeout", 1);
}

TEST_CASE("who has sent his first frame has the time of a handshake") {
  auto config = patient_config();
  config.settings.first_frame_timeout = std::chrono::milliseconds{200};
  config.settings.handshake_timeout = std::chrono::milliseconds{600};
  accepting_node uut{config};
  auto peer = uut.connect();
  peer.send(uut.first_frame(*fresh_identity()));
  CHECK(peer.sees_end());
  uut.wait_for_failures("handshake_timeout", 1);
}

TEST_CASE_FIXTURE(accepting_node, "a frame that is not for us is shut") {
  auto frame = first_frame(*fresh_identity());
  frame.back() ^= std::byte{1};
  auto peer = connect();
  peer.send(frame);
  CHECK(peer.sees_end());
  wait_for_failures("noise_failed", 1);
  check_untouched();
}

TEST_CASE_FIXTURE(accepting_node,
                  "a replayed first message changes nothing but a counter") {
  auto frame = first_frame(*fresh_identity());
  for (std::uint64_t i = 1; i <= 3; ++i) {
    auto peer = connect();
    peer.send(frame);
    CHECK(peer.sees_end());
    wait_for_failures("handshake_timeout", i);
  }
  check_untouched();
}

TEST_CASE_FIXTURE(accepting_node, "what follows must be sealed by the peer") {
  auto frame = first_frame(*fresh_identity());
  auto peer = connect();
  peer.send(frame);
  bytes forged;
  bytes body(40, std::byte{4});
  append_frame(forged, body);
  peer.send(forged);
  CHECK(peer.sees_end());
  wait_for_failures("not_proven", 1);
  check_untouched();
}

TEST_CASE_FIXTURE(accepting_node, "descriptors come back to their level") {
  {
    auto peer = connect();
    CHECK(peer.sees_end());
  }
  auto before = open_descriptors();
  for (int i = 0; i < 100; ++i) {
    auto peer = connect();
    peer.send(bytes(4, std::byte{0xff}));
    CHECK(peer.sees_end());
  }
  wait_for_failures("length_over_limit", 100);
  CHECK(wait_for_descriptors(before));
}

TEST_CASE("nothing is left after the shutdown") {
  accepting_node uut{patient_config()};
  auto forged = uut.first_frame(*fresh_identity());
  forged.back() ^= std::byte{1};
  auto before = open_descriptors();
  std::vector<raw_peer> strangers;
  std::generate_n(std::back_inserter(strangers), 50,
                  [&] { return uut.connect(); });
  REQUIRE(comes_true(
    [&] { return open_descriptors() >= before + 2 * strangers.size(); }));
  // That is work for some time.
  for (auto& x : strangers)
    x.send(forged);
  uut.node.node.shutdown();
  // So is the socket that listened.
  CHECK(open_descriptors() < before + strangers.size());
}

TEST_CASE("the oldest stranger makes room for the next one") {
  auto config = patient_config();
  // An eighth of them may be silent.
  config.max_unproven = 24;
  accepting_node uut{config};
  std::vector<raw_peer> strangers;
  for (std::size_t i = 0; i < 5; ++i)
    strangers.push_back(uut.connect());
  uut.wait_for_failures("made_room", 2);
  CHECK(strangers[0].sees_end());
  CHECK(strangers[1].sees_end());
  // The others are still there.
  for (std::size_t i = 2; i < 5; ++i) {
    strangers[i].send(uut.first_frame(*fresh_identity()));
    CHECK(strangers[i].receive(1).size() == 1);
  }
}
