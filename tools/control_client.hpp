// Asks a running node through its control socket.

#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include <node_proxy/messages/basics.hpp>

namespace node_proxy::tools {

/// How long an answer may take.
inline constexpr std::chrono::seconds control_patience{20};

/// What `--control` names: a socket, or the directory that has one of the name
/// `control`, such as that of `--state`.
[[nodiscard]] std::string control_path(const std::string& named);

/// Sends a request and reads the answer, which is not waited for once `stop` is
/// readable (-1 for never). Errors: a sentence, of the node or about the
/// socket.
[[nodiscard]] tl::expected<nlohmann::ordered_json, std::string>
ask_node(const std::string& path, std::string_view request, int stop = -1);

/// A node that was asked says nothing.
[[nodiscard]] std::string silence_text(const std::string& path);

} // namespace node_proxy::tools
