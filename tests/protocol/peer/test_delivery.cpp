#include <node_proxy/protocol/peer/delivery.hpp>

#include <string>

#include <doctest/doctest.h>

#include <node_proxy/protocol/wire/bare.hpp>

#include "protocol/session/handshake_pair.hpp"
#include "support/chunks.hpp"

using namespace test;
using namespace std::chrono_literals;

namespace {

constexpr transmit_room roomy{true, 65'000, 65'000};

std::string text_of(const outgoing& what) {
  if (auto ack = std::get_if<control::ack>(&what))
    return "ack " + std::to_string(ack->next);
  if (auto settled = std::get_if<control::settled>(&what))
    return "settled " + std::to_string(settled->next);
  if (auto range = std::get_if<control::void_range>(&what))
    return "void " + std::to_string(range->from);
  if (auto batch = std::get_if<chunk_batch>(&what))
    return "messages " + std::to_string(batch->first) + "+"
           + std::to_string(batch->chunks.count());
  return "unreliable";
}

/// Alice's messages for Bob, without a connection but for what its ends say.
struct fixture {
  peer_settings settings;
  timestamp now{1'000s, 1'000'000s};
  delivery alices{settings, alice().id(), bob().id(), peer_record{1}};
  delivery bobs{settings, bob().id(), alice().id(), peer_record{2}};
  fifo<peer_action> got;
  // What the chunks refer to that Bob was given last.
  bytes plaintext;
  std::vector<chunk_view> chunks;

  expected<void, send_error> send(send_token token, std::string_view text,
                                  bool reliable = true) {
    node_out_msg msg{
      {}, rel_time{60}, {{{}, "a"}, {{}, "b"}, {}, to_bytes(text)}};
    if (!reliable)
      msg.prefs.reliability = transport_reliability::unreliable;
    return alices.handle_send(token, msg, true, now);
  }

  void connect() {
    auto a = alices.resume();
    auto b = bobs.resume();
    REQUIRE(alices.handle_resume(terms(1, 2), a, b));
    REQUIRE(bobs.handle_resume(terms(2, 1), b, a));
  }

  static session_terms terms(std::uint64_t local, std::uint64_t remote) {
    session_terms result;
    result.local_epoch = local;
    result.remote_epoch = remote;
    result.remote_max_message = 1'000;
    return result;
  }

  /// All that Alice says, to Bob, who takes what comes.
  std::string talk(const transmit_room& room = roomy) {
    std::string result;
    while (auto next = alices.poll_transmit(room, now.steady)) {
      result += (result.empty() ? "" : ", ") + text_of(*next);
      if (auto batch = std::get_if<chunk_batch>(&*next))
        REQUIRE(bobs.handle_messages({{batch->first, read(batch->chunks)}},
                                     now.steady, got));
      else if (auto list = std::get_if<unreliable_chunks>(&*next))
        bobs.handle_unreliable({{0, read(list->chunks)}}, now.steady, got);
      else if (auto settled = std::get_if<control::settled>(&*next))
        REQUIRE(bobs.handle(*settled, now.steady));
    }
    return result;
  }

  std::span<const chunk_view> read(const chunk_list& list) {
    plaintext = encoded(list);
    chunks = decode<std::vector<chunk_view>>(plaintext).value();
    return chunks;
  }

  /// Lets Bob's engine answer to the first message that it has.
  void finish(std::optional<control::reject_reason> reason = {}) {
    auto message = std::get<deliver_message>(got.take_front());
    bobs.handle_finished(message.id, reason, now.steady);
  }

  /// What Bob owes goes to Alice.
  std::string answer() {
    auto next = bobs.poll_transmit({true}, now.steady);
    if (!next)
      return "nothing";
    REQUIRE(alices.handle(std::get<control::ack>(*next), now.steady));
    return text_of(*next);
  }
};

} // namespace

TEST_CASE_FIXTURE(fixture, "a message goes to an engine, its outcome back") {
  REQUIRE(send(5, "x"));
  CHECK(talk().empty());
  connect();
  CHECK(alices.has_messages());
  CHECK(talk() == "messages 0+1");
  CHECK_FALSE(bobs.at_rest());
  finish();
  CHECK(bobs.at_rest());
  CHECK(answer() == "ack 1");
  CHECK(alices.poll_outcome() == send_outcome{5, std::nullopt});
  CHECK(alices.finished());
  CHECK(bobs.metrics().messages_in == 1);
}

TEST_CASE_FIXTURE(fixture, "an acknowledgement waits for others, if it may") {
  connect();
  for (send_token token = 1; token <= 4; ++token)
    REQUIRE(send(token, "x"));
  CHECK(talk() == "messages 0+4");
  finish();
  CHECK(answer() == "nothing");
  auto deadline = now.steady + settings.ack_delay;
  CHECK(bobs.next_deadline(true, now) == deadline);
  CHECK(bobs.next_deadline(false, now) != deadline);
  SUBCASE("no longer than so") {
    now.steady = deadline;
  }
  SUBCASE("not if more than half is finished") {
    finish();
    finish();
  }
  SUBCASE("not if the connection is about to end") {
    bobs.hasten_ack();
  }
  CHECK(answer().starts_with("ack"));
  CHECK(answer() == "nothing");
}

TEST_CASE_FIXTURE(fixture, "a reject is answered by what settles it") {
  connect();
  REQUIRE(send(1, "x"));
  talk();
  finish(control::reject_reason::unknown_engine);
  CHECK_FALSE(bobs.finished());
  CHECK(answer() == "ack 1");
  CHECK(alices.poll_outcome()->failure->error == send_error::unknown_engine);
  CHECK(talk({true}) == "settled 1");
  CHECK(bobs.finished());
}

TEST_CASE_FIXTURE(fixture, "both kinds of messages go by turns") {
  connect();
  for (send_token token = 1; token <= 4; ++token)
    REQUIRE(send(token, std::string(400, 'x'), token % 2 == 0));
  CHECK(talk({true, 500, 500})
        == "messages 0+1, unreliable, messages 1+1, unreliable");
  CHECK(got.size() == 4);
}

TEST_CASE_FIXTURE(fixture, "without room for messages none goes") {
  connect();
  REQUIRE(send(1, "x"));
  REQUIRE(send(2, "x", false));
  CHECK(talk({true}).empty());
  CHECK(talk() == "messages 0+1, unreliable");
}

TEST_CASE_FIXTURE(fixture, "a message of either kind has a name of its own") {
  connect();
  REQUIRE(send(1, "x"));
  REQUIRE(send(2, "y", false));
  talk();
  auto first = std::get<deliver_message>(got.take_front());
  auto second = std::get<deliver_message>(got.take_front());
  CHECK(std::holds_alternative<reliable_id>(first.id));
  CHECK(std::holds_alternative<unreliable_id>(second.id));
  bobs.handle_finished(second.id, {}, now.steady);
  CHECK_FALSE(bobs.at_rest());
  bobs.handle_finished(first.id, {}, now.steady);
  CHECK(bobs.at_rest());
}

TEST_CASE_FIXTURE(fixture, "messages go on where a connection ended") {
  connect();
  REQUIRE(send(1, "x"));
  CHECK(talk() == "messages 0+1");
  alices.handle_disconnect();
  bobs.handle_disconnect();
  REQUIRE(send(2, "y"));
  CHECK(talk().empty());
  connect();
  // What the other end has is not sent again. Both acknowledge once more, as
  // the last acknowledgement may have been lost.
  CHECK(talk() == "ack 0, messages 1+1");
  CHECK(answer() == "ack 0");
}

TEST_CASE_FIXTURE(fixture, "what a message died of") {
  using enum send_failure::unconfirmed_cause;
  REQUIRE(send(1, "x"));
  SUBCASE("it expired") {
    now.steady += 60s;
    alices.handle_timeout(now);
    CHECK(alices.poll_outcome()->failure->error == send_error::expired);
  }
  SUBCASE("the peer had no room until it expired") {
    alices.handle_over_capacity();
    now.steady += 60s;
    alices.handle_timeout(now);
    CHECK(alices.poll_outcome()->failure->error == send_error::over_capacity);
  }
  SUBCASE("the peer takes no messages of that length") {
    connect();
    CHECK(send(2, std::string(1'000, 'x')).error() == send_error::too_large);
    CHECK_FALSE(alices.poll_outcome());
  }
  SUBCASE("all end") {
    REQUIRE(send(2, "x", false));
    alices.handle_failure(send_error::denied, unreachable);
    CHECK(alices.poll_outcome()->failure->error == send_error::denied);
    CHECK(alices.poll_outcome()->failure->error == send_error::denied);
    CHECK_FALSE(alices.has_messages());
  }
}

TEST_CASE("flows to one peer do not know of each other") {
  peer_settings settings;
  settings.outbox_messages = 1;
  flow one{settings, peer_record{1}};
  flow two{settings, peer_record{1}};
  deadline never = steady_time{1h};
  CHECK(one.handle_send(1, split(bytes(10)), never));
  CHECK_FALSE(one.handle_send(2, split(bytes(10)), never));
  CHECK(two.handle_send(2, split(bytes(10)), never));
  auto terms = fixture::terms(1, 2);
  for (auto* x : {&one, &two})
    REQUIRE(x->handle_resume(terms, x->resume(), {0, {}, 1'000}));
  CHECK(text_of(*one.poll_transmit(1'000)) == "messages 0+1");
  CHECK(text_of(*two.poll_transmit(1'000)) == "messages 0+1");
  REQUIRE(one.handle(control::ack{1, 1'000, {}}, 1s));
  CHECK(one.finished());
  CHECK_FALSE(two.finished());
}
