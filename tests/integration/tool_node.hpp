// `node-proxy run` as tests use it.

#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "process.hpp"

namespace node_proxy::testing {

using json = nlohmann::json;

/// A key and what belongs to it, in a folder.
struct tool_key {
  /// Makes a new key.
  explicit tool_key(const temporary_folder& folder, std::string_view name);

  /// Writes an advert of this node with one address. Returns its path.
  [[nodiscard]] std::string advertise(const std::string& address) const;

  std::string file;
  std::string id;
};

/// The port of an address.
[[nodiscard]] std::uint16_t port_of(const std::string& address);

/// A running node that listens at some port of this host.
class tool_node {
public:
  /// @param options go to `node-proxy run`.
  explicit tool_node(const tool_key& key,
                     const std::vector<std::string>& options = {});

  [[nodiscard]] const std::string& id() const { return key_.id; }
  [[nodiscard]] const std::string& address() const { return address_; }
  [[nodiscard]] std::uint16_t port() const;
  /// An advert file that names where this node listens.
  [[nodiscard]] const std::string& advert() const { return advert_; }
  [[nodiscard]] process& program() { return process_; }

  /// Takes the first event of a kind for which all of `fields` hold. Others
  /// stay to be taken, as events of different actors come in any order.
  json await(std::string_view kind, const json& fields = json::object());

  /// Types `send NODE_ID ENGINE TEXT`.
  void send(const tool_node& to, std::string_view engine,
            std::string_view text);

  /// Ends it with a signal, and checks that it ends in good order. Returns the
  /// events that nobody took.
  std::vector<json> stop(int signal);

private:
  tool_key key_;
  process process_;
  std::vector<json> untaken_;
  std::string address_;
  std::string advert_;
};

/// How many descriptors a process has open.
[[nodiscard]] std::size_t count_descriptors(pid_t pid);

/// How much memory a process has had at most, in KiB.
[[nodiscard]] std::size_t peak_memory(pid_t pid);

} // namespace node_proxy::testing
