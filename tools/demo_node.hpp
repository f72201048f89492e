// A node of the demonstration: a `node-proxy run` in a process of its own.

#pragma once

#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "child_process.hpp"
#include "json_lines.hpp"

namespace node_proxy::tools {

/// Something was not as it should be, or the user has stopped it.
struct demo_failed : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Runs a node and reads its events. Whatever goes wrong throws `demo_failed`.
class demo_node {
public:
  /// @param name is for people.
  /// @param options go to `node-proxy run`.
  /// @param stop_fd is readable when the user wants an end.
  demo_node(std::string name, std::vector<std::string> options, int stop_fd);

  /// Takes the first event `kind` that `matches`. Others stay to be taken, as
  /// they come in any order.
  json await(std::string_view kind,
             const std::function<bool(const json&)>& matches);

  /// The next event `kind` about the node `id`.
  json await_about(std::string_view kind, std::string_view id);

  /// Types a message. Returns the number by which the outcome is known.
  int send(std::string_view to, std::string_view engine, std::string_view text);

  /// Ends it in good order, which its exit status has to confirm. All of its
  /// events are read then.
  void stop();

  /// Whether an event `kind` was read that nobody has taken.
  [[nodiscard]] bool has(std::string_view kind) const;

  /// Whether the node `id` has connected or got a message through so far.
  [[nodiscard]] bool met(std::string_view id) const;

private:
  std::optional<json> next();

  std::string name_;
  child_process process_;
  int stop_fd_;
  int last_id_ = 0;
  std::vector<json> untaken_;
  std::vector<std::string> partners_;
};

} // namespace node_proxy::tools
