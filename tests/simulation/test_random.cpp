// Many random histories. A failure names its seed; to see that one alone:
//
//     SIMULATION_SEED=... SIMULATION_COUNT=1 test_simulation

#include <cstdlib>
#include <string>

#include <doctest/doctest.h>

#include "random_world.hpp"

using namespace simulation;

namespace {

std::uint64_t number_of(const char* variable, std::uint64_t otherwise) {
  auto value = std::getenv(variable);
  return value ? std::stoull(value) : otherwise;
}

std::string text_of(const world_report& report) {
  std::string result;
  for (const auto& what : report.failures)
    result += what + "\n";
  return result;
}

} // namespace

TEST_CASE("nothing is lost, doubled or reordered, whatever happens") {
  auto first = number_of("SIMULATION_SEED", 1);
  auto count = number_of("SIMULATION_COUNT", 200);
  world_report total;
  for (auto seed = first; seed < first + count; ++seed) {
    INFO("SIMULATION_SEED=", seed);
    auto report = random_world{seed}.run();
    total.sent += report.sent;
    total.delivered += report.delivered;
    total.unconfirmed += report.unconfirmed;
    total.restarts += report.restarts;
    total.cuts += report.cuts;
    for (const auto& [reason, number] : report.ends)
      total.ends[reason] += number;
    if (!report.failures.empty()) {
      INFO(report.transcript);
      FAIL_CHECK(text_of(report));
    }
  }
  MESSAGE(count, " histories from seed ", first, ": ", total.sent,
          " messages, ", total.delivered, " delivered, ", total.unconfirmed,
          " unconfirmed, ", total.cuts, " cuts, ", total.restarts, " restarts");
  for (const auto& [reason, number] : total.ends)
    MESSAGE(number, " connections ended: ", reason);
}

TEST_CASE("a history follows from its seed") {
  CHECK(random_world{7}.run().transcript == random_world{7}.run().transcript);
}
