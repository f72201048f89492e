// Whoever means it gets in at once, whatever strangers do that come in masses.
// With more of them, as far as there are descriptors:
//
//     FLOOD_STRANGERS=5000 test_floods

#include <chrono>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <sys/resource.h>

#include "actors/node_fixture.hpp"
#include "support/flood.hpp"

using namespace test;

namespace {

using clock_type = std::chrono::steady_clock;

/// How long it may take to be connected.
constexpr std::chrono::seconds at_most{1};

/// How often it has to succeed, one time after the other.
constexpr int times = 5;

/// How many strangers stay if they may.
std::size_t at_once() {
  auto wanted = std::getenv("FLOOD_STRANGERS");
  return wanted ? std::stoul(wanted) : 1'000;
}

/// How many there have been when the first one who means it comes.
std::size_t before_all() {
  return at_once() / 10 * 9;
}

/// How many begin a handshake each second. A machine that has other things to
/// do computes as many.
constexpr std::size_t half_handshakes = 300;

/// Strangers and nodes are in one process.
void allow_descriptors() {
  rlimit limit{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  limit.rlim_cur = limit.rlim_max;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

node_config config_of(std::shared_ptr<const identity> who) {
  auto result = local_config();
  result.self = std::move(who);
  return result;
}

/// Bob's node, on which strangers fall. Somebody told him of Carol.
struct flooded_node {
  flooded_node() {
    allow_descriptors();
    auto carol = test_node{config_of(carols)}.node.advert();
    auto config = local_config();
    config.adverts = {carol};
    bob.emplace(std::move(config));
    bob->add_engine("inbox", bob->system.spawn([]() -> caf::behavior {
      return {[](const engine_msg&) {
      }};
    }));
  }

  [[nodiscard]] flood_plan plan(stranger_habit habit,
                                std::uint32_t addresses) const {
    flood_plan result;
    result.to = std::get<tcp_addr>(bob->node.addresses().front());
    result.habit = habit;
    result.addresses = addresses;
    result.at_once = at_once();
    if (habit == stranger_habit::half_a_handshake)
      result.each_second = half_handshakes;
    for (int i = 0; i < 200; ++i)
      result.frames.push_back(first_frame_to(bob->node.id()));
    return result;
  }

  /// A process begins that wants to be connected. @returns how long it takes.
  clock_type::duration time_to_connect(node_config config, bool permanent) {
    config.adverts = {bob->node.advert()};
    test_node who{std::move(config)};
    auto begun = clock_type::now();
    if (permanent)
      REQUIRE(who.ask<node_connect_reply>(
        node_connect_request{bob->node.id(), true}));
    else
      REQUIRE(who.send(who.message_to(bob->node.id(), "inbox", {})));
    who.next_event<connected_event>();
    return clock_type::now() - begun;
  }

  /// Newcomers, and Carol again and again.
  void check_open(const flood& strangers) {
    strangers.wait_for(before_all());
    for (int i = 0; i < times; ++i) {
      std::chrono::duration<double> newcomer =
        time_to_connect(local_config(), false);
      std::chrono::duration<double> known =
        time_to_connect(config_of(carols), true);
      MESSAGE("after ", strangers.came(), " strangers: a newcomer in ",
              newcomer.count(), " s, a known peer in ", known.count(), " s");
      CHECK(newcomer < at_most);
      CHECK(known < at_most);
    }
  }

  std::shared_ptr<const identity> carols = fresh_identity();
  std::optional<test_node> bob;
};

} // namespace

TEST_CASE_FIXTURE(flooded_node, "silent strangers hold nobody up") {
  SUBCASE("from one address") {
    check_open(flood{plan(stranger_habit::silence, 1)});
  }
  SUBCASE("from many addresses") {
    check_open(flood{plan(stranger_habit::silence, 200)});
  }
}

TEST_CASE_FIXTURE(flooded_node, "strangers that trickle hold nobody up") {
  SUBCASE("from one address") {
    check_open(flood{plan(stranger_habit::trickle, 1)});
  }
  SUBCASE("from many addresses") {
    check_open(flood{plan(stranger_habit::trickle, 200)});
  }
}

TEST_CASE_FIXTURE(flooded_node, "half-done handshakes hold nobody up") {
  SUBCASE("from one address") {
    check_open(flood{plan(stranger_habit::half_a_handshake, 1)});
  }
  SUBCASE("from many addresses") {
    check_open(flood{plan(stranger_habit::half_a_handshake, 200)});
  }
}
