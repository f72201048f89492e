// Messages as files of a folder.

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <node_proxy/actors/exchange_messages.hpp>

namespace node_proxy::tools {

/// Makes a file of each message. Nothing of what a sender says is part of a
/// name: that is TIME-NODE_ID, so that names are in the order of arrival.
class message_folder {
public:
  /// What became of some messages.
  struct result {
    /// The paths of the files of those that were saved, the first ones.
    std::vector<std::string> files;
    /// Why there is none of the next one; empty if there is one of each.
    std::string error;
  };

  explicit message_folder(std::string path) : path_{std::move(path)} {}

  /// Whether files can be made there now. Errors: a sentence.
  [[nodiscard]] tl::expected<void, std::string> check() const;

  /// Writes new files that only their owner may read. Each is there whole or
  /// not at all, whatever happens, and never takes the place of another one.
  /// They and their names are on the disk when this returns.
  /// @param now in microseconds of Unix time.
  [[nodiscard]] result save(std::span<const engine_msg> messages,
                            std::uint64_t now);

  [[nodiscard]] const std::string& path() const { return path_; }

private:
  std::string path_;
  // The time in the last name.
  std::uint64_t last_ = 0;
};

} // namespace node_proxy::tools
