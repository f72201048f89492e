// As many random histories as time allows:
//
//     simulation_soak SECONDS [FIRST_SEED]
//
// Without a first seed it is one that nobody has tried. SIGINT and SIGTERM end
// it early. Status 1 if a history went wrong.

#include <atomic>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <mutex>
#include <optional>
#include <string_view>
#include <thread>
#include <vector>

#include "explore.hpp"

using namespace simulation;

namespace {

using clock_type = std::chrono::steady_clock;

std::atomic<bool> stopped = false;

/// Plays one history after the other, on each processor.
class soak {
public:
  soak(std::uint64_t first, clock_type::time_point until)
    : first_(first), next_(first), until_(until) {}

  /// @returns whether all went well.
  bool run() {
    {
      std::vector<std::jthread> threads;
      for (auto n = std::thread::hardware_concurrency(); n > 0; --n)
        threads.emplace_back([this] { play_on(); });
    }
    std::puts(summary(total_, first_, next_ - first_).c_str());
    std::printf("%llu failed\n", static_cast<unsigned long long>(failed_));
    return failed_ == 0;
  }

private:
  /// Somebody who sees this many wants to look at them first.
  static constexpr std::uint64_t max_failures = 5;

  void play_on() {
    while (!stopped && clock_type::now() < until_) {
      auto seed = next_++;
      auto report = play(seed);
      auto failed = !report.failures.empty();
      auto text = failed ? explain_failure(seed) : std::string{};
      std::lock_guard lock{mutex_};
      total_.add(report);
      if (!failed)
        continue;
      std::puts(text.c_str());
      if (++failed_ >= max_failures)
        stopped = true;
    }
  }

  std::uint64_t first_;
  std::atomic<std::uint64_t> next_;
  clock_type::time_point until_;
  std::mutex mutex_;
  world_report total_;
  std::uint64_t failed_ = 0;
};

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t result = 0;
  auto [end, error] =
    std::from_chars(text.data(), text.data() + text.size(), result);
  if (error != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return result;
}

/// Runs of different seconds do not meet: no machine plays so many histories.
std::uint64_t new_seed() {
  auto seconds = std::chrono::duration_cast<std::chrono::seconds>(
    std::chrono::system_clock::now().time_since_epoch());
  return static_cast<std::uint64_t>(seconds.count()) * 1'000'000;
}

} // namespace

int main(int argc, char** argv) {
  std::optional<std::uint64_t> seconds;
  std::optional<std::uint64_t> first = new_seed();
  if (argc == 2 || argc == 3)
    seconds = number(argv[1]);
  if (argc == 3)
    first = number(argv[2]);
  constexpr std::uint64_t max_seconds = 1'000'000'000;
  if (!seconds || *seconds > max_seconds || !first) {
    std::fputs("usage: soak SECONDS [FIRST_SEED]\n", stderr);
    return 2;
  }
  explain_aborts();
  for (auto number : {SIGINT, SIGTERM})
    std::signal(number, [](int) { stopped = true; });
  std::printf("from seed %llu on\n", static_cast<unsigned long long>(*first));
  std::fflush(stdout);
  auto until = clock_type::now() + std::chrono::seconds{*seconds};
  return soak{*first, until}.run() ? 0 : 1;
}
