// What the peer says of messages that no engine took.

#include <node_proxy/protocol/delivery/outbox.hpp>

#include "outbox_fixture.hpp"
#include "support/heap_use.hpp"

using namespace test;

namespace {

using enum control::reject_reason;

struct fixture : outbox_fixture {
  fixture() { connect(); }

  /// Numbers from 0 on, to a; the frames of that are of no interest.
  void send_small(int count) {
    for (auto i = 0; i < count; ++i)
      send(++token_, "a", 10);
    all_sent();
  }

private:
  send_token token_ = 0;
};

} // namespace

TEST_CASE_FIXTURE(fixture, "rejected messages fail with the peer's reason") {
  send_small(4);
  CHECK(ack(0, 4,
            {{0, unknown_engine},
             {1, malformed},
             {2, engine_gone},
             {3, engine_failed}})
        == "ok");
  CHECK(outcomes()
        == "1=unknown_engine 2=malformed 3=engine_gone 4=engine_failed");
  CHECK(uut.empty());
  CHECK(settled() == "0:4");
}

TEST_CASE_FIXTURE(fixture, "a reject that is repeated counts once") {
  send_small(3);
  CHECK(ack(0, 1, {{0, malformed}}) == "ok");
  CHECK(ack(0, 2, {{0, malformed}}) == "ok");
  CHECK(ack(0, 3, {{0, malformed}, {2, engine_gone}}) == "ok");
  CHECK(ack(0, 3, {{2, engine_gone}}) == "ok");
  CHECK(outcomes() == "1=malformed 2=ok 3=engine_gone");
  CHECK(settled() == "0:3");
}

TEST_CASE_FIXTURE(fixture,
                  "a peer that does not read is told once of rejects") {
  send_small(1);
  for (int i = 0; i < 1'000; ++i)
    CHECK(ack(0, 1, {{0, malformed}}) == "ok");
  CHECK(settled() == "0:1");
  CHECK(settled() == "");
  CHECK(ack(0, 1, {{0, malformed}}) == "ok");
  CHECK(settled() == "0:1");
}

TEST_CASE_FIXTURE(fixture,
                  "a channel is not closed before rejects are settled") {
  send_small(1);
  CHECK(ack(0, 1, {{0, malformed}}) == "ok");
  expire(60s);
  CHECK(all_sent() == "nothing");
  CHECK(settled() == "0:1");
  expire(120s);
  CHECK(all_sent() == "close 0");
}

TEST_CASE_FIXTURE(fixture, "a reject names the first number of a message") {
  send(1, "a", 10);
  send(2, "a", 2 * fragment);
  CHECK(all_sent() == "open 0 a, 0a:10. 1a:16000 2a:16000.");
  SUBCASE("as it does") {
    CHECK(ack(0, 3, {{1, malformed}}) == "ok");
    CHECK(outcomes() == "2=malformed 1=ok");
  }
  SUBCASE("not the second") {
    CHECK(ack(0, 3, {{2, malformed}}) == "bad_reject");
  }
  SUBCASE("that was sent") {
    CHECK(ack(0, 3, {{3, malformed}}) == "bad_reject");
  }
  SUBCASE("of which all is acknowledged") {
    CHECK(ack(0, 2, {{1, malformed}}) == "bad_reject");
  }
  SUBCASE("that is acknowledged") {
    CHECK(ack(0, 1, {{1, malformed}}) == "bad_reject");
  }
}

TEST_CASE_FIXTURE(fixture, "rejects ascend") {
  send_small(3);
  SUBCASE("they do not descend") {
    CHECK(ack(0, 3, {{1, malformed}, {0, malformed}}) == "bad_reject");
  }
  SUBCASE("none comes twice") {
    CHECK(ack(0, 3, {{1, malformed}, {1, malformed}}) == "bad_reject");
  }
}

TEST_CASE_FIXTURE(fixture, "what was acknowledged is not rejected later") {
  send_small(3);
  CHECK(ack(0, 2, {{0, malformed}}) == "ok");
  SUBCASE("it was taken") {
    CHECK(ack(0, 3, {{1, malformed}}) == "bad_reject");
  }
  SUBCASE("it was left out once") {
    CHECK(ack(0, 2) == "ok");
    CHECK(ack(0, 3, {{0, malformed}}) == "bad_reject");
  }
}

TEST_CASE_FIXTURE(fixture, "a reject of what is another channel's") {
  send(1, "a", 10);
  send(2, "b", 10);
  send(3, "a", 10);
  CHECK(all_sent() == "open 0 a, 0a:10. 1a:10., open 1 b, 2b:10.");
  CHECK(ack(0, 3, {{2, malformed}}) == "bad_reject");
  CHECK(ack(1, 3, {{0, malformed}}) == "bad_reject");
}

TEST_CASE_FIXTURE(fixture, "rejects of an earlier life of the channel") {
  send_small(2);
  CHECK(ack(0, 2, {{1, malformed}}) == "ok");
  CHECK(outcomes() == "2=malformed 1=ok");
  CHECK(settled() == "0:2");
  expire(10s);
  CHECK(all_sent() == "close 0");
  // The receiver had not heard of that when the connection ended, and now
  // another one begins.
  send(3, "a", 10);
  CHECK(reconnect(2) == "reopened");
  CHECK(all_sent() == "open 0 a, 2a:10.");
  CHECK(ack(0, 2, {{1, malformed}}) == "ok");
  CHECK(outcomes().empty());
  CHECK(settled() == "0:2");
  CHECK(ack(0, 3, {{1, malformed}, {2, engine_gone}}) == "ok");
  CHECK(outcomes() == "3=engine_gone");
}

TEST_CASE_FIXTURE(fixture, "rejects of an earlier life take no memory") {
  if (has_mute_heap())
    return;
  send_small(1'000);
  CHECK(ack(0, 1'000) == "ok");
  outcomes();
  expire(10s);
  CHECK(all_sent() == "close 0");
  std::vector<control::reject> rejects;
  for (std::uint64_t seq = 0; seq < 1'000; ++seq)
    rejects.push_back({seq, malformed});
  for (std::uint64_t i = 0; i < 50; ++i)
    send(i, std::string(1, char('A' + i)), 10);
  all_sent();
  outcomes();
  auto before = heap_use();
  for (std::uint64_t i = 1; i <= 50; ++i) {
    CHECK(uut.handle_ack({i, 1'000, 500'000, rejects}, now.steady));
    CHECK(settled() == std::to_string(i) + ":1000");
  }
  CHECK(heap_use() < before + 50 * 1'000);
}

TEST_CASE_FIXTURE(fixture, "who acknowledges nothing keeps no channel open") {
  send_small(1);
  CHECK(ack(0, 1) == "ok");
  for (auto i = 1; i < 10; ++i) {
    expire(i * 1s);
    CHECK(ack(0, 1) == "ok");
  }
  CHECK(all_sent() == "nothing");
  expire(10s);
  CHECK(all_sent() == "close 0");
}

TEST_CASE_FIXTURE(fixture, "a reject of what was given up changes nothing") {
  send(1, "a", 10, steady_time{5s});
  send(2, "a", 10);
  all_sent();
  expire(5s);
  CHECK(outcomes() == "1=unconfirmed/expired");
  CHECK(ack(0, 2, {{0, malformed}}) == "ok");
  CHECK(outcomes() == "2=ok");
  CHECK(settled() == "0:2");
}
