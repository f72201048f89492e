#include <doctest/doctest.h>

#include <node_proxy/protocol/node/claimed_directory.hpp>

#include "directory_fixture.hpp"

using namespace test;

namespace {

/// A node with two workers; the peer is somebody whom nobody has introduced.
struct fixture {
  directory_settings settings;
  claimed_directory uut{settings, identity_of(0), stored_state{}, seeded(7)};
  steady_time now = 1'000s;
  worker_id a = uut.handle_join(true);
  worker_id b = uut.handle_join(true);
  node_id peer = id_of(1);

  fixture() {
    REQUIRE(uut.handle_local_addresses({}, 1, {now, 60'000'000s}));
    static_cast<void>(act());
  }

  /// What was to be done, but for what is of no matter here.
  std::vector<std::string> act() {
    std::vector<std::string> result;
    while (auto action = uut.poll_action())
      if (auto x = std::get_if<serve_claim>(&*action))
        result.push_back("serve by " + std::to_string(x->holder));
      else if (std::holds_alternative<end_claim>(*action))
        result.emplace_back("end");
      else if (auto y = std::get_if<report_lost>(&*action))
        result.push_back("lost: " + std::string{to_string(y->reason)});
    return result;
  }

  /// @returns the epoch that is told.
  std::uint64_t ask(worker_id at) {
    return uut.handle_request(peer, at, now).epoch;
  }

  std::string arrive(std::uint64_t epoch, worker_id at) {
    arrival x{peer, *noise_key_of(peer), epoch};
    return text_of(uut.handle_arrival(x, at, now));
  }

  void connect(worker_id at) {
    REQUIRE(arrive(ask(at), at) == "ok");
    uut.handle_event(peer, peer_connected{}, now);
    static_cast<void>(act());
  }

  bool has_open_request() {
    uut.handle_introduction(advert_of(1));
    static_cast<void>(act());
    return uut.loss(peer, now).result == parting_result::under_way;
  }
};

using lines = std::vector<std::string>;

} // namespace

TEST_CASE_FIXTURE(fixture, "who is called serves, and nobody else") {
  auto first = ask(b);
  auto second = ask(a);
  CHECK(first == second);
  CHECK(arrive(first, b) == "ok");
  CHECK(act() == lines{"serve by 2"});
  CHECK(uut.is_served_by(b, peer));
  CHECK(arrive(second, a) == "over_capacity");
  auto late = uut.handle_request(peer, coordinator, now);
  CHECK(late.facts.over_capacity);
  CHECK(late.epoch == first);
  uut.handle_request_end(peer, late.epoch, coordinator);
  // What was told has come to its end, and nothing of the peer is left.
  peer_record rest{first};
  rest.finished = true;
  CHECK(uut.handle_offer(b, peer, uut.find(peer)->number, 0, rest, now));
  CHECK(act() == lines{"end"});
  CHECK_FALSE(has_open_request());
}

TEST_CASE_FIXTURE(fixture, "who proves itself has asked that process") {
  auto epoch = ask(a);
  CHECK(arrive(epoch, b) == "epoch_ended");
  CHECK(arrive(epoch, a) == "ok");
  CHECK(arrive(epoch, a) == "epoch_ended");
}

TEST_CASE_FIXTURE(fixture, "what a lost worker was asked is at its end") {
  static_cast<void>(ask(a));
  static_cast<void>(ask(a));
  auto other = ask(b);
  uut.handle_lost(a, now);
  CHECK(has_open_request());
  uut.handle_request_end(peer, other, a); // nobody's
  CHECK(has_open_request());
  uut.handle_request_end(peer, other, b);
  CHECK_FALSE(has_open_request());
}

TEST_CASE_FIXTURE(fixture, "others go on with what a lost worker has served") {
  connect(a);
  SUBCASE("if it is to be kept connected") {
    uut.handle_permanence(peer, connection_permanence::permanent);
    uut.handle_lost(a, now);
    CHECK(act() == lines{"lost: worker_lost", "end", "serve by 2"});
    uut.handle_lost(b, now);
    CHECK(act() == lines{"end", "serve by 0"});
  }
  SUBCASE("if somebody has something to do with it") {
    uut.handle_lost(a, now);
    CHECK(act() == lines{"lost: worker_lost", "end"});
    CHECK_FALSE(uut.find(peer));
    CHECK_FALSE(uut.is_connected(peer));
  }
  SUBCASE("and it begins anew") {
    auto told = ask(b);
    uut.handle_lost(a, now);
    CHECK(arrive(told, b) == "epoch_ended");
    CHECK(ask(b) != told);
  }
}

TEST_CASE_FIXTURE(fixture, "a permanent peer is served whatever has failed") {
  uut.handle_permanence(peer, connection_permanence::permanent);
  connect(coordinator);
  auto number = uut.find(peer)->number;
  CHECK_FALSE(uut.handle_end(a, peer, number, std::nullopt, now));
  CHECK(uut.handle_end(coordinator, peer, number, std::nullopt, now));
  auto done = act();
  REQUIRE(done.size() == 3);
  CHECK(done[0] == "lost: node_proxy_ended");
  CHECK(uut.find(peer)->number != number);
  SUBCASE("but at the end of the node") {
    uut.handle_shutdown();
    auto holder = *uut.find(peer);
    CHECK(uut.handle_end(holder.holder, peer, holder.number, {}, now));
    CHECK(act() == lines{"end"});
  }
}

TEST_CASE_FIXTURE(fixture, "who fails each time is served again with a pause") {
  uut.handle_permanence(peer, connection_permanence::permanent);
  connect(coordinator);
  auto fail = [this] {
    auto x = *uut.find(peer);
    CHECK(uut.handle_end(x.holder, peer, x.number, std::nullopt, now));
    static_cast<void>(act());
  };
  fail();
  CHECK(uut.find(peer));
  // Each time, however often that was.
  for (int i = 0; i < 3; ++i) {
    now += service_pauses::pause / 2;
    uut.handle_timeout(now);
    fail();
    CHECK_FALSE(uut.find(peer));
    now += service_pauses::pause / 2 - 1ms;
    uut.handle_timeout(now);
    static_cast<void>(act());
    CHECK_FALSE(uut.find(peer));
    REQUIRE(uut.poll_timeout());
    now = std::max(now, *uut.poll_timeout());
    uut.handle_timeout(now);
    static_cast<void>(act());
    CHECK(uut.find(peer));
  }
  SUBCASE("at once if that was long ago") {
    now += service_pauses::pause;
    uut.handle_timeout(now);
    fail();
    CHECK(uut.find(peer));
  }
  SUBCASE("not if nobody wants it any more") {
    fail();
    CHECK_FALSE(uut.find(peer));
    uut.handle_permanence(peer, connection_permanence::ephemeral);
    now += service_pauses::pause;
    uut.handle_timeout(now);
    static_cast<void>(act());
    CHECK_FALSE(uut.find(peer));
  }
  SUBCASE("whoever sends to it need not wait") {
    fail();
    REQUIRE(uut.handle_wanted(peer, now));
    static_cast<void>(act());
    CHECK(uut.find(peer));
  }
}

TEST_CASE_FIXTURE(fixture, "messages wait for the end of who leaves") {
  connect(a);
  CHECK_FALSE(uut.holds_messages(peer));
  uut.handle_leaving(a);
  CHECK(uut.holds_messages(peer));
  // It keeps its place at its process until then.
  CHECK_FALSE(uut.handle_request(peer, a, now).facts.over_capacity);
  auto number = uut.find(peer)->number;
  CHECK(uut.handle_end(a, peer, number, peer_record{1}, now));
  CHECK_FALSE(uut.holds_messages(peer));
  REQUIRE(uut.handle_wanted(peer, now));
  CHECK(act() == lines{"lost: node_proxy_ended", "end", "serve by 2"});
  CHECK_FALSE(uut.holds_messages(peer));
}

TEST_CASE_FIXTURE(fixture, "a fence comes back to who serves") {
  connect(a);
  auto number = uut.find(peer)->number;
  CHECK_FALSE(uut.handle_fence(b, peer, number));
  CHECK_FALSE(uut.handle_fence(a, peer, number + 1));
  CHECK(uut.handle_fence(a, peer, number));
  // It was an order.
  CHECK_FALSE(uut.handle_offer(a, peer, number, 0, peer_record{1}, now));
  CHECK(uut.handle_offer(a, peer, number, 1, peer_record{1}, now));
}
