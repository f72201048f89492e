// What goes on the next connection of what was sent on the last one.

#include <node_proxy/protocol/delivery/outbox.hpp>

#include "outbox_fixture.hpp"

using namespace test;

namespace {

struct fixture : outbox_fixture {
  /// Two fragments to a of three, for the window is full, and two to b.
  void interleave() {
    CHECK(connect(0, cost_of(2 * fragment)) == "reopened");
    send(1, "a", 3 * fragment);
    CHECK(sent(small_frame) == "open 0 a");
    CHECK(sent(small_frame) == "0a:16000");
    send(2, "b", 2 * fragment);
    CHECK(all_sent(small_frame) == "open 1 b, 1b:16000, 2a:16000, 3b:16000.");
  }
};

} // namespace

TEST_CASE_FIXTURE(fixture, "what arrived is not sent again, the rest is") {
  connect();
  send(1, "a", 10);
  send(2, "a", 2 * fragment);
  send(3, "a", 30);
  CHECK(all_sent() == "open 0 a, 0a:10. 1a:16000 2a:16000. 3a:30.");
  SUBCASE("nothing had arrived") {
    CHECK(reconnect(0) == "open 0 a, reopened");
    CHECK(all_sent() == "0a:10. 1a:16000 2a:16000. 3a:30.");
  }
  SUBCASE("a fragment had arrived") {
    CHECK(reconnect(2) == "open 0 a, reopened");
    CHECK(all_sent() == "2a:16000. 3a:30.");
  }
  SUBCASE("everything had arrived") {
    CHECK(reconnect(4) == "open 0 a, reopened");
    CHECK(all_sent() == "nothing");
  }
  CHECK(outcomes().empty());
  CHECK(ack(0, 4) == "ok");
  CHECK(outcomes() == "1=ok 2=ok 3=ok");
}

TEST_CASE_FIXTURE(fixture, "the count of what is sent again") {
  connect();
  for (send_token token = 1; token <= 3; ++token)
    send(token, "a", 10);
  send(4, "b", 2 * fragment);
  CHECK(all_sent()
        == "open 0 a, 0a:10. 1a:10. 2a:10., open 1 b, 3b:16000 4b:16000.");
  reconnect(1);
  CHECK(sent_again == 3);
  reconnect(4);
  CHECK(sent_again == 1);
  reconnect(5);
  CHECK(sent_again == 0);
}

TEST_CASE_FIXTURE(fixture, "what was acknowledged is not sent again") {
  connect();
  send(1, "a", 10);
  send(2, "a", 20);
  CHECK(all_sent() == "open 0 a, 0a:10. 1a:20.");
  CHECK(ack(0, 1) == "ok");
  reconnect(0);
  CHECK(all_sent() == "void 0-1, 1a:20.");
}

TEST_CASE_FIXTURE(fixture, "an ack may overtake what is sent again") {
  connect();
  for (send_token token = 1; token <= 3; ++token)
    send(token, "a", 10);
  CHECK(all_sent() == "open 0 a, 0a:10. 1a:10. 2a:10.");
  reconnect(0);
  CHECK(ack(0, 2) == "ok");
  CHECK(outcomes() == "1=ok 2=ok");
  CHECK(all_sent() == "void 0-2, 2a:10.");
  CHECK(ack(0, 3) == "ok");
  CHECK(uut.empty());
}

TEST_CASE_FIXTURE(fixture, "an ack may overtake all of a channel") {
  connect();
  send(1, "a", 10);
  send(2, "b", 10);
  CHECK(all_sent() == "open 0 a, 0a:10., open 1 b, 1b:10.");
  auto text = reconnect(0);
  auto a = text.starts_with("open 0 a") ? 0u : 1u;
  CHECK(ack(a, 1) == "ok");
  expire(10s);
  CHECK(all_sent() == "close " + std::to_string(a) + ", void 0-1, 1b:10.");
}

TEST_CASE_FIXTURE(fixture, "what is sent again was permitted once") {
  connect();
  for (send_token token = 1; token <= 4; ++token)
    send(token, "a", 100);
  CHECK(all_sent() == "open 0 a, 0a:100. 1a:100. 2a:100. 3a:100.");
  send(5, "a", 100);
  CHECK(ack(0, 1, {}, 2 * cost_of(100)) == "ok");
  reconnect(0, cost_of(100));
  CHECK(opened_with == 2 * cost_of(100));
  CHECK(all_sent() == "void 0-1, 1a:100. 2a:100. 3a:100.");
  CHECK(ack(0, 3, {}, 2 * cost_of(100)) == "ok");
  CHECK(all_sent() == "4a:100.");
}

TEST_CASE_FIXTURE(fixture, "voids that follow each other are one range") {
  connect();
  for (send_token token = 1; token <= 4; ++token)
    send(token, token % 2 == 0 ? "a" : "b", 10,
         token == 4 ? steady_time{1h} : steady_time{5s});
  CHECK(all_sent() == "open 0 b, 0b:10. 1b:10., open 1 a, 2a:10. 3a:10.");
  expire(5s);
  reconnect(0);
  CHECK(all_sent() == "void 0-3, 3a:10.");
}

TEST_CASE_FIXTURE(fixture, "messages that ended leave holes") {
  connect();
  for (send_token token = 1; token <= 5; ++token)
    send(token, "a", 10, token % 2 == 0 ? steady_time{5s} : steady_time{1h});
  CHECK(sent() == "open 0 a");
  CHECK(sent().ends_with("4a:10."));
  expire(5s);
  reconnect(0);
  CHECK(all_sent() == "0a:10., void 1-2, 2a:10., void 3-4, 4a:10.");
}

TEST_CASE_FIXTURE(fixture, "interleaved fragments keep their numbers") {
  interleave();
  SUBCASE("all are missing") {
    reconnect(0, 1'000'000);
    CHECK(all_sent(small_frame) == "0a:16000, 1b:16000, 2a:16000, 3b:16000.");
    CHECK(sent_again == 2);
  }
  SUBCASE("some are missing") {
    reconnect(2, 1'000'000);
    CHECK(all_sent(small_frame) == "2a:16000, 3b:16000.");
    CHECK(sent_again == 2);
  }
  SUBCASE("one is missing") {
    reconnect(3, 1'000'000);
    CHECK(all_sent(small_frame) == "3b:16000.");
    CHECK(sent_again == 1);
  }
  // The rest comes once there is room for it.
  CHECK(outcomes().empty());
  auto text = reconnect(4, 1'000'000);
  auto a = text.starts_with("open 0 a") ? 0u : 1u;
  CHECK(ack(a, 0) == "ok");
  CHECK(all_sent(small_frame) == "4a:16000.");
  CHECK(ack(a, 5) == "ok");
  CHECK(ack(1 - a, 4) == "ok");
  CHECK(outcomes() == "1=ok 2=ok");
}

TEST_CASE_FIXTURE(fixture, "one of those that were interleaved has ended") {
  interleave();
  SUBCASE("here") {
    uut.handle_disconnect();
    using enum send_failure::unconfirmed_cause;
    uut.handle_max_message(2 * fragment); // that is the one to a
    CHECK(outcomes() == "1=unconfirmed/unreachable");
    auto text = connect(0);
    CHECK(text.find("abort a 0") != text.npos);
  }
  SUBCASE("by an acknowledgement") {
    CHECK(ack(1, 4) == "ok");
    CHECK(outcomes() == "2=ok");
    CHECK(reconnect(0) == "open 0 a, reopened");
    CHECK(all_sent(small_frame) == "0a:16000, void 1-2, 2a:16000, void 3-4");
    return;
  }
  CHECK(all_sent(small_frame) == "void 0-1, 1b:16000, void 2-3, 3b:16000.");
}

TEST_CASE_FIXTURE(fixture, "a connection that ends before all went again") {
  interleave();
  reconnect(0);
  CHECK(sent(small_frame) == "0a:16000");
  CHECK(sent(small_frame) == "1b:16000");
  reconnect(1);
  CHECK(sent(small_frame) == "1b:16000");
  // The next one overlaps with it.
  CHECK(connect(2).ends_with("reopened"));
  CHECK(all_sent(small_frame) == "2a:16000, 3b:16000.");
}

TEST_CASE_FIXTURE(fixture, "to a receiver that forgot all goes anew") {
  interleave();
  send(3, "b", 10, steady_time{5s});
  CHECK(ack(1, 4, {}, 1'000'000) == "ok");
  CHECK(all_sent() == "4b:10.");
  expire(5s);
  CHECK(outcomes() == "2=ok 3=unconfirmed/expired");
  CHECK(uut.first(7) == 0);
  CHECK(uut.first(8) == 5);
  CHECK(reconnect(5, 1'000'000, 8) == "reopened");
  CHECK(sent_again == 0);
  CHECK(all_sent(small_frame) == "open 0 a, 5a:16000, 6a:16000, 7a:16000.");
  CHECK(uut.first(8) == 5);
  CHECK(ack(0, 8) == "ok");
  CHECK(outcomes() == "1=ok");
  CHECK(uut.empty());
}

TEST_CASE_FIXTURE(fixture, "what goes anew was transmitted before") {
  connect();
  send(1, "a", 10, steady_time{5s});
  CHECK(all_sent() == "open 0 a, 0a:10.");
  CHECK(reconnect(1, 0, 8) == "reopened");
  CHECK(all_sent() == "nothing"); // there is no room
  expire(5s);
  CHECK(outcomes() == "1=unconfirmed/expired");
}

TEST_CASE_FIXTURE(fixture, "what goes anew goes in its order") {
  connect(0, 3 * cost_of(10));
  for (send_token token = 1; token <= 5; ++token)
    send(token, "a", 10 * token);
  CHECK(all_sent() == "open 0 a, 0a:10. 1a:20.");
  reconnect(2, 1'000, 8);
  CHECK(all_sent() == "open 0 a, 2a:10. 3a:20. 4a:30. 5a:40. 6a:50.");
}

TEST_CASE_FIXTURE(fixture, "claims of a receiver that forgot") {
  interleave();
  CHECK(reconnect(5, 1'000'000, 8) == "beyond_sent");
  // A number below those that are to come is one that was used.
  CHECK(reconnect(4, 1'000'000, 8) == "reopened");
  CHECK(all_sent(small_frame).starts_with("open 0 "));
}

// -- messages that are given up half-way ---------------------------------------

TEST_CASE_FIXTURE(fixture, "the rest of a message that expires is not sent") {
  connect();
  send(1, "a", 3 * fragment, steady_time{5s});
  send(2, "a", 10);
  CHECK(sent() == "open 0 a");
  CHECK(sent(small_frame) == "0a:16000");
  expire(5s);
  CHECK(outcomes() == "1=unconfirmed/expired");
  CHECK(all_sent() == "abort a 0, 1a:10.");
  SUBCASE("and that is acknowledged") {
    CHECK(ack(0, 2) == "ok");
    CHECK(outcomes() == "2=ok");
    CHECK(uut.empty());
  }
  SUBCASE("and that is said again on the next connection") {
    CHECK(reconnect(1) == "open 0 a, abort a 0, reopened");
    CHECK(all_sent() == "1a:10.");
    CHECK(reconnect(0) == "open 0 a, abort a 0, reopened");
    CHECK(all_sent() == "void 0-1, 1a:10.");
  }
}

TEST_CASE_FIXTURE(fixture, "a message that expires while disconnected") {
  connect();
  send(1, "a", 2 * fragment, steady_time{5s});
  CHECK(all_sent(small_frame) == "open 0 a, 0a:16000, 1a:16000.");
  uut.handle_disconnect();
  expire(5s);
  CHECK(outcomes() == "1=unconfirmed/expired");
  SUBCASE("and had arrived in part") {
    CHECK(connect(1) == "open 0 a, abort a 0, reopened");
    CHECK(all_sent() == "void 1-2");
  }
  SUBCASE("and had arrived whole") {
    CHECK(connect(2) == "open 0 a, reopened");
    CHECK(all_sent() == "nothing");
  }
  CHECK(ack(0, 2) == "ok");
  CHECK(uut.empty());
}

TEST_CASE_FIXTURE(fixture, "a message that expires as it is sent again") {
  connect();
  send(1, "a", 2 * fragment, steady_time{5s});
  send(2, "b", 10);
  CHECK(all_sent(small_frame)
        == "open 0 a, 0a:16000, open 1 b, 1b:10., 2a:16000.");
  reconnect(0);
  CHECK(sent(small_frame) == "0a:16000");
  expire(5s);
  CHECK(all_sent() == "abort a 0, 1b:10., void 2-3");
}

TEST_CASE_FIXTURE(fixture, "a small message is not aborted") {
  connect();
  send(1, "a", 10, steady_time{5s});
  CHECK(all_sent() == "open 0 a, 0a:10.");
  expire(5s);
  CHECK(all_sent() == "nothing");
  CHECK(reconnect(0) == "open 0 a, reopened");
  CHECK(all_sent() == "void 0-1");
}
