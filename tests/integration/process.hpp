// Programs under test as child processes. Whoever waits here waits for an
// event; `patience` only ends a test that would wait for ever.

#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "support/comes_true.hpp"
#include "support/temporary_folder.hpp"

namespace node_proxy::testing {

/// How long a test waits before it fails.
inline constexpr std::chrono::seconds patience{30};

/// A child process with pipes to its standard input and output. It is killed
/// at the end, if it still runs.
class process {
public:
  /// @param command is the path of a program and its arguments.
  explicit process(std::vector<std::string> command);
  process(const process&) = delete;
  process& operator=(const process&) = delete;
  ~process();

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }

  /// Writes to its standard input, and keeps what it writes meanwhile.
  void write(std::string_view text);

  void close_input();

  /// Stops reading its standard output, as a reader that goes away.
  void close_output();

  /// The next line of standard output, nothing at the end.
  std::optional<std::string> next_line();

  /// All that is left of standard output, up to its end.
  std::string rest();

  void signal(int number) const;

  /// Waits for the end. The exit status, or 128 and the number of the signal
  /// that ended it.
  int wait();

  /// Whether it has ended, without waiting.
  [[nodiscard]] bool ended() const;

  /// What it has written to standard error so far.
  [[nodiscard]] std::string errors() const;

private:
  bool read_some();

  temporary_folder folder_;
  pid_t pid_ = -1;
  int pid_fd_ = -1;
  int input_ = -1;
  int output_ = -1;
  std::string buffer_;
  std::size_t searched_ = 0;
  std::optional<int> status_;
};

/// What a program did.
struct run_result {
  int status = -1;
  std::string out;
  std::string errors;
};

/// Runs a program to its end.
run_result run(std::vector<std::string> command, std::string_view input = {});

/// Runs `node-proxy` to its end.
run_result run_tool(std::vector<std::string> arguments,
                    std::string_view input = {});

/// Waits until `condition` holds, where nothing tells of the change.
/// @returns whether it ever did.
template <class Condition>
[[nodiscard]] bool comes_true(Condition condition) {
  return test::comes_true(std::move(condition), patience);
}

} // namespace node_proxy::testing
