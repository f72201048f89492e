// What `--engine NAME=KIND` says.

#pragma once

#include <string>
#include <string_view>

#include <node_proxy/messages/identities.hpp>

namespace node_proxy::tools {

/// What an engine of `run` does with the messages that it gets.
enum class engine_kind {
  /// Reports each.
  print,
  /// Sends the payload of each back to the engine that sent it.
  echo,
  /// Counts them, and reports the totals each second and at the end.
  count,
  /// Makes a file of each.
  save,
};

struct engine_option {
  engine_name name;
  engine_kind kind = engine_kind::print;
  /// Where files go.
  std::string folder = {};
};

/// Reads NAME=KIND; NAME and the folder of `save` may have any character but
/// that a NAME with "=save:" in it ends there.
[[nodiscard]] tl::expected<engine_option, std::string>
parse_engine(std::string_view text);

} // namespace node_proxy::tools
