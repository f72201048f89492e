// Lines to a descriptor that may stop taking them.

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "wakeup.hpp"

namespace node_proxy::tools {

/// Writes `text`, which becomes what is left of it. A reader that takes nothing
/// is not waited for after `until`, or once `stop` is readable (-1 for never).
/// @returns whether all was written. If a write has failed `errno` says why;
///          it is 0 if nobody took the rest.
[[nodiscard]] bool write_until(int fd, std::string_view& text,
                               std::chrono::steady_clock::time_point until,
                               int stop = -1);

/// Writes lines in a thread of its own, in order and each whole, so that
/// whoever has something to say need not wait for a reader who takes nothing.
/// What is queued is bounded. Any thread may call.
class line_writer {
public:
  /// How many octets may be queued. A longer line is taken if it is the only
  /// one.
  static constexpr std::size_t max_queued = 1u << 20;

  /// Makes the line that tells how many were left out.
  using left_out_line = std::function<std::string(std::uint64_t)>;

  /// @param failed is called once, by the thread that writes, when a write
  ///        fails; nothing is written after that.
  line_writer(int fd, left_out_line left_out, std::function<void()> failed);

  line_writer(const line_writer&) = delete;
  line_writer& operator=(const line_writer&) = delete;

  /// As `close`, without any time.
  ~line_writer();

  /// Takes a line if there is room. Otherwise it is left out and counted; the
  /// next line that is taken comes behind one that tells how many were.
  void offer(std::string line);

  /// Waits until there is room.
  /// @returns whether the line was taken: not if this is closed, or has failed.
  [[nodiscard]] bool write(std::string line);

  /// As `write` for each of them, and waits until the reader's end has them: so
  /// this process may be killed after that.
  /// @returns how many have been written, the first ones.
  [[nodiscard]] std::size_t write_through(std::vector<std::string> lines);

  /// Takes nothing more, and waits at most for `at_most` until all is written.
  void close(std::chrono::milliseconds at_most);

  /// Waits until this is closed or has failed, at most for so long.
  /// @returns whether it is, or has.
  [[nodiscard]] bool wait_closed(std::chrono::milliseconds at_most);

  [[nodiscard]] bool failed() const;

  /// The `errno` of the write that failed; 0 if none has.
  [[nodiscard]] int error() const;

private:
  struct state;

  // The thread may be stuck for good, and has its part then.
  std::shared_ptr<state> state_;
};

} // namespace node_proxy::tools
