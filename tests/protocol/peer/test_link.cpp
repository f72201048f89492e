#include <node_proxy/protocol/peer/link.hpp>

#include <doctest/doctest.h>

#include "protocol/session/handshake_pair.hpp"
#include "support/chunks.hpp"

using namespace test;
using namespace std::chrono_literals;

namespace {

/// One end of a connection; Alice's, who dialled, unless Bob's is asked for.
struct fixture : handshake_pair {
  steady_time now = 1'000s;
  std::shared_ptr<const peer_settings> settings_of_link =
    std::make_shared<peer_settings>();
  std::optional<internal::link> uut;
  std::optional<session> other;

  fixture() {
    run();
    other.emplace(std::move(*bobs_end));
    begin(std::move(*alices_end));
    uut->await_proof(now + 5s);
  }

  void begin(session&& established) {
    uut.emplace(1, settings_of_link, std::move(established),
                internal::link::confirming{{}, now}, now);
  }

  /// What the other end says: "yes" if it is of interest to others, "no", or
  /// how it broke the rules.
  std::string hear(const control::frame& frame) {
    bytes out;
    other->seal(frame, out);
    return admitted(out);
  }

  std::string hear_chunks(std::uint64_t first, int count) {
    bytes one(1);
    chunk_list chunks;
    for (auto i = 0; i < count; ++i)
      chunks.add(0, true, one);
    bytes out;
    other->seal_messages(first, chunks, out);
    return admitted(out);
  }

  std::string admitted(bytes_view stream) {
    auto body = body_of(stream);
    auto frame = uut->open(body, now);
    REQUIRE(frame);
    auto ok = uut->admit(*frame, now);
    return ok ? *ok ? "yes" : "no" : std::string{to_string(ok.error())};
  }
};

constexpr auto idle = control::goodbye_reason::idle;

} // namespace

TEST_CASE_FIXTURE(fixture, "a connection begins with a resume frame") {
  SUBCASE("of any content") {
    CHECK(hear(control::resume{}) == "yes");
  }
  SUBCASE("not with another one") {
    CHECK(hear(control::heartbeat{}) == "no_resume");
  }
  SUBCASE("not with a message") {
    CHECK(hear_chunks(0, 1) == "no_resume");
  }
}

TEST_CASE_FIXTURE(fixture, "there is no second resume frame") {
  SUBCASE("on an active connection") {
    uut->activate(0, now);
    CHECK(hear(control::resume{}) == "second_resume");
  }
  SUBCASE("on one that was left before the first one came") {
    uut->leave(idle, false, now);
    CHECK(hear(control::resume{}) == "no");
    CHECK(hear(control::resume{}) == "second_resume");
  }
  SUBCASE("on one that was left later") {
    uut->activate(0, now);
    uut->leave(idle, false, now);
    CHECK(hear(control::resume{}) == "second_resume");
  }
}

TEST_CASE_FIXTURE(fixture, "numbers follow each other") {
  uut->activate(7, now);
  CHECK(hear_chunks(7, 2) == "yes");
  CHECK(hear(control::void_range{9, 12}) == "yes");
  CHECK(hear_chunks(12, 1) == "yes");
  SUBCASE("a gap") {
    CHECK(hear_chunks(14, 1) == "out_of_order");
  }
  SUBCASE("an empty range") {
    CHECK(hear(control::void_range{13, 13}) == "out_of_order");
  }
  SUBCASE("a range that came before") {
    CHECK(hear(control::void_range{12, 14}) == "out_of_order");
  }
}

TEST_CASE_FIXTURE(fixture, "messages on a connection never used are ignored") {
  uut->leave(control::goodbye_reason::superseded, false, now);
  CHECK(hear_chunks(5, 1) == "no");
  CHECK(hear(control::void_range{9, 12}) == "no");
}

TEST_CASE_FIXTURE(fixture,
                  "what is said of messages after goodbye is ignored") {
  const control::frame said[]{control::open{},          control::reopened{},
                              control::close{},         control::abort{},
                              control::ack{},           control::settled{},
                              control::void_range{0, 1}};
  uut->activate(0, now);
  for (const auto& frame : said)
    CHECK(hear(frame) == "yes");
  CHECK(hear_chunks(1, 1) == "yes");
  uut->leave(idle, false, now);
  for (const auto& frame : said)
    CHECK(hear(frame) == "no");
  // Nobody looks at their order any more.
  CHECK(hear_chunks(9, 1) == "no");
  CHECK(hear(control::void_range{5, 4}) == "no");
  CHECK(hear(control::goodbye{}) == "yes");
}

TEST_CASE_FIXTURE(fixture, "adverts are of use whenever they come") {
  SUBCASE("on a connection that was used") {
    uut->activate(0, now);
  }
  SUBCASE("on one that never was") {}
  uut->leave(idle, false, now);
  for (auto i = 0; i < adverts_at_once; ++i)
    CHECK(hear(node_advert{}) == "yes");
  CHECK(hear(node_advert{}) == "too_many_adverts");
}

TEST_CASE_FIXTURE(fixture, "what is waited for depends on the phase") {
  CHECK(uut->next_deadline(true) == now + 5s);
  uut->activate(0, now);
  CHECK_FALSE(uut->expired(link_timer::handshake, now + 5s));
  CHECK(uut->expired(link_timer::dead_peer, now + 30s));
  CHECK(uut->expired(link_timer::rekey, now + 1h));
  CHECK(uut->expired(link_timer::peer_key, now + 2h));
  uut->leave(idle, true, now);
  CHECK(uut->said_finished());
  CHECK_FALSE(uut->expired(link_timer::dead_peer, now + 30s));
  CHECK(uut->next_deadline(true) == now + settings_of_link->goodbye_timeout);
  uut->close();
  CHECK_FALSE(uut->said_finished());
  CHECK_FALSE(uut->next_deadline(true));
}

TEST_CASE_FIXTURE(fixture, "only the initiator leaves for want of messages") {
  auto other_settings = *settings_of_link;
  other_settings.idle_timeout = 1s;
  settings_of_link = std::make_shared<peer_settings>(other_settings);
  SUBCASE("the initiator, if it may") {
    handshake_pair pair;
    pair.run();
    begin(std::move(*pair.alices_end));
    uut->activate(0, now);
    CHECK(uut->next_deadline(true) == now + 1s);
    CHECK(uut->next_deadline(false) > now + 1s);
    uut->restart_idle(now + 500ms);
    CHECK(uut->next_deadline(true) == now + 1'500ms);
  }
  SUBCASE("not the responder") {
    handshake_pair pair;
    pair.run();
    begin(std::move(*pair.bobs_end));
    uut->activate(0, now);
    CHECK(uut->next_deadline(true) > now + 1s);
  }
}

TEST_CASE_FIXTURE(fixture, "an advert waits for its turn") {
  uut->activate(0, now);
  static_cast<void>(uut->poll_frames());
  node_advert advert;
  uut->send_advert_if_due(advert, now);
  CHECK_FALSE(uut->poll_frames());
  uut->handle_local_advert(now);
  uut->send_advert_if_due(advert, now);
  CHECK(uut->poll_frames());
  uut->handle_local_advert(now);
  uut->send_advert_if_due(advert, now);
  CHECK_FALSE(uut->poll_frames());
  uut->send_advert_if_due(advert, now + 2 * advert_interval);
  CHECK(uut->poll_frames());
}
