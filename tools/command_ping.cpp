// node-proxy ping: how long messages take to a peer of a running node.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <memory>

#include <poll.h>

#include <spdlog/fmt/fmt.h>

#include <node_proxy/base/visible.hpp>

#include "command.hpp"
#include "control_command.hpp"
#include "options.hpp"
#include "stop_signals.hpp"

namespace node_proxy::tools {

namespace {

using clock = std::chrono::steady_clock;
using milliseconds = std::chrono::duration<double, std::milli>;

struct ping_options {
  control_options control;
  std::uint64_t count = 0;
  double interval = 1;
};

/// What came of all pings so far.
struct ping_totals {
  std::uint64_t sent = 0;
  std::uint64_t answered = 0;
  double min = 0;
  double max = 0;
  double sum = 0;

  void add(double ms) {
    min = answered == 0 ? ms : std::min(min, ms);
    max = std::max(max, ms);
    sum += ms;
    ++answered;
  }
};

/// Whether there was a signal.
bool has_come(int stop) {
  pollfd fd{stop, POLLIN, 0};
  return ::poll(&fd, 1, 0) > 0;
}

/// What stands between the running node and a peer, in its own words.
std::string trouble_of(const control_options& options, const named_node& node,
                       int stop) {
  auto status = ask(options, "status", stop);
  if (status)
    for (const auto& x : status->value("peers", json::array()))
      if (x.value("node", "") == node.id && x.value("state", "") != "connected")
        return ": " + internal::make_visible(x.value("text", ""));
  return {};
}

/// Sends one ping, and prints what comes of it, unless nobody waits for that
/// any more.
int ping_once(const control_options& options, const named_node& node,
              ping_totals& totals, int stop) {
  auto seq = totals.sent + 1;
  auto answer = ask(options, "ping " + node.id, stop);
  if (!answer && has_come(stop))
    return exit_ok;
  ++totals.sent;
  if (!answer)
    return print_line(fmt::format("no answer from {}: seq={} {}{}", node.title,
                                  seq, internal::make_visible(answer.error()),
                                  trouble_of(options, node, stop)));
  auto ms = answer->value("round_trip_us", 0.0) / 1'000;
  totals.add(ms);
  return print_line(
    fmt::format("answer from {}: seq={} time={:.3f} ms", node.title, seq, ms));
}

int print_summary(const named_node& node, const ping_totals& x) {
  auto lost = x.sent - x.answered;
  auto text = fmt::format("\n--- {} ping statistics ---\n{} sent, {} answered, "
                          "{}% lost",
                          node.title, x.sent, x.answered,
                          x.sent > 0 ? 100 * lost / x.sent : 0);
  if (x.answered > 0)
    text += fmt::format("\nround trip min/avg/max = {:.3f}/{:.3f}/{:.3f} ms",
                        x.min, x.sum / static_cast<double>(x.answered), x.max);
  return print_line(text);
}

int ping(const ping_options& options) {
  stop_signals signals;
  auto node = find_node(options.control, signals.fd());
  if (!node && has_come(signals.fd()))
    return exit_error;
  if (!node)
    return fail(node.error());
  ping_totals totals;
  auto next = clock::now();
  auto step = std::chrono::duration_cast<clock::duration>(
    milliseconds{1'000 * options.interval});
  for (;;) {
    if (ping_once(options.control, *node, totals, signals.fd()) != exit_ok)
      return exit_error;
    if (totals.sent == options.count || has_come(signals.fd()))
      break;
    next = std::max(next + step, clock::now());
    auto left =
      std::chrono::ceil<std::chrono::milliseconds>(next - clock::now());
    pollfd stop{signals.fd(), POLLIN, 0};
    if (::poll(&stop, 1, static_cast<int>(left.count())) > 0)
      break;
  }
  if (print_summary(*node, totals) != exit_ok)
    return exit_error;
  return totals.answered > 0 ? exit_ok : exit_error;
}

} // namespace

command add_ping(CLI::App& app) {
  // A range has nothing against NaN.
  CLI::Validator is_number{[](const std::string& text) {
                             auto x = std::strtod(text.c_str(), nullptr);
                             return std::isfinite(x) ? std::string{}
                                                     : "expected a number";
                           },
                           ""};
  auto* sub = app.add_subcommand(
    "ping", "Measure how long a message of a running node takes to a peer and "
            "its answer back");
  auto options = std::make_shared<ping_options>();
  add_control(*sub, options->control);
  add_node(*sub, options->control);
  sub
    ->add_option("--count", options->count,
                 "End after so many; without it a signal ends it")
    ->check(whole_number(1, 1'000'000'000))
    ->type_name("N");
  sub->add_option("--interval", options->interval, "Time from one to the next")
    ->check(CLI::Range(0.01, 3'600.0))
    ->check(is_number)
    ->capture_default_str()
    ->type_name("SECONDS");
  sub->footer(
    "Each is a message to an engine that nobody has, so that the other node "
    "says so: it goes\nthe way of all messages, and counts there as one that "
    "failed (unknown_engine). The first\none connects the two if need be. One "
    "has 5 seconds.\nThe exit status is 0 if any was answered.");
  return {sub, [options] {
            return ping(*options);
          }};
}

} // namespace node_proxy::tools
