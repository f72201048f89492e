// What strangers, messages of theirs, and messages for them take of a node.
// With more connections:
//
//     CONNECTIONS=1000 test_stranger_memory

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <vector>

#include <node_proxy/protocol/delivery/stranger_budget.hpp>

#include "actors/node_fixture.hpp"
#include "actors/proxy/nuisance.hpp"
#include "actors/proxy/nuisance_engines.hpp"
#include "support/heap_use.hpp"

using namespace test;

namespace {

node_config roomy() {
  auto result = local_config();
  result.settings.channel_window = 16u << 20;
  return result;
}

node_config narrow() {
  auto result = local_config();
  result.settings.max_message = 64u << 10;
  result.settings.stranger_window = 4u << 20;
  return result;
}

/// Bob, who knows nobody.
struct fixture {
  explicit fixture(node_config config = roomy()) : bob{std::move(config)} {
    bob.add_engine("stuck", bob.system.spawn(stuck_engine));
    bob.add_engine(
      "echo", bob.system.spawn(echo_engine, bob.node.router(), bob.node.id()));
  }

  std::uint64_t untaken() {
    auto status = bob.ask<node_status>(get_node_status{});
    REQUIRE(status);
    std::uint64_t result = 0;
    for (const auto& x : status->engines)
      result += x.untaken;
    return result;
  }

  limit_status stranger_bytes() {
    auto status = bob.ask<node_status>(get_node_status{});
    REQUIRE(status);
    auto found =
      std::ranges::find(status->limits, "stranger_bytes", &limit_status::name);
    REQUIRE(found != status->limits.end());
    return *found;
  }

  /// A stranger sends as many messages, or some more, which an engine holds.
  void hold(stranger& x, std::uint64_t count) {
    REQUIRE(comes_true([&] {
      x.annoy();
      return x.sent() >= count;
    }));
    REQUIRE(comes_true([&] {
      x.annoy_no_more();
      return untaken() == x.sent();
    }));
  }

  test_node bob;
};

node_config hurried() {
  auto result = local_config();
  result.settings.goodbye_timeout = std::chrono::milliseconds{200};
  return result;
}

struct hurried_fixture : fixture {
  hurried_fixture() : fixture(hurried()) {}
};

struct narrow_fixture : fixture {
  narrow_fixture() : fixture(narrow()) {}

  /// How many answers found no room.
  std::uint64_t refused() {
    auto metrics = bob.ask<node_metrics>(get_node_metrics{});
    REQUIRE(metrics);
    std::uint64_t result = 0;
    for (const auto& x : metrics->unanswered_failures)
      result += x.reason == "outbox_full" ? x.count : 0;
    return result;
  }
};

} // namespace

TEST_CASE_FIXTURE(fixture, "a message that an engine holds takes no more than "
                           "is charged"
                             * doctest::skip(has_mute_heap())) {
  auto kind = nuisance::held;
  SUBCASE("reliable") {}
  SUBCASE("unreliable") {
    kind = nuisance::held_unreliable;
  }
  stranger x{bob.node.advert(), kind};
  hold(x, 500);
  auto before = heap_use();
  auto begun = x.sent();
  hold(x, 5'000);
  auto each = (heap_use() - before) / (x.sent() - begun);
  MESSAGE(to_string(kind), ": ", each);
  CHECK(each <= limits::message_overhead + stranger_budget::message_memory);
  CHECK(each > stranger_budget::message_memory / 2);
  CHECK(stranger_bytes().used + stranger_account::spared >= each * x.sent());
}

TEST_CASE_FIXTURE(narrow_fixture, "answers that strangers do not acknowledge "
                                  "leave room") {
  {
    crowd strangers{bob.node.advert(), nuisance::unacknowledged, 8};
    REQUIRE(comes_true([&] { return refused() > 1'000; }));
    auto taken = stranger_bytes();
    CHECK(bob.next_event<limit_event>()
          == limit_event{"stranger_bytes", taken.max});
    CHECK(taken.used > taken.max / 4);
    CHECK(taken.used <= taken.max);
    // Somebody else gets an answer.
    auto config = local_config();
    config.adverts = {bob.node.advert()};
    test_node carol{std::move(config)};
    carol.add_engine(
      "asker", carol.system.spawn(forward_engine,
                                  caf::actor_cast<caf::actor>(carol.self)));
    auto question = carol.message_to(bob.node.id(), "echo", bytes(10'000));
    question.msg.sender.name = "asker";
    REQUIRE(carol.send(question));
    CHECK(next_message(carol.self).msg.size() == 10'000);
  }
}

TEST_CASE_FIXTURE(hurried_fixture,
                  "of many connections with one key one stays") {
  auto wanted = std::getenv("CONNECTIONS");
  auto count = wanted ? std::stoul(wanted) : 200;
  auto self = fresh_identity();
  std::vector<std::unique_ptr<stranger>> all;
  auto before = open_descriptors();
  for (std::size_t i = 0; i < count; ++i)
    all.push_back(std::make_unique<stranger>(bob.node.advert(),
                                             nuisance::heartbeats, *self));
  // Those of this end, and the one that stays.
  CHECK(wait_for_descriptors(before + count + 1));
  auto metrics = bob.ask<node_metrics>(get_node_metrics{});
  REQUIRE(metrics);
  CHECK(metrics->connected_peers == 1);
  CHECK(metrics->node_proxies == 1);
}
