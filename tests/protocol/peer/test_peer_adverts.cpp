// How peers tell each other where they can be reached.

#include <doctest/doctest.h>

#include "two_nodes.hpp"

using namespace simulation;

TEST_CASE_FIXTURE(two_nodes, "each end learns of the other") {
  CHECK(a.known_version(b) == 1);
  CHECK(b.known_version(a) == 0);
  connect();
  CHECK(a.known_version(b) == 1);
  CHECK(b.known_version(a) == 1);
}

TEST_CASE_FIXTURE(two_nodes, "newer adverts are exchanged, both ways") {
  net.introduce(b, a);
  a.issue_advert(5);
  b.issue_advert(7);
  connect();
  CHECK(a.known_version(b) == 7);
  CHECK(b.known_version(a) == 5);
}

TEST_CASE_FIXTURE(two_nodes, "known adverts are not sent again") {
  net.introduce(b, a);
  a.connect(b);
  net.run_for(100ms);
  CHECK(net.take_transcript() == R"(0 a/b learned advert 1
0 a/b dial
4 b/a learned advert 1
4 b/a connected in
5 a/b connected out
)");
  // Only what begins a connection; the first frame was part of the handshake.
  CHECK(a.peer_of(b)->metrics().frames_in == 2);
  CHECK(b.peer_of(a)->metrics().frames_in == 1);
}

TEST_CASE_FIXTURE(two_nodes, "an advert is sent when it is issued") {
  connect();
  a.issue_advert(9);
  b.issue_advert(8);
  net.run_for(100ms);
  CHECK(b.known_version(a) == 9);
  CHECK(a.known_version(b) == 8);
}

TEST_CASE_FIXTURE(two_nodes, "of many adverts the last one arrives") {
  connect();
  auto frames = b.peer_of(a)->metrics().frames_in;
  for (std::uint64_t version = 10; version < 60; ++version) {
    a.issue_advert(version);
    net.run_for(10ms);
  }
  CHECK(b.known_version(a) == 10);
  net.run_for(2s);
  CHECK(b.known_version(a) == 59);
  CHECK(b.peer_of(a)->metrics().frames_in == frames + 2);
  CHECK(b.connected(a));
}

TEST_CASE_FIXTURE(two_nodes, "a node that forgot its advert is told of it") {
  a.issue_advert(50);
  connect();
  CHECK(b.known_version(a) == 50);
  a.crash();
  a.lose_state();
  a.start(3);
  net.introduce(a, b);
  a.connect(b);
  net.run_for(1s);
  auto transcript = net.take_transcript();
  CHECK(transcript.find("a/b overtaken by advert 50\n") != std::string::npos);
  CHECK(a.advert().version == 51);
  CHECK(b.known_version(a) == 51);
}

TEST_CASE_FIXTURE(two_nodes, "the responder may have forgotten its advert") {
  b.issue_advert(50);
  net.introduce(a, b);
  b.crash();
  b.lose_state();
  b.start(2);
  connect();
  CHECK(b.advert().version == 51);
  CHECK(a.known_version(b) == 51);
}

TEST_CASE_FIXTURE(two_nodes, "a new address is dialled") {
  auto& c = net.add("c");
  net.introduce(c, b);
  c.set_permanent(b);
  net.run_for(1s);
  CHECK(c.connected(b));
  node_advert moved = b.advert();
  net.cut(net.between(c, b)[0]);
  net.run_for(1s);
  CHECK(c.connected(b));
}

TEST_CASE_FIXTURE(two_nodes, "adverts are checked wherever they come from") {
  auto& c = net.add("c");
  a.with_peer(b.id(), [&](peer& x) {
    auto verdict = [&](const node_advert& advert) {
      auto reply = x.handle_remote_advert(advert, net.now());
      auto refused = std::get_if<node_advert_refusal>(&reply.result);
      return std::string{refused ? to_string(*refused) : "accepted"};
    };
    CHECK(verdict(b.advert()) == "stale");
    CHECK(verdict(c.advert()) == "wrong_node");
    auto forged = b.advert();
    forged.version = 9;
    CHECK(verdict(forged) == "bad_signature");
    CHECK(x.advert_version() == 1);
  });
  b.issue_advert(9);
  a.with_peer(b.id(), [&](peer& x) {
    auto reply = x.handle_remote_advert(b.advert(), net.now());
    CHECK(std::get<node_advert_accepted>(reply.result).version == 9);
  });
}
