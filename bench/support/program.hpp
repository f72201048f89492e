// The main function of a benchmark. Mostly its other end is a process of its
// own.

#pragma once

#include <functional>
#include <iostream>
#include <string>

#include <CLI/CLI.hpp>

#include "support/other_side.hpp"

namespace bench {

/// The two ends. They throw when something fails.
struct program_sides {
  /// Measures and prints.
  std::function<void(other_side&)> measuring;
  /// The other process: prints what the measuring side waits for, and answers
  /// its requests by `serve_requests`.
  std::function<void()> other;
};

/// Parses the options of `app` and runs `sides`.
/// @returns the exit status: 0, 1 if the benchmark failed, 2 for wrong usage.
[[nodiscard]] int run_program(CLI::App& app, int argc, char** argv,
                              const program_sides& sides);

/// The same for a benchmark that is one process.
[[nodiscard]] int run_program(CLI::App& app, int argc, char** argv,
                              const std::function<void()>& measure);

/// Answers each line of standard input by one line, until the measuring side
/// says that this is the end, or is gone.
void serve_requests(
  const std::function<std::string(const std::string&)>& answer);

/// Prints one line at once.
void say(std::string_view line);

} // namespace bench
