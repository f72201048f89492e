// Standard output of programs that others read: one JSON object a line.

#pragma once

#include <atomic>
#include <mutex>
#include <string_view>

#include <nlohmann/json.hpp>

#include <node_proxy/messages/basics.hpp>

#include "wakeup.hpp"

namespace node_proxy::tools {

/// A JSON object that keeps the order of its keys.
using json = nlohmann::ordered_json;

/// Writes lines to a descriptor, each whole and at once. Any thread may write;
/// it waits until a slow reader has taken the line.
class json_lines {
public:
  /// @param changed is set when writing fails for the first time.
  json_lines(int fd, wakeup& changed) : fd_{fd}, changed_{changed} {}

  void write(const json& object);

  /// Whether something could not be written. Nothing is written after that.
  [[nodiscard]] bool failed() const noexcept { return failed_; }

private:
  bool write_all(std::string_view text);

  int fd_;
  wakeup& changed_;
  std::mutex mutex_;
  std::atomic<bool> failed_ = false;
};

/// Adds a payload under the key `text` if it is UTF-8, else under `base64`
/// (RFC 4648, section 4).
void add_payload(json& object, bytes_view payload);

} // namespace node_proxy::tools
