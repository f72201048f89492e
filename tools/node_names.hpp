// Names that an operator gives nodes, and nodes as an operator types them.

#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <node_proxy/messages/identities.hpp>

namespace node_proxy::tools {

/// What NAME=NODE_ID says.
struct node_name {
  std::string name;
  node_id id;
};

/// Reads NAME=NODE_ID. A name has 1 to 64 octets of UTF-8, without '=', blanks
/// and what a terminal does not show as it is.
[[nodiscard]] tl::expected<node_name, std::string>
parse_node_name(std::string_view text);

/// Where a user has names for nodes: `node-proxy/names` in the directory of
/// $XDG_CONFIG_HOME, or in ~/.config; empty if there is no home either.
[[nodiscard]] std::string path_of_names();

/// Puts the names in that file, one NAME=NODE_ID a line, in front of others.
/// Lines that are empty or begin with '#' say nothing, and a file that is not
/// there neither. Errors: a sentence that names the file and the line.
[[nodiscard]] tl::expected<void, std::string>
add_names_of_user(std::vector<node_name>& names);

/// The names of nodes, by their ids in hexadecimal.
class node_names {
public:
  node_names() = default;

  /// The last one counts of two names of a node.
  explicit node_names(const std::vector<node_name>& names);

  /// By ids.
  [[nodiscard]] const auto& all() const { return names_; }

  /// Empty if it has none.
  [[nodiscard]] std::string_view name_of(const std::string& id) const;

  /// The node that is meant by its id, the beginning of its id, or its name.
  /// @param known the ids of the nodes that a beginning may be of.
  /// Errors: a sentence that names what was typed, and the nodes that it may
  /// mean.
  [[nodiscard]] tl::expected<std::string, std::string>
  find(std::string_view text, const std::vector<std::string>& known) const;

private:
  std::map<std::string, std::string, std::less<>> names_;
};

} // namespace node_proxy::tools
