#include "support/program.hpp"

#include <csignal>
#include <exception>
#include <vector>

namespace bench {

namespace {

constexpr const char* other_side_flag = "--other-side";

void run_measuring(const program_sides& sides, int argc, char** argv) {
  std::vector<std::string> arguments{argv + 1, argv + argc};
  arguments.emplace_back(other_side_flag);
  other_side other{std::move(arguments)};
  sides.measuring(other);
  other.finish();
}

} // namespace

int run_program(CLI::App& app, int argc, char** argv,
                const std::function<void()>& measure) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  try {
    measure();
    return 0;
  } catch (const std::exception& error) {
    std::cerr << app.get_name() << ": " << error.what() << std::endl;
    return 1;
  }
}

int run_program(CLI::App& app, int argc, char** argv,
                const program_sides& sides) {
  // A process that is gone shows as an error of writing.
  std::signal(SIGPIPE, SIG_IGN);
  auto is_other = false;
  // A flag without a description and a group is not in the help.
  app.add_flag(other_side_flag, is_other)->group("");
  return run_program(app, argc, argv, [&] {
    if (is_other)
      sides.other();
    else
      run_measuring(sides, argc, argv);
  });
}

void serve_requests(
  const std::function<std::string(const std::string&)>& answer) {
  for (std::string line; std::getline(std::cin, line) && line != "end";)
    say(answer(line));
}

void say(std::string_view line) {
  std::cout << line << std::endl;
}

} // namespace bench
