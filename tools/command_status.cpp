// node-proxy status, engines: how things stand with a running node.

#include <chrono>
#include <cstdlib>
#include <memory>
#include <string_view>

#include <poll.h>
#include <unistd.h>

#include <node_proxy/base/visible.hpp>

#include "command.hpp"
#include "control_command.hpp"
#include "status_table.hpp"
#include "stop_signals.hpp"

namespace node_proxy::tools {

namespace {

constexpr std::chrono::milliseconds watch_interval{1'000};

/// Makes a terminal show what follows from its first line on, and nothing else.
constexpr std::string_view clear_screen = "\x1b[H\x1b[2J";

struct status_options : control_options {
  bool as_json = false;
  bool watch = false;
};

/// Whether to print colours: on terminals that have some, unless somebody wants
/// none (https://no-color.org).
bool shows_colours() {
  const auto* unwanted = std::getenv("NO_COLOR");
  const auto* terminal = std::getenv("TERM");
  return ::isatty(STDOUT_FILENO) == 1
         && (unwanted == nullptr || *unwanted == '\0') && terminal != nullptr
         && std::string_view{terminal} != "dumb";
}

/// What there is to print of a status.
std::string text_of(const json& status, const status_options& options,
                    bool engines) {
  if (options.as_json)
    return internal::make_visible(
      status.dump(-1, ' ', false, json::error_handler_t::replace));
  auto result =
    engines ? engines_table(status)
            : peers_table(status, node_names{options.names}, shows_colours());
  result.pop_back();
  return result;
}

int print_status(const status_options& options, bool engines, int stop) {
  auto status = ask(options, "status");
  if (!status)
    return fail(status.error());
  try {
    return print_line(text_of(*status, options, engines), stop);
  } catch (const json::exception&) {
    return fail("the node is of another version, and says something else");
  }
}

/// Prints again and again until a signal comes.
int watch(const status_options& options) {
  stop_signals signals;
  auto is_terminal = ::isatty(STDOUT_FILENO) == 1;
  for (;;) {
    if (is_terminal && print_line(clear_screen, signals.fd()) != exit_ok)
      return exit_error;
    if (print_status(options, false, signals.fd()) != exit_ok)
      return exit_error;
    pollfd stop{signals.fd(), POLLIN, 0};
    if (::poll(&stop, 1, static_cast<int>(watch_interval.count())) > 0)
      return exit_ok;
  }
}

} // namespace

command add_status(CLI::App& app) {
  auto* sub = app.add_subcommand(
    "status", "Show how things stand with a running node and its peers");
  auto options = std::make_shared<status_options>();
  add_control(*sub, *options);
  add_names(*sub, *options);
  auto* as_json = sub->add_flag("--json", options->as_json,
                                "Print all there is to know, as JSON");
  sub->add_flag("--watch", options->watch, "Show it again each second")
    ->excludes(as_json);
  return {sub, [options] {
            if (auto ok = add_names_of_user(options->names); !ok)
              return fail(ok.error());
            return options->watch ? watch(*options)
                                  : print_status(*options, false, -1);
          }};
}

command add_engines(CLI::App& app) {
  auto* sub = app.add_subcommand(
    "engines", "Show the engines of a running node, and how many messages they "
               "have not taken");
  auto options = std::make_shared<status_options>();
  add_control(*sub, *options);
  return {sub, [options] {
            return print_status(*options, true, -1);
          }};
}

} // namespace node_proxy::tools
