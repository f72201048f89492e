// The command-line program `node-proxy`.

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <node_proxy/base/visible.hpp>

#include "command.hpp"
#include "config_file.hpp"
#include "log_sink.hpp"

namespace node_proxy::tools {

namespace {

/// Makes sure that no file or socket gets the descriptor of a standard stream
/// that the caller has closed. Using such a stream still fails.
void occupy_standard_streams() {
  for (int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(fd, F_GETFD) == -1)
      static_cast<void>(
        ::open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY));
}

/// The word on the command line that nothing is known of, in a sentence; empty
/// if there is none. What is missing is mostly what it was to be.
std::string unknown_word(const CLI::App& app) {
  auto words = app.remaining(true);
  std::erase(words, "--");
  if (words.empty())
    return {};
  auto result = "'" + words.front() + "' ";
  auto given = app.get_subcommands();
  if (!given.empty())
    return result + "is not understood: expected what `node-proxy "
           + given.front()->get_name() + " --help` lists";
  if (words.front().starts_with('-'))
    return result + "is no option of all commands: expected a command first";
  auto shown = [](const CLI::App* x) {
    return !x->get_group().empty();
  };
  std::string names;
  for (const auto* x : app.get_subcommands(shown))
    names += (names.empty() ? "" : ", ") + x->get_name();
  return result + "is no command: expected one of " + names;
}

/// What is wrong with the command line, which repeats parts of it.
std::string usage_error(const CLI::App* app, const CLI::Error& error) {
  std::string text = error.what();
  auto code = static_cast<CLI::ExitCodes>(error.get_exit_code());
  if (code == CLI::ExitCodes::RequiredError
      || code == CLI::ExitCodes::ExtrasError)
    if (auto unknown = unknown_word(*app); !unknown.empty())
      text = unknown;
  CLI::Error visible{error.get_name(), internal::make_visible(text),
                     error.get_exit_code()};
  return CLI::FailureMessage::simple(app, visible);
}

/// A core dump would have keys in it: those of connections, too. Whoever runs
/// this may still look at it: PR_SET_DUMPABLE would hide even its descriptors.
void forbid_core_dumps() {
  rlimit none{};
  static_cast<void>(::setrlimit(RLIMIT_CORE, &none));
  // The limit does not count where a program takes dumps in. It gets one
  // without any memory: core(5), "Controlling which mappings are written".
  std::ofstream{"/proc/self/coredump_filter"} << '0';
}

/// Adds all there is to say on a command line.
std::vector<command> add_all(CLI::App& app, std::string& log_level) {
  app.description("Talks to other nodes by their cryptographic identity, over "
                  "authenticated and encrypted connections.");
  app.name("node-proxy");
  app.set_version_flag("--version", "node-proxy " NODE_PROXY_VERSION,
                       "Print the version of this program");
  app.failure_message(usage_error);
  app.require_subcommand(1);
  app.fallthrough();
  app.add_option("--log", log_level, "Least level of what is logged")
    ->check(CLI::IsMember(
      std::vector<std::string>{log_levels.begin(), log_levels.end()}))
    ->capture_default_str()
    ->type_name("LEVEL");
  return {
    add_keygen(app),     add_id(app),     add_advert(app), add_show(app),
    add_run(app),        add_send(app),   add_demo(app),   add_status(app),
    add_engines(app),    add_events(app), add_ping(app),   add_permanent(app),
    add_disconnect(app), add_forget(app), add_worker(app), add_help(app)};
}

int main(int argc, char** argv) {
  forbid_core_dumps();
  occupy_standard_streams();
  // Writing to a closed pipe, or beyond the limit of file sizes, is an error
  // where it happens. The terminal may be somebody else's for the moment.
  for (int number : {SIGPIPE, SIGXFSZ, SIGTTIN, SIGTTOU})
    std::signal(number, SIG_IGN);
  CLI::App app;
  std::string log_level = default_log_level;
  auto commands = add_all(app, log_level);
  std::string tried_level;
  const std::vector<std::string> given{argv + 1, argv + argc};
  auto arguments = with_config_file(
    given, [&tried_level](CLI::App& x) { add_all(x, tried_level); });
  if (!arguments) {
    static_cast<void>(fail(arguments.error()));
    return exit_usage;
  }
  std::reverse(arguments->begin(), arguments->end());
  try {
    app.parse(std::move(*arguments));
    for (const auto& command : commands)
      if (command.app->parsed() && command.check)
        command.check();
  } catch (const CLI::ParseError& error) {
    // What was asked for goes to standard output, what is wrong elsewhere.
    std::ostringstream told;
    if (app.exit(error, told, std::cerr) != 0)
      return exit_usage;
    auto text = told.str();
    text.pop_back(); // the line end
    return print_line(text);
  }
  start_log(log_level, is_given(given, "log"));
  for (const auto& command : commands)
    if (command.app->parsed()) {
      auto status = command.run();
      stop_log(std::chrono::seconds{1});
      return status;
    }
  return exit_usage;
}

} // namespace

} // namespace node_proxy::tools

int main(int argc, char** argv) {
  try {
    return node_proxy::tools::main(argc, argv);
  } catch (const std::exception& error) {
    // Out of memory or threads; nothing here throws by itself.
    return node_proxy::tools::fail(error.what());
  }
}
