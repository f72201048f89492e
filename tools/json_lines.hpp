// Standard output of programs that others read: one JSON object a line.

#pragma once

#include <chrono>
#include <cstddef>
#include <vector>

#include <node_proxy/messages/basics.hpp>

#include "json.hpp"
#include "line_writer.hpp"
#include "wakeup.hpp"

namespace node_proxy::tools {

/// Writes objects to a descriptor, a line each. Any thread may write.
class json_lines {
public:
  /// @param changed is set when writing fails.
  json_lines(int fd, wakeup& changed);

  /// For what may be left out while nobody reads: `{"event":"left_out",
  /// "lines":N}` tells so later.
  void offer(const json& object);

  /// For what must be read: waits for a slow reader.
  /// @returns whether the line was taken: not after `close`, or if nothing can
  ///          be written any more.
  [[nodiscard]] bool write(const json& object);

  /// For what others forget once it is written: waits until the reader's end
  /// has it all.
  /// @returns how many have been written, the first ones.
  [[nodiscard]] std::size_t write_through(const std::vector<json>& objects);

  /// Nobody waits for the reader any more; what was taken before may still be
  /// written for `at_most`.
  void close(std::chrono::milliseconds at_most) { writer_.close(at_most); }

  /// Waits until this is closed or has failed, at most for so long.
  /// @returns whether it is, or has.
  [[nodiscard]] bool wait_closed(std::chrono::milliseconds at_most) {
    return writer_.wait_closed(at_most);
  }

  /// Whether something could not be written. Nothing is written after that.
  [[nodiscard]] bool failed() const { return writer_.failed(); }

  /// The `errno` of that.
  [[nodiscard]] int error() const { return writer_.error(); }

private:
  line_writer writer_;
};

/// Adds a payload under the key `text` if it is UTF-8, else under `base64`
/// (RFC 4648, section 4).
void add_payload(json& object, bytes_view payload);

} // namespace node_proxy::tools
