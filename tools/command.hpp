// The commands of `node-proxy`. Each has its options and what it does in a file
// of its own.

#pragma once

#include <functional>
#include <string_view>

#include <CLI/CLI.hpp>

namespace node_proxy::tools {

/// Exit statuses.
enum exit_status : int {
  exit_ok = 0,
  /// Something went wrong, as standard error says.
  exit_error = 1,
  /// The command line is wrong.
  exit_usage = 2,
};

/// A command: its place on the command line, and what it does after the command
/// line was read. `run` returns the exit status. `check` comes before, after
/// the file of `--config`: it throws a `CLI::ValidationError` if options are
/// wrong together.
struct command {
  CLI::App* app = nullptr;
  std::function<int()> run;
  std::function<void()> check = {};
};

[[nodiscard]] command add_keygen(CLI::App& app);
[[nodiscard]] command add_id(CLI::App& app);
[[nodiscard]] command add_advert(CLI::App& app);
[[nodiscard]] command add_show(CLI::App& app);
[[nodiscard]] command add_run(CLI::App& app);
[[nodiscard]] command add_send(CLI::App& app);
[[nodiscard]] command add_demo(CLI::App& app);
[[nodiscard]] command add_status(CLI::App& app);
[[nodiscard]] command add_engines(CLI::App& app);
[[nodiscard]] command add_permanent(CLI::App& app);
[[nodiscard]] command add_disconnect(CLI::App& app);
[[nodiscard]] command add_forget(CLI::App& app);
[[nodiscard]] command add_ping(CLI::App& app);
[[nodiscard]] command add_events(CLI::App& app);
[[nodiscard]] command add_help(CLI::App& app);
[[nodiscard]] command add_worker(CLI::App& app);

/// Prints `text` to standard error, as an error, and returns `exit_error`.
[[nodiscard]] int fail(std::string_view text);

/// Prints `text` and a line end to standard output. Once `stop` is readable (-1
/// for never), a reader that takes nothing is waited for no longer than a
/// second. Returns the exit status.
[[nodiscard]] int print_line(std::string_view text, int stop = -1);

} // namespace node_proxy::tools
