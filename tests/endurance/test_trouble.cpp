// Numbered messages to a process over a network that cuts, stalls and delays
// connections. Longer than ctest has time for:
//
//     FORWARDER_SECONDS=1800 test_trouble
//     FORWARDER_SEED=... test_trouble      with the same faults again

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <random>
#include <utility>

#include <doctest/doctest.h>

#include "integration/network_trouble.hpp"
#include "integration/tool_node.hpp"
#include "numbered_sender.hpp"

using namespace node_proxy::testing;
using namespace std::chrono_literals;

namespace {

std::uint64_t number_of(const char* variable, std::uint64_t otherwise) {
  auto value = std::getenv(variable);
  return value ? std::stoull(value) : otherwise;
}

/// So that it takes long enough for some trouble.
constexpr std::uint64_t bytes_per_second = 2'000'000;

struct troubled_network {
  troubled_network() {
    network.limit(bytes_per_second);
    start_receiver();
  }

  void start_receiver() {
    auto address = "tcp://127.0.0.1:" + std::to_string(network.port());
    receiver.emplace(key, std::vector<std::string>{"--engine", "inbox=print",
                                                   "--advertise", address});
    network.redirect(receiver->port());
    advert = key.advertise(address);
  }

  /// The number of the next message that the receiver reports; nothing at the
  /// end, its own or that of the messages.
  std::optional<std::uint64_t> next_number(const std::string& sender) {
    auto prefix = R"({"event":"received","from":")" + sender
                  + R"(","engine":"inbox","text":")";
    while (auto line = receiver->program().next_line()) {
      if (!line->starts_with(R"({"event":"received")"))
        continue;
      if (*line == prefix + std::string{last_text} + "\"}") {
        ended = true;
        return std::nullopt;
      }
      REQUIRE_MESSAGE(line->starts_with(prefix), *line);
      auto number = std::stoull(line->substr(prefix.size()));
      if (*line != prefix + numbered_text(number) + "\"}")
        FAIL(*line);
      return number;
    }
    return std::nullopt;
  }

  /// Nothing came twice, as far as that can be seen now.
  void check_nothing_left() {
    for (const auto& event : receiver->stop(SIGTERM))
      CHECK_MESSAGE(event["event"] != "received", event.dump());
  }

  std::uint64_t seed = number_of("FORWARDER_SEED", std::random_device{}());
  amount how_much{100'000,
                  std::chrono::seconds{number_of("FORWARDER_SECONDS", 0)}};
  temporary_folder folder;
  tool_key key{folder, "receiver"};
  tcp_forwarder network;
  std::optional<tool_node> receiver;
  std::string advert;
  bool ended = false;
};

void check_all_delivered(const sent_amount& done) {
  CHECK(done.delivered == done.sent);
  for (const auto& [error, count] : done.failures)
    FAIL_CHECK(count << " failed: " << error);
}

} // namespace

TEST_CASE_FIXTURE(troubled_network,
                  "every message arrives once and in order, whatever the "
                  "network does") {
  INFO("FORWARDER_SEED=", seed);
  network_trouble trouble{network, seed};
  numbered_sender sender{advert, how_much};
  // For once longer than the sender believes that the receiver lives.
  auto pause = 3'000ms;
  std::uint64_t next = 0;
  for (; auto number = next_number(sender.id()); ++next) {
    REQUIRE(*number == next);
    if (next % 20'000 != 10'000)
      continue;
    receiver->program().signal(SIGSTOP);
    std::this_thread::sleep_for(std::exchange(pause, 300ms));
    receiver->program().signal(SIGCONT);
  }
  const auto& done = sender.finish();
  CHECK(next == done.sent);
  check_all_delivered(done);
  check_nothing_left();
  CHECK(trouble.cuts() > 0);
  CHECK(trouble.stalls() > 0);
  MESSAGE(done.sent, " messages, ", network.accepted(), " connections, ",
          trouble.cuts(), " cuts, ", trouble.stalls(), " stalls");
}

TEST_CASE_FIXTURE(troubled_network,
                  "a receiver that is killed gets what it had not "
                  "acknowledged") {
  INFO("FORWARDER_SEED=", seed);
  network_trouble trouble{network, seed};
  numbered_sender sender{advert, how_much};
  constexpr std::uint64_t life = 25'000;
  std::optional<std::uint64_t> expected;
  std::uint64_t seen = 0;
  std::uint64_t repeated = 0;
  auto kill_at = life;
  auto lives = 1;
  while (!ended) {
    auto number = next_number(sender.id());
    if (!number) {
      if (ended)
        break;
      CHECK(receiver->program().wait() == 128 + SIGKILL);
      start_receiver();
      ++lives;
      expected.reset();
      continue;
    }
    if (expected)
      REQUIRE(*number == *expected);
    else
      REQUIRE(*number <= seen);
    expected = *number + 1;
    repeated += *number < seen;
    seen = std::max(seen, *expected);
    if (seen >= kill_at) {
      receiver->program().signal(SIGKILL);
      kill_at += life;
    }
  }
  const auto& done = sender.finish();
  CHECK(seen == done.sent);
  check_all_delivered(done);
  check_nothing_left();
  CHECK(lives > 3);
  MESSAGE(done.sent, " messages, ", repeated, " repeated in ", lives,
          " processes, ", network.accepted(), " connections, ", trouble.cuts(),
          " cuts, ", trouble.stalls(), " stalls");
}
