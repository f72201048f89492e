// The command-line program `node-proxy`.

#include <array>
#include <csignal>
#include <cstdio>
#include <exception>

#include <fcntl.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include "command.hpp"

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

void init_log(const std::string& level) {
  auto logger = spdlog::stderr_color_mt("node-proxy");
  logger->set_level(spdlog::level::from_str(level));
  spdlog::set_default_logger(std::move(logger));
}

int main(int argc, char** argv) {
  occupy_standard_streams();
  // Writing to a closed pipe or socket is an error where it happens.
  std::signal(SIGPIPE, SIG_IGN);
  CLI::App app{"Talks to other nodes by their cryptographic identity, over "
               "authenticated and encrypted connections."};
  app.name("node-proxy");
  app.require_subcommand(1);
  app.fallthrough();
  std::string log_level = "info";
  app.add_option("--log", log_level, "Least level of what is logged")
    ->check(
      CLI::IsMember({"trace", "debug", "info", "warning", "error", "off"}))
    ->capture_default_str()
    ->type_name("LEVEL");
  std::array commands{add_keygen(app), add_id(app),  add_advert(app),
                      add_show(app),   add_run(app), add_send(app),
                      add_demo(app)};
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? exit_ok : exit_usage;
  }
  init_log(log_level);
  for (const auto& command : commands)
    if (command.app->parsed())
      return command.run();
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
