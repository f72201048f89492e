// A program that this one starts and talks to through pipes.

#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "line_reader.hpp"

namespace node_proxy::tools {

/// When waiting is given up.
using deadline = std::chrono::steady_clock::time_point;

/// A child process. It does not outlive this object, nor the program if that
/// is killed.
class child_process {
public:
  /// Starts this very program with other arguments. Standard error is shared.
  /// Throws `std::system_error`.
  explicit child_process(std::vector<std::string> arguments);
  child_process(const child_process&) = delete;
  child_process& operator=(const child_process&) = delete;
  ~child_process();

  /// Writes a line to the child's standard input. False if it does not read.
  [[nodiscard]] bool write_line(std::string_view line);

  /// The next line of its standard output; nothing at the end, when `until` is
  /// reached, or when `stop_fd` becomes readable.
  [[nodiscard]] std::optional<std::string> read_line(deadline until,
                                                     int stop_fd);

  /// Asks it to end by SIGTERM.
  void terminate();

  /// Its exit status, when it has closed its standard output; -1 if a signal
  /// has ended it.
  [[nodiscard]] int wait();

private:
  pid_t pid_ = -1;
  int input_ = -1;
  int output_ = -1;
  line_reader lines_{-1, 0};
};

} // namespace node_proxy::tools
