// node-proxy permanent, disconnect, forget: what a running node does about a
// peer for its operator.

#include <memory>

#include "command.hpp"
#include "control_command.hpp"

namespace node_proxy::tools {

namespace {

/// Has the node do something about a peer. Errors: sentences.
tl::expected<json, std::string> tell(const control_options& options,
                                     std::string_view verb,
                                     std::string_view value = {}) {
  auto node = find_node(options);
  if (!node)
    return tl::unexpected{node.error()};
  auto request = std::string{verb} + ' ' + node->id;
  if (!value.empty())
    request.append(1, ' ').append(value);
  auto answer = ask(options, request);
  if (!answer)
    return tl::unexpected{node->title + ": " + answer.error()};
  return answer;
}

int set_permanent(const control_options& options, const std::string& value) {
  auto answer = tell(options, "permanent", value);
  return answer ? exit_ok : fail(answer.error());
}

int disconnect(const control_options& options) {
  auto answer = tell(options, "disconnect");
  if (!answer)
    return fail(answer.error());
  auto waiting = answer->value("waiting", std::uint64_t{0});
  if (waiting == 0)
    return exit_ok;
  return print_line("messages that wait for it connect it again: "
                    + std::to_string(waiting));
}

int forget(const control_options& options) {
  auto answer = tell(options, "forget");
  if (!answer)
    return fail(answer.error());
  std::string lost;
  auto add = [&](const char* key, std::string_view text) {
    if (answer->value(key, false))
      lost.append(lost.empty() ? "" : ", ").append(text);
  };
  add("advert", "where it is");
  add("permanence", "that its connection is permanent");
  add("record", "which messages were exchanged with it");
  return print_line("forgotten: " + lost);
}

/// A command about one peer.
template <class F>
command add_about_peer(CLI::App& app, const char* name, const char* description,
                       F run) {
  auto* sub = app.add_subcommand(name, description);
  auto options = std::make_shared<control_options>();
  add_control(*sub, *options);
  add_node(*sub, *options);
  return {sub, [options, run] {
            return run(*options);
          }};
}

} // namespace

command add_permanent(CLI::App& app) {
  auto value = std::make_shared<std::string>();
  auto result = add_about_peer(
    app, "permanent",
    "Have a running node keep up the connection to a peer, or not any more",
    [value](const control_options& x) { return set_permanent(x, *value); });
  result.app->add_option("on|off", *value)
    ->required()
    ->check(CLI::IsMember({"on", "off"}))
    ->type_name("");
  return result;
}

command add_disconnect(CLI::App& app) {
  auto result = add_about_peer(
    app, "disconnect",
    "Have a running node end the connection to a peer in good order",
    disconnect);
  result.app->footer(
    "It is connected again as soon as there is something to send, or when it "
    "calls.\n'node-proxy run --deny' keeps it away.");
  return result;
}

command add_forget(CLI::App& app) {
  auto result = add_about_peer(
    app, "forget",
    "Have a running node disconnect a peer and forget all that it knows of it",
    forget);
  result.app->footer(
    "Prints what is lost. It is refused while messages are under way.");
  return result;
}

} // namespace node_proxy::tools
