// What the commands have in common that ask a running node.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include <node_proxy/messages/basics.hpp>

#include "json.hpp"
#include "node_names.hpp"

namespace node_proxy::tools {

/// Which node is asked, and how others are called.
struct control_options {
  std::string control = "control";
  std::vector<node_name> names;
  /// About which one it is asked, as it was typed.
  std::string node;
};

void add_control(CLI::App& app, control_options& options);
void add_names(CLI::App& app, control_options& options);

/// The argument NODE, and names for it.
void add_node(CLI::App& app, control_options& options);

/// Errors: those of `ask_node`.
[[nodiscard]] tl::expected<json, std::string>
ask(const control_options& options, std::string_view request, int stop = -1);

/// A node that was named to a command.
struct named_node {
  std::string id;
  /// How people see it: the beginning of its id, and its name.
  std::string title;
};

/// Finds the node that `options.node` means, by what the running node knows.
/// It is another one. Errors: sentences.
[[nodiscard]] tl::expected<named_node, std::string>
find_node(const control_options& options, int stop = -1);

} // namespace node_proxy::tools
