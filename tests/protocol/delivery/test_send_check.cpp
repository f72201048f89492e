#include <node_proxy/protocol/delivery/send_check.hpp>

#include <string>

#include <doctest/doctest.h>

#include "protocol/session/handshake_pair.hpp"

using namespace test;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t overhead = 100;

struct fixture {
  node_id from = alice().id();
  node_id to = bob().id();
  timestamp now{std::chrono::seconds{100}, std::chrono::hours{24}};
  message_codec codec;
  node_out_msg msg{
    {}, rel_time{60}, {{from, "a"}, {to, "b"}, {}, to_bytes("hello")}};

  /// How many octets are in front of the payload.
  std::size_t head() {
    return codec.encode(msg.msg).value().size() - msg.msg.msg.size();
  }

  expected<deadline, send_error>
  run(std::optional<std::size_t> max_message = {}, std::size_t room = 1'000,
      time_limit limit = {}) {
    return check_send(msg, codec.encode(msg.msg),
                      {from, to, max_message, room, overhead}, now, limit);
  }

  std::string check(std::optional<std::size_t> max_message = {},
                    std::size_t room = 1'000) {
    auto result = run(max_message, room);
    return result ? "ok" : std::string{to_string(result.error())};
  }
};

} // namespace

TEST_CASE_FIXTURE(fixture, "a message that may be sent") {
  CHECK(check() == "ok");
  CHECK(run().value() == deadline{now.steady + 60s});
  msg.msg.sender.node.reset();
  msg.msg.target.node.reset();
  CHECK(check() == "ok");
}

TEST_CASE_FIXTURE(fixture, "who sends to whom") {
  SUBCASE("a sender of another node") {
    msg.msg.sender.node = to;
    CHECK(check() == "wrong_sender");
  }
  SUBCASE("a target on another node") {
    msg.msg.target.node = from;
    CHECK(check() == "wrong_target");
  }
  SUBCASE("names that are none") {
    msg.msg.target.name = "";
    CHECK(check() == "malformed");
    msg.msg.target.name = "\xff";
    CHECK(check() == "malformed");
    msg.msg.target.name = "b";
    msg.msg.sender.name = std::string(limits::engine_name + 1, 'a');
    CHECK(check() == "malformed");
    msg.msg.sender.name = "";
    CHECK(check() == "ok");
  }
}

TEST_CASE_FIXTURE(fixture, "what counts is the size of the encoding") {
  auto size = head() + 5;
  CHECK(check(size) == "ok");
  CHECK(check(size - 1) == "too_large");
  CHECK(check({}, size + overhead) == "ok");
  CHECK(check({}, size + overhead - 1) == "too_large");
  CHECK(check({}, 0) == "too_large");
}

TEST_CASE_FIXTURE(fixture, "times") {
  msg.expiry = rel_time{0};
  CHECK(check() == "expired");
  msg.expiry = rel_time{limits::expiry_seconds + 1};
  CHECK(check() == "bad_expiry");
  msg.expiry = rel_time{60};
  CHECK(run({}, 1'000, 0ms).error() == send_error::expired);
}

TEST_CASE_FIXTURE(fixture, "of several faults one is told") {
  msg.msg.sender.node = to;
  msg.msg.target.node = from;
  msg.expiry = rel_time{limits::expiry_seconds + 1};
  msg.msg.target.name = "";
  msg.msg.msg = bytes(1'000);
  CHECK(check() == "wrong_sender");
  msg.msg.sender.node = from;
  CHECK(check() == "wrong_target");
  msg.msg.target.node = to;
  CHECK(check() == "bad_expiry");
  msg.expiry = rel_time{0};
  CHECK(check() == "malformed");
  msg.msg.target.name = "b";
  CHECK(check() == "too_large");
  msg.msg.msg = bytes(1);
  CHECK(check() == "expired");
}
