// Options in a file.

#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include <node_proxy/messages/basics.hpp>

namespace node_proxy::tools {

/// Replaces `--config FILE` of the command `run` by what the file says: each
/// `key = value` (TOML, without tables) is the option `--key value`, `true` is
/// an option without a value, and an array is the option several times. What is
/// on the command line as well counts alone.
/// @param arguments without the name of the program.
/// @param make makes an app that has all options.
/// @returns the arguments as if the file were none. Errors: a sentence that
///          names the file, the line and the key.
[[nodiscard]] tl::expected<std::vector<std::string>, std::string>
with_config_file(std::vector<std::string> arguments,
                 const std::function<void(CLI::App&)>& make);

/// Whether the option `--key` is among arguments.
[[nodiscard]] bool is_given(const std::vector<std::string>& arguments,
                            const std::string& key);

/// What such a file says of the level of the log, if anything. Errors: those of
/// a file that cannot be read, or of a level that there is none of.
[[nodiscard]] tl::expected<std::optional<std::string>, std::string>
log_level_in(const std::string& path);

} // namespace node_proxy::tools
