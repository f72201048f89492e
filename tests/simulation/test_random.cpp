// Many random histories. A failure names its seed; to see that one alone:
//
//     SIMULATION_SEED=... SIMULATION_COUNT=1 test_simulation

#include <cstdlib>
#include <string>

#include <doctest/doctest.h>

#include "explore.hpp"

using namespace simulation;

namespace {

std::uint64_t number_of(const char* variable, std::uint64_t otherwise) {
  auto value = std::getenv(variable);
  return value ? std::stoull(value) : otherwise;
}

} // namespace

TEST_CASE("nothing is lost, doubled or reordered, whatever happens") {
  auto first = number_of("SIMULATION_SEED", 1);
  auto count = number_of("SIMULATION_COUNT", 2'000);
  explain_aborts();
  world_report total;
  for (auto seed = first; seed < first + count; ++seed) {
    INFO("SIMULATION_SEED=", seed);
    auto report = play(seed);
    total.add(report);
    if (!report.failures.empty())
      FAIL_CHECK(explain_failure(seed));
  }
  MESSAGE(summary(total, first, count));
}

TEST_CASE("a history follows from its seed") {
  auto transcript = [] {
    return random_world{7, random_world::no_limit, true}.run().transcript;
  };
  CHECK(transcript() == transcript());
}
