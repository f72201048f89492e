#include "explore.hpp"

#include <algorithm>
#include <csignal>
#include <sstream>

#include <unistd.h>

namespace simulation {

namespace {

/// How many lines of a transcript somebody reads.
constexpr std::size_t max_lines = 120;

/// The end of what the two nodes of a failure did to each other.
std::string shortened(const std::string& transcript, const failure& about) {
  std::vector<std::string> lines;
  std::istringstream all{transcript};
  auto both = about.node + "/" + about.other;
  auto back = about.other + "/" + about.node;
  auto alone = about.node + " ";
  auto other = about.other + " ";
  auto node = about.node + "/";
  for (std::string line; std::getline(all, line);) {
    auto who = line.substr(line.find(' ') + 1);
    if (who.starts_with("failure:") || about.node.empty()
        || who.starts_with(alone) || who.starts_with(other)
        || (about.other.empty()
              ? who.starts_with(node)
              : who.starts_with(both) || who.starts_with(back)))
      lines.push_back(line + "\n");
  }
  auto skipped = lines.size() - std::min(lines.size(), max_lines);
  std::string result;
  for (auto i = skipped; i < lines.size(); ++i)
    result += lines[i];
  return result;
}

// What this thread plays.
thread_local std::uint64_t present_seed = 0;
thread_local const random_world* present = nullptr;

void (*previous_handler)(int) = SIG_DFL;

void print(std::string_view text) {
  static_cast<void>(!::write(STDERR_FILENO, text.data(), text.size()));
}

/// Who aborts does so between two steps of ours, so what it left can be read.
void handle_abort(int signal) {
  std::signal(SIGABRT, previous_handler);
  if (present) {
    print("aborted in seed " + std::to_string(present_seed) + "\n");
    for (const auto& line : present->last_lines())
      print(line);
  }
  std::raise(signal);
}

} // namespace

world_report play(std::uint64_t seed) {
  random_world world{seed};
  present_seed = seed;
  present = &world;
  auto result = world.run();
  present = nullptr;
  return result;
}

void explain_aborts() {
  previous_handler = std::signal(SIGABRT, handle_abort);
}

std::string explain_failure(std::uint64_t seed) {
  auto failing = random_world{seed}.run().acts;
  std::uint64_t passing = 0;
  while (passing + 1 < failing) {
    auto middle = passing + (failing - passing) / 2;
    (random_world{seed, middle}.run().failures.empty() ? passing : failing) =
      middle;
  }
  auto report = random_world{seed, failing, true}.run();
  std::string result = "seed " + std::to_string(seed) + ", "
                       + std::to_string(failing) + " acts:\n";
  constexpr std::size_t max_failures = 5;
  for (std::size_t i = 0; i < std::min(max_failures, report.failures.size());
       ++i) {
    const auto& x = report.failures[i];
    result +=
      x.node + (x.other.empty() ? "" : "/" + x.other) + " " + x.what + "\n";
  }
  if (report.failures.empty())
    return result + "it goes well when it is played again\n";
  return result + "\n" + shortened(report.transcript, report.failures.front());
}

std::string summary(const world_report& total, std::uint64_t first,
                    std::uint64_t count) {
  std::ostringstream out;
  out << count << " histories, seeds " << first << " to " << first + count - 1
      << ": " << total.sent << " messages, " << total.delivered
      << " delivered, " << total.unconfirmed << " unconfirmed, " << total.cuts
      << " faults of connections, " << total.restarts << " restarts\n"
      << "peers came to rest: " << total.rests.remembered << " remembered, "
      << total.rests.finished << " finished, " << total.rests.lost
      << " forgotten\n"
      << "connections ended:";
  for (const auto& [reason, number] : total.ends)
    out << " " << reason << " " << number;
  return out.str();
}

} // namespace simulation
