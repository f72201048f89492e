// Messages of the specification that come to a peer from elsewhere than its
// connection.

#include <doctest/doctest.h>

#include "rogue.hpp"
#include "two_nodes.hpp"

using namespace simulation;
using test::rogue;

TEST_CASE_FIXTURE(two_nodes, "a reply that is an error ends what is queued") {
  b.crash();
  auto reply = [this](const connect_reply& x) {
    a.with_peer(b.id(), [&](peer& y) { y.handle_connect_reply(x, net.now()); });
  };
  auto first = a.send(b, "echo", "1");
  reply({connect_reply_error::denied});
  CHECK(a.outcome(first) == "denied");
  auto second = a.send(b, "echo", "2");
  reply({connect_reply_error::incompatible});
  CHECK(a.outcome(second) == "incompatible");
  auto third = a.send(b, "echo", "3", {rel_time{5}});
  reply({connect_reply_error::over_capacity});
  net.run_for(6s);
  CHECK(a.outcome(third) == "over_capacity");
  b.start();
  reply({connect_reply_ok{}});
  net.run_for(60s);
  CHECK(both_connected());
}

TEST_CASE("a sealed message counts by whatever way it comes") {
  rogue uut;
  chunk_list list;
  auto message = uut.message("hello");
  list.add(0, true, message);
  node_msg early{0, encrypted_msg_chacha20_poly1305{bytes(40)}};
  CHECK_FALSE(uut.uut.handle_node_msg(early, uut.now));
  uut.connect();
  uut.heard();
  auto frame =
    test::body_of(uut.sealed(frame_kind::node_msg, 0, test::encoded(list)));
  auto parsed = parse_body(frame).value();
  node_msg msg{parsed.number,
               encrypted_msg_chacha20_poly1305{to_bytes(parsed.ciphertext)}};
  CHECK(uut.uut.handle_node_msg(msg, uut.now));
  uut.pump();
  CHECK(uut.heard() == "got hello, ack 0:1");
  CHECK(uut.uut.handle_node_msg({1, encrypted_msg_null{bytes(40)}}, uut.now));
  uut.pump();
  CHECK(uut.heard() == "goodbye protocol_error, closed");
  CHECK(uut.ended("null_cipher") == 1);
}
