// node-proxy status, engines, permanent: what a running node says and does for
// its operator.

#include <chrono>
#include <memory>

#include <poll.h>
#include <unistd.h>

#include <node_proxy/base/visible.hpp>

#include "command.hpp"
#include "control_client.hpp"
#include "json.hpp"
#include "node_names.hpp"
#include "options.hpp"
#include "status_table.hpp"
#include "stop_signals.hpp"

namespace node_proxy::tools {

namespace {

constexpr std::chrono::milliseconds watch_interval{1'000};

/// Makes a terminal show what follows from its first line on, and nothing else.
constexpr std::string_view clear_screen = "\x1b[H\x1b[2J";

struct control_options {
  std::string control = "control";
  std::vector<node_name> names;
  bool as_json = false;
  bool watch = false;
  std::string node;
  bool on = false;
};

void add_control(CLI::App& app, control_options& options) {
  app
    .add_option("--control", options.control,
                "Control socket of the running node, or the directory that "
                "has one of the name 'control'")
    ->capture_default_str()
    ->type_name("PATH");
}

void add_names(CLI::App& app, control_options& options) {
  add_parsed_option(app, "--name", options.names, parse_node_name,
                    "Show this name for a node")
    ->type_name("NAME=NODE_ID");
}

expected<json, std::string> ask(const control_options& options,
                                std::string_view request) {
  return ask_node(control_path(options.control), request);
}

/// What there is to print of a status.
std::string text_of(const json& status, const control_options& options,
                    bool engines) {
  if (options.as_json)
    return make_visible(
      status.dump(-1, ' ', false, json::error_handler_t::replace));
  auto result = engines ? engines_table(status)
                        : peers_table(status, node_names{options.names});
  result.pop_back();
  return result;
}

int print_status(const control_options& options, bool engines, int stop) {
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
int watch(const control_options& options) {
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

std::vector<std::string> ids_in(const json& status) {
  std::vector<std::string> result;
  for (const auto& x : status.value("peers", json::array()))
    result.push_back(x.value("node", ""));
  return result;
}

/// Names that the node has been told.
void add_names_in(const json& status, std::vector<node_name>& names) {
  for (const auto& x : status.value("peers", json::array()))
    if (auto id = parse_node_id(x.value("node", "")); id && x.contains("name"))
      names.insert(names.begin(), {x.value("name", ""), *id});
}

int set_permanent(control_options options) {
  auto status = ask(options, "status");
  if (!status)
    return fail(status.error());
  add_names_in(*status, options.names);
  auto id = node_names{options.names}.find(options.node, ids_in(*status));
  if (!id)
    return fail(id.error());
  auto answer =
    ask(options, "permanent " + *id + (options.on ? " on" : " off"));
  if (!answer)
    return fail(*id + ": " + answer.error());
  return exit_ok;
}

} // namespace

command add_status(CLI::App& app) {
  auto* sub = app.add_subcommand(
    "status", "Show how things stand with a running node and its peers");
  auto options = std::make_shared<control_options>();
  add_control(*sub, *options);
  add_names(*sub, *options);
  auto* as_json = sub->add_flag("--json", options->as_json,
                                "Print all there is to know, as JSON");
  sub->add_flag("--watch", options->watch, "Show it again each second")
    ->excludes(as_json);
  return {sub, [options] {
            return options->watch ? watch(*options)
                                  : print_status(*options, false, -1);
          }};
}

command add_engines(CLI::App& app) {
  auto* sub = app.add_subcommand(
    "engines", "Show the engines of a running node, and how many messages they "
               "have not taken");
  auto options = std::make_shared<control_options>();
  add_control(*sub, *options);
  return {sub, [options] {
            return print_status(*options, true, -1);
          }};
}

command add_permanent(CLI::App& app) {
  auto* sub = app.add_subcommand(
    "permanent", "Have a running node keep up the connection to a peer, or not "
                 "any more");
  auto options = std::make_shared<control_options>();
  add_control(*sub, *options);
  add_names(*sub, *options);
  sub
    ->add_option("NODE", options->node,
                 "The node: its id, the beginning of its id, or its name")
    ->required()
    ->type_name("");
  auto value = std::make_shared<std::string>();
  sub->add_option("on|off", *value)
    ->required()
    ->check(CLI::IsMember({"on", "off"}))
    ->type_name("");
  return {sub, [options, value] {
            options->on = *value == "on";
            return set_permanent(*options);
          }};
}

} // namespace node_proxy::tools
