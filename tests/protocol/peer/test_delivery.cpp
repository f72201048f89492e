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

std::string text_of(const control::frame& frame) {
  if (auto ack = std::get_if<control::ack>(&frame)) {
    std::string result = "ack";
    for (const auto& x : ack->channels)
      result += " " + std::to_string(x.channel) + ":" + std::to_string(x.next);
    return result;
  }
  if (auto settled = std::get_if<control::settled>(&frame))
    return "settled " + std::to_string(settled->channel) + ":"
           + std::to_string(settled->next);
  if (auto range = std::get_if<control::void_range>(&frame))
    return "void " + std::to_string(range->from);
  if (auto open = std::get_if<control::open>(&frame))
    return "open " + std::to_string(open->channel) + " " + open->target;
  if (auto close = std::get_if<control::close>(&frame))
    return "close " + std::to_string(close->channel);
  if (std::holds_alternative<control::reopened>(frame))
    return "reopened";
  return "something else";
}

std::string text_of(const outgoing& what) {
  if (auto frame = std::get_if<control::frame>(&what))
    return text_of(*frame);
  if (auto batch = std::get_if<chunk_batch>(&what))
    return "messages " + std::to_string(batch->first) + "+"
           + std::to_string(batch->chunks.count());
  return "unreliable";
}

/// Alice's messages for Bob, without a connection but for what its ends say.
struct fixture {
  peer_settings settings;
  timestamp now{1'000s, 1'000'000s};
  std::shared_ptr<receive_budget> budget =
    std::make_shared<receive_budget>(settings);
  delivery alices{settings, alice().id(), bob().id(), budget, peer_record{1}};
  delivery bobs{settings, bob().id(), alice().id(), budget, peer_record{2}};
  fifo<peer_action> got;
  // What the chunks refer to that Bob was given last.
  bytes plaintext;
  std::vector<chunk_view> chunks;

  expected<void, send_error> send(send_token token, std::string_view text,
                                  bool reliable = true,
                                  std::string_view target = "b") {
    node_out_msg msg{
      {},
      rel_time{60},
      {{{}, "a"}, {{}, engine_name{target}}, {}, to_bytes(text)}};
    if (!reliable)
      msg.prefs.reliability = transport_reliability::unreliable;
    return alices.handle_send(token, msg, true, now);
  }

  void connect() {
    auto a = alices.resume(2);
    auto b = bobs.resume(1);
    REQUIRE(alices.handle_resume(terms(1, 2), a, b));
    REQUIRE(bobs.handle_resume(terms(2, 1), b, a));
  }

  /// The same for the first time.
  void begin() {
    connect();
    CHECK(text_of(*alices.poll_transmit(roomy, now.steady)) == "reopened");
    REQUIRE(bobs.handle(control::reopened{}, now.steady));
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
        REQUIRE(
          bobs.handle_unreliable({{0, read(list->chunks)}}, now.steady, got));
      else
        std::visit([this](const auto& x) { tell_bob(x); },
                   std::get<control::frame>(*next));
    }
    return result;
  }

  template <class Frame>
  void tell_bob(const Frame& frame) {
    if constexpr (requires { bobs.handle(frame, now.steady); })
      REQUIRE(bobs.handle(frame, now.steady));
    else
      FAIL("this is not about messages");
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
    const auto& frame = std::get<control::frame>(*next);
    REQUIRE(alices.handle(std::get<control::ack>(frame), now.steady));
    return text_of(frame);
  }
};

} // namespace

TEST_CASE_FIXTURE(fixture, "a message goes to an engine, its outcome back") {
  REQUIRE(send(5, "x"));
  CHECK(talk().empty());
  begin();
  CHECK(alices.has_messages());
  CHECK(talk() == "open 0 b, messages 0+1");
  CHECK_FALSE(bobs.at_rest());
  finish();
  CHECK(bobs.at_rest());
  CHECK(answer() == "ack 0:1");
  CHECK(alices.poll_outcome() == send_outcome{5, std::nullopt});
  CHECK(alices.finished());
  CHECK(bobs.metrics().messages_in == 1);
}

TEST_CASE_FIXTURE(fixture, "an acknowledgement waits for others, if it may") {
  begin();
  for (send_token token = 1; token <= 4; ++token)
    REQUIRE(send(token, "x"));
  CHECK(talk() == "open 0 b, messages 0+4");
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
  begin();
  REQUIRE(send(1, "x"));
  talk();
  finish(control::reject_reason::unknown_engine);
  CHECK_FALSE(bobs.finished());
  CHECK(answer() == "ack 0:1");
  CHECK(alices.poll_outcome()->failure->error == send_error::unknown_engine);
  CHECK(talk({true}) == "settled 0:1");
  CHECK(bobs.finished());
}

TEST_CASE_FIXTURE(fixture, "both kinds of messages go by turns") {
  begin();
  for (send_token token = 1; token <= 4; ++token)
    REQUIRE(send(token, std::string(400, 'x'), token % 2 == 0));
  CHECK(talk({true, 500, 500})
        == "open 0 b, messages 0+1, unreliable, messages 1+1, unreliable");
  CHECK(got.size() == 4);
}

TEST_CASE_FIXTURE(fixture, "without room for messages none goes") {
  begin();
  REQUIRE(send(1, "x"));
  REQUIRE(send(2, "x", false));
  CHECK(talk({true}).empty());
  CHECK(talk() == "open 0 b, messages 0+1, unreliable");
}

TEST_CASE_FIXTURE(fixture, "a message of either kind has a name of its own") {
  begin();
  REQUIRE(send(1, "x"));
  talk();
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
  begin();
  REQUIRE(send(1, "x"));
  CHECK(talk() == "open 0 b, messages 0+1");
  alices.handle_disconnect();
  bobs.handle_disconnect();
  REQUIRE(send(2, "y"));
  CHECK(talk().empty());
  connect();
  // What the other end has is not sent again. It acknowledges once more, as the
  // last acknowledgement may have been lost.
  CHECK(talk() == "open 0 b, reopened, messages 1+1");
  CHECK(answer() == "nothing");
  now.steady += settings.ack_delay;
  CHECK(answer() == "ack 0:0");
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

TEST_CASE_FIXTURE(fixture, "engines do not wait for each other") {
  begin();
  REQUIRE(send(1, "x"));
  REQUIRE(send(2, "y", true, "c"));
  CHECK(talk() == "open 0 b, messages 0+1, open 1 c, messages 1+1");
  static_cast<void>(got.take_front());
  finish();
  CHECK(answer() == "ack 0:0 1:2");
  CHECK(alices.poll_outcome() == send_outcome{2, std::nullopt});
  CHECK_FALSE(alices.poll_outcome());
}

TEST_CASE_FIXTURE(fixture, "unreliable messages go in open channels") {
  begin();
  REQUIRE(send(1, "x", false));
  REQUIRE(send(2, "y", false, "c"));
  REQUIRE(send(3, "z", false));
  CHECK(talk() == "open 0 b, unreliable, open 1 c, unreliable, unreliable");
  CHECK(got.size() == 3);
  CHECK(std::get<deliver_message>(got[1]).msg.target
        == engine_id{bob().id(), "c"});
  now.steady += settings.channel_idle_timeout;
  alices.handle_timeout(now);
  auto text = talk();
  CHECK((text == "close 0, close 1" || text == "close 1, close 0"));
}

TEST_CASE_FIXTURE(fixture, "an unreliable message in no channel") {
  begin();
  chunk_list list;
  bytes data(10);
  list.add(0, true, data);
  auto result = bobs.handle_unreliable({{0, read(list)}}, now.steady, got);
  REQUIRE_FALSE(result);
  CHECK(result.error() == violation::unknown_channel);
}

TEST_CASE_FIXTURE(fixture, "a window that is too small for a fragment") {
  auto said = alices.resume(2);
  auto heard = bobs.resume(1);
  heard.window = limits::min_channel_window - 1;
  auto result = alices.handle_resume(terms(1, 2), said, heard);
  REQUIRE_FALSE(result);
  CHECK(result.error() == violation::bad_window);
  heard.window = limits::min_channel_window;
  CHECK(alices.handle_resume(terms(1, 2), said, heard));
}

TEST_CASE_FIXTURE(fixture, "a message that is too large for this side") {
  auto most = settings.outbox_bytes / 2 - outbox::memory_overhead;
  std::string text(most, 'x');
  CHECK(send(1, text).error() == send_error::too_large);
  text.resize(most - 20);
  CHECK(send(1, text));
  CHECK(send(2, text).error() == send_error::outbox_full);
  text.resize(settings.window);
  CHECK(send(3, text, false).error() == send_error::too_large);
}
