// Whoever keeps a node busy for nothing does not hold up the others. The
// control is the same nuisance to another node, so that all that the two share
// is this machine. Longer, and with the bounds that a quiet machine holds:
//
//     NUISANCE_SECONDS=5 test_nuisance

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>

#include "actors/node_fixture.hpp"
#include "actors/proxy/nuisance.hpp"
#include "actors/proxy/nuisance_engines.hpp"
#include "actors/proxy/paced_load.hpp"

using namespace test;
using namespace std::chrono_literals;

namespace {

/// How long each measurement takes if that is asked for.
std::optional<std::chrono::seconds> long_time() {
  auto wanted = std::getenv("NUISANCE_SECONDS");
  if (wanted == nullptr)
    return std::nullopt;
  return std::chrono::seconds{std::stoi(wanted)};
}

/// How many messages Alice sends: the short form is for builds without
/// optimization, in which strangers alone take what a machine has.
std::uint64_t per_second() {
  return long_time() ? 50'000 : 10'000;
}

/// What is demanded of the service in comparison with the control.
struct bounds {
  double kept;
  std::chrono::milliseconds p99;
};

/// Alice sends to Bob; Carol is there for the control.
struct fixture {
  fixture() {
    for (auto* node : {&bobs, &carols}) {
      node->add_engine("sink", node->system.spawn([]() -> caf::behavior {
        return {[](const engine_msg&) {
        }};
      }));
      node->add_engine("stuck", node->system.spawn(stuck_engine));
      node->add_engine(
        "echo",
        node->system.spawn(echo_engine, node->node.router(), node->node.id()));
    }
    load.measure(100ms);
  }

  static node_config config_of_alice(const node_advert& bobs) {
    auto result = local_config();
    result.adverts = {bobs};
    return result;
  }

  /// How Alice fares while so many strangers come to Bob, or to Carol.
  service beside(test_node& whom, nuisance kind, std::size_t count) {
    crowd strangers{whom.node.advert(), kind, count};
    return load.measure(time);
  }

  /// The others of this machine take its time now and then.
  void check(nuisance kind, std::size_t count) {
    CAPTURE(to_string(kind));
    CAPTURE(count);
    for (auto rounds = 10;; --rounds) {
      auto control = beside(carols, kind, count);
      auto met = beside(bobs, kind, count);
      if (long_time())
        std::cout << count << ' ' << to_string(kind) << ": " << met.kept
                  << " kept, control " << control.kept << "; p99 "
                  << met.p99.count() << " ms, control " << control.p99.count()
                  << " ms\n";
      auto late = std::max(most.p99, 2 * control.p99);
      if (met.kept >= most.kept * control.kept && met.p99 < late)
        return;
      REQUIRE(rounds > 1);
    }
  }

  void check(nuisance kind) {
    if (long_time())
      check(kind, 8);
    check(kind, 32);
  }

  test_node bobs{local_config()};
  test_node carols{local_config()};
  test_node alices{config_of_alice(bobs.node.advert())};
  paced_load load{alices, bobs.node.id(), per_second()};
  std::chrono::milliseconds time =
    long_time() ? std::chrono::milliseconds{*long_time()} : 300ms;
  bounds most = long_time() ? bounds{0.8, 50ms} : bounds{0.5, 100ms};
};

} // namespace

TEST_CASE_FIXTURE(fixture, "heartbeats of strangers hold up nobody") {
  check(nuisance::heartbeats);
}

TEST_CASE_FIXTURE(fixture, "controls that nobody knows hold up nobody") {
  check(nuisance::unknown_controls);
}

TEST_CASE_FIXTURE(fixture, "unreliable messages for nobody hold up nobody") {
  check(nuisance::unreliable_for_nobody);
}

TEST_CASE_FIXTURE(fixture, "tiny unreliable messages hold up nobody") {
  check(nuisance::unreliable);
}

TEST_CASE_FIXTURE(fixture, "messages that are rejected hold up nobody") {
  check(nuisance::rejects);
}

TEST_CASE_FIXTURE(fixture,
                  "channels that are opened and closed hold up nobody") {
  check(nuisance::channels);
}

TEST_CASE_FIXTURE(fixture, "new keys over and over again hold up nobody") {
  check(nuisance::rekeys);
}

TEST_CASE_FIXTURE(fixture, "unreliable messages that stay hold up nobody") {
  check(nuisance::held_unreliable);
}

TEST_CASE_FIXTURE(fixture, "answers that nobody acknowledges hold up nobody") {
  check(nuisance::unacknowledged);
}

TEST_CASE_FIXTURE(fixture, "who reads nothing holds up nobody") {
  check(nuisance::unread);
}

TEST_CASE_FIXTURE(fixture, "who lies and comes again holds up nobody") {
  check(nuisance::lies);
}
