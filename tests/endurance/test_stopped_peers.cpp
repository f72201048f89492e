// Peers that are stopped cost the others nothing. Longer than ctest has time
// for:
//
//     STOPPED_ROUNDS=100 test_stopped_peers

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include <node_proxy/protocol/delivery/outbox.hpp>

#include "numbered_sender.hpp"
#include "paced_sender.hpp"
#include "receivers.hpp"

using namespace node_proxy::testing;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t all_peers = 50;
constexpr std::size_t stopped_peers = 10;

/// The first of them are stopped from time to time.
struct range {
  std::size_t begin;
  std::size_t end;
};
constexpr range all{0, all_peers};
constexpr range stopping{0, stopped_peers};
constexpr range running{stopped_peers, all_peers};

/// To those that stop, all the time: more than their outboxes hold.
constexpr pace steady{1'000, 10};
/// To those that run: far below what can be done, or all that can be done.
constexpr pace moderate{50, 1};
constexpr pace utmost{std::nullopt, 64, 2};
constexpr pace quiet{};

/// What the peers that run notice.
struct service {
  double per_second = 0;
  double median_delay = 0; // in ms
  double tail_delay = 0;   // 90 % are not above
};

double quantile(std::vector<double> values, double part) {
  REQUIRE_FALSE(values.empty());
  auto place = part * static_cast<double>(values.size() - 1);
  auto at = values.begin() + static_cast<std::ptrdiff_t>(place);
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

/// Measured in turns, as other work on the machine comes and goes.
struct comparison {
  std::vector<service> before;
  std::vector<service> beside; // stopped peers

  [[nodiscard]] double median(const std::vector<service>& from,
                              double service::*what) const {
    std::vector<double> values;
    values.reserve(from.size());
    for (const auto& x : from)
      values.push_back(x.*what);
    return quantile(values, 0.5);
  }

  /// How many times as much it is beside stopped peers.
  [[nodiscard]] double ratio(double service::*what) const {
    std::vector<double> values;
    values.reserve(beside.size());
    for (std::size_t i = 0; i < beside.size(); ++i)
      values.push_back(beside[i].*what / before[i].*what);
    return quantile(values, 0.5);
  }

  [[nodiscard]] bool good() const {
    return ratio(&service::per_second) >= 0.9
           && ratio(&service::median_delay) <= 1 / 0.9
           && ratio(&service::tail_delay) <= 1 / 0.9;
  }
};

/// @returns whether to measure once more: so many times as somebody wants, or
/// until the noise of the machine has gone.
bool goes_on(const comparison& so_far) {
  auto rounds = so_far.beside.size();
  if (auto wanted = std::getenv("STOPPED_ROUNDS"))
    return rounds < std::stoul(wanted);
  return rounds < 3 || (rounds < 40 && !so_far.good());
}

std::vector<node_proxy::node_advert> adverts_of(const receivers& one,
                                                const receivers& two) {
  auto result = one.adverts();
  result.insert(result.end(), two.adverts().begin(), two.adverts().end());
  return result;
}

/// Peers die while they are stopped. Their outboxes are full with few messages,
/// as each request of CAF's takes time in proportion to how many are open: that
/// is time of the senders, not of the Node Proxies.
node_proxy::peer_settings very_impatient_settings() {
  auto result = impatient_settings();
  result.heartbeat_interval = 250ms;
  result.dead_peer_limit = 1s;
  // One engine may have half of it.
  result.outbox_bytes = 2 * 256 * node_proxy::internal::outbox::memory_overhead;
  return result;
}

struct fifty_peers {
  void set(range whom, const pace& x) {
    for (auto i = whom.begin; i < whom.end; ++i)
      sender.stream(i).set(x);
  }

  std::uint64_t sum(range whom, std::uint64_t (*what)(const paced_amount&)) {
    std::uint64_t result = 0;
    for (auto i = whom.begin; i < whom.end; ++i)
      result += what(sender.stream(i).amount());
    return result;
  }

  void await_answers(range whom) {
    set(whom, quiet);
    REQUIRE(comes_true(
      [&] { return sum(whom, [](const auto& x) { return x.open(); }) == 0; }));
  }

  /// Returns when none of them takes any more.
  void stop() {
    for (auto i = stopping.begin; i < stopping.end; ++i)
      sender.stream(i).change([](paced_amount& x) { x.longest_refusal = 0s; });
    stopping_nodes.program().signal(SIGSTOP);
    REQUIRE(comes_true([&] {
      return sum(stopping,
                 [](const auto& x) -> std::uint64_t {
                   return x.longest_refusal > 0s;
                 })
             == stopped_peers;
    }));
  }

  /// Returns when all of them have taken all.
  void resume() {
    stopping_nodes.program().signal(SIGCONT);
    await_answers(stopping);
    set(stopping, steady);
  }

  /// Processors that were idle for a while take longer to wake: before delays
  /// are measured they are always as busy.
  service measure() {
    service result;
    measure_throughput(result);
    measure_delay(result);
    return result;
  }

  void measure_delay(service& result) {
    for (auto i = running.begin; i < running.end; ++i)
      sender.stream(i).change([](paced_amount& x) { x.delays.clear(); });
    set(running, moderate);
    std::this_thread::sleep_for(500ms);
    await_answers(running);
    std::vector<double> delays;
    for (auto i = running.begin; i < running.end; ++i)
      for (std::chrono::duration<double, std::milli> delay :
           sender.stream(i).amount().delays)
        delays.push_back(delay.count());
    result.median_delay = quantile(delays, 0.5);
    result.tail_delay = quantile(delays, 0.9);
  }

  void measure_throughput(service& result) {
    auto delivered = [](const paced_amount& x) {
      return x.delivered;
    };
    auto before = sum(running, delivered);
    auto since = std::chrono::steady_clock::now();
    set(running, utmost);
    std::this_thread::sleep_for(700ms);
    auto count = sum(running, delivered) - before;
    std::chrono::duration<double> time =
      std::chrono::steady_clock::now() - since;
    result.per_second = static_cast<double>(count) / time.count();
    await_answers(running);
  }

  void report(const std::string& what, double service::*value) {
    MESSAGE(what, ": ", measured.median(measured.before, value), " before, ",
            measured.median(measured.beside, value), " beside stopped peers, ",
            "ratio ", measured.ratio(value));
  }

  receivers stopping_nodes{stopped_peers, 2s};
  receivers running_nodes{all_peers - stopped_peers, 2s};
  paced_sender sender{adverts_of(stopping_nodes, running_nodes),
                      very_impatient_settings()};
  comparison measured;
};

} // namespace

TEST_CASE_FIXTURE(fifty_peers,
                  "peers that are stopped cost the others nothing") {
  set(stopping, steady);
  static_cast<void>(measure()); // while all are connected
  while (goes_on(measured)) {
    measured.before.push_back(measure());
    stop();
    measured.beside.push_back(measure());
    resume();
  }
  report("messages a second", &service::per_second);
  report("median delay in ms", &service::median_delay);
  report("delay of 90 % in ms", &service::tail_delay);
  CHECK(measured.good());

  await_answers(all);
  auto received = stopping_nodes.count();
  for (const auto& x : running_nodes.count())
    received.push_back(x);
  for (std::size_t i = 0; i < all_peers; ++i) {
    INFO("peer ", i);
    auto done = sender.stream(i).amount();
    CHECK(received[i].messages == done.delivered);
    CHECK(received[i].sum == done.sum);
    CHECK(received[i].disordered == 0);
    CHECK(done.failed() == done.failures["outbox_full"]);
    CHECK((done.failed() > 0) == (i < stopped_peers));
  }
}
