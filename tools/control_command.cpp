#include "control_command.hpp"

#include <node_proxy/base/visible.hpp>

#include "control_client.hpp"
#include "options.hpp"

namespace node_proxy::tools {

namespace {

constexpr std::size_t shown_digits = 12;

std::vector<std::string> ids_in(const json& status) {
  std::vector<std::string> result;
  for (const auto& x : status.value("peers", json::array()))
    result.push_back(x.value("node", ""));
  result.push_back(status.value("node", ""));
  return result;
}

/// Names that the node has been told come before others.
void add_names_in(const json& status, std::vector<node_name>& names) {
  const auto named = status.value("names", json::object());
  for (const auto& [node, name] : named.items())
    if (auto id = parse_node_id(node); id && name.is_string())
      names.insert(names.begin(), {name.get<std::string>(), *id});
}

} // namespace

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

void add_node(CLI::App& app, control_options& options) {
  add_names(app, options);
  app
    .add_option("NODE", options.node,
                "The node: its id, the beginning of its id, or its name")
    ->required()
    ->type_name("");
}

tl::expected<json, std::string> ask(const control_options& options,
                                    std::string_view request, int stop) {
  return ask_node(control_path(options.control), request, stop);
}

tl::expected<named_node, std::string> find_node(const control_options& options,
                                                int stop) {
  auto all = options.names;
  if (auto ok = add_names_of_user(all); !ok)
    return tl::unexpected{ok.error()};
  auto status = ask(options, "status", stop);
  if (!status)
    return tl::unexpected{status.error()};
  add_names_in(*status, all);
  node_names names{all};
  auto id = names.find(options.node, ids_in(*status));
  if (!id)
    return tl::unexpected{id.error()};
  if (*id == status->value("node", ""))
    return tl::unexpected{"'" + options.node
                          + "' is the running node itself; expected a peer"};
  auto title = id->substr(0, shown_digits);
  if (auto name = names.name_of(*id); !name.empty())
    title += " (" + internal::make_visible(name) + ")";
  return named_node{*id, title};
}

} // namespace node_proxy::tools
