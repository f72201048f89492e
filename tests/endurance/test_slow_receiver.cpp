// A receiver that takes less than its sender offers pushes back, and neither
// process grows beyond its bounds. Longer than ctest has time for:
//
//     SLOW_SECONDS=600 test_slow_receiver

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <thread>

#include <doctest/doctest.h>

#include <unistd.h>

#include "numbered_sender.hpp"
#include "paced_sender.hpp"
#include "process_memory.hpp"
#include "receivers.hpp"

using namespace node_proxy::testing;
using namespace std::chrono_literals;

namespace {

using clock_type = std::chrono::steady_clock;

/// How long to go on offering messages when the outbox is full.
std::chrono::seconds full_time() {
  auto value = std::getenv("SLOW_SECONDS");
  return std::chrono::seconds{value ? std::stoul(value) : 1};
}

constexpr pace much{100'000, 500};
constexpr pace quiet{};

/// What a process may have in its outbox by default, in KiB.
constexpr std::size_t outbox_bound = 64 * 1024;

/// What else a process may come to need, in KiB.
constexpr std::size_t allowance = 16 * 1024;

struct slow_receiver {
  slow_receiver() {
    // Nobody dies of a pause.
    settings.dead_peer_limit = 60s;
    sender.emplace(receiver.adverts(), settings);
  }

  /// Offers more than the receiver takes, for some time.
  void offer_much() {
    here.emplace(::getpid());
    there.emplace(receiver.program().pid());
    auto& stream = sender->stream(0);
    begin = clock_type::now();
    stream.set(much);
    REQUIRE(comes_true([&] { return stream.amount().failed() > 0; }));
    full_after = clock_type::now() - begin;
    std::this_thread::sleep_for(full_time());
    stream.set(quiet);
  }

  void check_memory() {
    MESSAGE("full after ", full_after / 1ms, " ms, KiB more: ", here->value(),
            " here, ", there->value(), " there");
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    CHECK(here->value() < outbox_bound + allowance);
    CHECK(there->value() < outbox_bound);
#endif
  }

  /// Who is refused is told at once, and nobody for another reason.
  void check_refused() {
    auto done = sender->stream(0).amount();
    CHECK(done.failed() > 0);
    CHECK(done.failed() == done.failures["outbox_full"]);
    CHECK(done.longest_refusal < 1s);
  }

  std::size_t threads = count_threads(::getpid());
  node_proxy::peer_settings settings = impatient_settings();
  receivers receiver{1, 60s};
  std::optional<paced_sender> sender;
  std::optional<memory_growth> here;
  std::optional<memory_growth> there;
  clock_type::time_point begin;
  clock_type::duration full_after{0};
};

} // namespace

TEST_CASE_FIXTURE(slow_receiver,
                  "a slow engine pushes back to the sending node") {
  receiver.slow();
  offer_much();
  auto taken = receiver.count()[0].messages;
  auto seconds = (clock_type::now() - begin) / 1.0s;
  MESSAGE("slow engine: ", taken, " of ", sender->stream(0).amount().sent,
          " messages in ", seconds, " s");
  CHECK(static_cast<double>(taken) <= 100 * seconds);
  check_refused();
  // It has not died of it: what was accepted arrives.
  receiver.fast();
  REQUIRE(comes_true([&] { return sender->stream(0).amount().open() == 0; }));
  check_memory();
  check_refused();
  auto done = sender->stream(0).amount();
  auto received = receiver.count()[0];
  CHECK(received.messages == done.delivered);
  CHECK(received.sum == done.sum);
  CHECK(received.disordered == 0);
}

TEST_CASE_FIXTURE(slow_receiver,
                  "a receiver that is stopped leaves its sender bounded") {
  auto& stream = sender->stream(0);
  stream.set({100, 1});
  REQUIRE(comes_true([&] { return stream.amount().delivered > 0; }));
  receiver.program().signal(SIGSTOP);
  offer_much();
  // All that it had acknowledged before has come.
  auto delivered = stream.amount().delivered;
  check_memory();
  check_refused();
  auto open = stream.amount().open();
  CHECK(open > 100'000);
  CHECK(sender->has_actors());
  begin = clock_type::now();
  sender->shutdown();
  auto time = clock_type::now() - begin;
  REQUIRE(comes_true([&] { return stream.amount().open() == 0; }));
  MESSAGE("shutdown: ", open, " answers in ", time / 1ms, " ms");
  CHECK(time < shutdown_grace + 1s);
  CHECK(stream.amount().delivered == delivered);
  // Connections wait a little for the peer to take what was written.
  CHECK(comes_true([&] { return !sender->has_actors(); }));
  MESSAGE("no actor after ", (clock_type::now() - begin) / 1ms, " ms");
  CHECK(clock_type::now() - begin < shutdown_grace + 5s);
  sender.reset();
  CHECK(comes_true([&] { return count_threads(::getpid()) == threads; }));
}
