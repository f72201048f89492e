// A program whose output nobody reads.

#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace node_proxy::testing {

/// A child process with pipes for its standard streams, of which the test reads
/// only what it asks for. It is killed at the end, if it still runs.
class unread_process {
public:
  /// @param command is the path of a program and its arguments.
  explicit unread_process(std::vector<std::string> command);
  unread_process(const unread_process&) = delete;
  unread_process& operator=(const unread_process&) = delete;
  ~unread_process();

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }

  /// Waits for a line of standard output; what there is at its end.
  std::string next_line();

  /// How much of its standard output can be read.
  [[nodiscard]] std::size_t unread_bytes() const;

  /// Writes a little.
  void write(std::string_view text) const;

  /// Writes until a pipe of its output is full, and it takes no more or has got
  /// all of it.
  void write_until_stuck(std::string_view text) const;

  void signal(int number) const;

  /// The same, and waits until the signal is not pending any more: it has
  /// `signalfd` tell it of signals.
  void signal_and_wait(int number) const;

  /// Waits at most so long for the end. The exit status, or 128 and the number
  /// of the signal that ended it; nothing if it still runs.
  std::optional<int> wait(std::chrono::milliseconds at_most);

private:
  bool is_full() const;

  pid_t pid_ = -1;
  int in_ = -1;
  int out_ = -1;
  int err_ = -1;
};

} // namespace node_proxy::testing
