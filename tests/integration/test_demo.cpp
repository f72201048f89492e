// demo: tells the truth, and leaves nothing behind.

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <doctest/doctest.h>

#include "process.hpp"

using namespace node_proxy::testing;

namespace {

/// Has temporary folders made in one of ours.
struct demo_folder {
  demo_folder() {
    // The files of the test itself are made before and elsewhere.
    ::setenv("TMPDIR", (folder / "").c_str(), 1);
  }

  ~demo_folder() { ::unsetenv("TMPDIR"); }

  /// Whether the demonstration has left something. The test's own process has
  /// one folder there.
  [[nodiscard]] bool has_traces() const {
    for (const auto& entry : std::filesystem::directory_iterator{folder / ""})
      if (entry.path().filename().string().starts_with("node-proxy-demo"))
        return true;
    return false;
  }

  temporary_folder folder;
};

std::vector<pid_t> children_of(pid_t pid) {
  auto text = std::to_string(pid);
  std::ifstream file{"/proc/" + text + "/task/" + text + "/children"};
  std::vector<pid_t> result;
  for (pid_t child = 0; file >> child;)
    result.push_back(child);
  return result;
}

/// Whether there is such a process. One that has ended and that nobody has
/// asked about does not count.
bool is_running(pid_t pid) {
  auto stat = read_text("/proc/" + std::to_string(pid) + "/stat");
  auto name_end = stat.rfind(") ");
  return name_end != std::string::npos && stat[name_end + 2] != 'Z';
}

} // namespace

TEST_CASE_FIXTURE(demo_folder, "the demonstration succeeds") {
  auto result = run_tool({"demo"});
  INFO(result.out);
  INFO(result.errors);
  CHECK(result.status == 0);
  CHECK(result.errors.empty());
  for (const auto* words :
       {"Alice", "Bob", "Mallory", "8 MiB", "empty", "All 300 arrived",
        "refused: 'denied'", "was checked"})
    CHECK(result.out.find(words) != std::string::npos);
  CHECK(!has_traces());
}

TEST_CASE_FIXTURE(demo_folder, "the demonstration can be stopped") {
  int signal = 0;
  SUBCASE("by SIGINT") {
    signal = SIGINT;
  }
  SUBCASE("by SIGTERM") {
    signal = SIGTERM;
  }
  process demo{{NODE_PROXY_TOOL, "demo"}};
  // Bob runs when this is told.
  for (auto line = demo.next_line(); line && line->find("2.") != 0;)
    line = demo.next_line();
  auto children = children_of(demo.pid());
  demo.signal(signal);
  CHECK(demo.wait() == 1);
  CHECK(demo.errors().find("stopped") != std::string::npos);
  CHECK(!has_traces());
  CHECK(!children.empty());
  for (auto child : children)
    CHECK(!is_running(child));
}

TEST_CASE_FIXTURE(demo_folder, "the nodes do not outlive the demonstration") {
  process demo{{NODE_PROXY_TOOL, "demo"}};
  for (auto line = demo.next_line(); line && line->find("2.") != 0;)
    line = demo.next_line();
  auto children = children_of(demo.pid());
  CHECK(!children.empty());
  demo.signal(SIGKILL);
  CHECK(demo.wait() == 128 + SIGKILL);
  for (auto child : children)
    CHECK(comes_true([child] { return !is_running(child); }));
}
