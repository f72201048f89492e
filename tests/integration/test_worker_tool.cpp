// run --workers-at and worker: one node of two programs.

#include <csignal>

#include <doctest/doctest.h>

#include "tool_node.hpp"

using namespace node_proxy::testing;

namespace {

/// What comes after `text` in what a program logs, up to the end of the line.
/// Waits until it is there.
std::string logged_after(const process& program, const std::string& text) {
  std::string result;
  auto found = comes_true([&] {
    auto log = program.errors();
    auto begin = log.find(text);
    auto end = log.find('\n', begin == std::string::npos ? 0 : begin);
    if (begin == std::string::npos || end == std::string::npos)
      return false;
    begin += text.size();
    result = log.substr(begin, end - begin);
    return true;
  });
  REQUIRE_MESSAGE(found, program.errors());
  return result;
}

/// A node that takes workers, and one of them.
struct two_programs {
  two_programs()
    : key{folder, "bob"}, sender{folder, "alice"}, bob{key,
                                                       {"--engine",
                                                        "inbox=print",
                                                        "--workers-at",
                                                        "127.0.0.1:0",
                                                        "--control", control}},
      place{logged_after(bob.program(), "workers may join at ")},
      worker{{NODE_PROXY_TOOL, "worker", "--key", key.file, "--coordinator",
              place, "--listen", "tcp://127.0.0.1:0"}},
      address{logged_after(worker, "it listens at ")} {}

  run_result status(std::vector<std::string> options = {}) const {
    options.insert(options.begin(), {"status", "--control", control});
    auto result = run_tool(options);
    REQUIRE_MESSAGE(result.status == 0, result.errors);
    return result;
  }

  temporary_folder folder;
  std::string control = folder / "control";
  tool_key key;
  tool_key sender;
  tool_node bob;
  std::string place;
  process worker;
  std::string address;
};

} // namespace

TEST_CASE_FIXTURE(two_programs, "a node is reached by its worker") {
  auto sent = run_tool({"send", "--key", sender.file, "--peer",
                        key.advertise(address), "--to", "inbox", "hello"});
  CHECK_MESSAGE(sent.status == 0, sent.errors);
  bob.await("received", {{"from", sender.id}, {"text", "hello"}});
  worker.signal(SIGTERM);
  CHECK(worker.wait() == 0);
  bob.stop(SIGTERM);
}

TEST_CASE_FIXTURE(two_programs, "the status of a node names its workers") {
  auto workers = [this] {
    return json::parse(status({"--json"}).out).at("workers");
  };
  auto known = workers();
  REQUIRE(known.size() == 1);
  CHECK(known[0]["addresses"] == json{address});
  CHECK(known[0]["state"] == "serving");
  CHECK(known[0]["peers"] == 0);
  auto table = status().out;
  CHECK_MESSAGE(table.find("WORKER") != std::string::npos, table);
  CHECK_MESSAGE(table.find(address) != std::string::npos, table);
  // It is not given up yet when this is answered.
  worker.signal(SIGSTOP);
  CHECK(comes_true([&] {
    auto x = workers();
    return x.size() == 1 && x[0]["state"] == "silent" && x[0]["silent_ms"] > 0;
  }));
  worker.signal(SIGKILL);
  CHECK(comes_true([&] { return workers().empty(); }));
  CHECK(status().out.find("WORKER") == std::string::npos);
  bob.stop(SIGTERM);
}

TEST_CASE_FIXTURE(two_programs, "a worker ends with its coordinator") {
  bob.program().signal(SIGKILL);
  CHECK(worker.wait() == 1);
  CHECK(worker.errors().find("the coordinator at " + place + " is gone")
        != std::string::npos);
}

TEST_CASE("what is wrong about workers is said") {
  temporary_folder folder;
  tool_key key{folder, "bob"};
  auto refused = [](const std::vector<std::string>& command, int status,
                    const std::string& text) {
    auto result = run_tool(command);
    CHECK(result.status == status);
    CHECK_MESSAGE(result.errors.find(text) != std::string::npos, result.errors);
  };
  std::vector<std::string> run{"run", "--key", key.file, "--workers-at"};
  auto with = [](std::vector<std::string> x, const std::string& last) {
    x.push_back(last);
    return x;
  };
  refused(with(run, "nowhere"), 2, "'nowhere' is no place for workers");
  refused(with(run, "0.0.0.0:0"), 2, "--workers-trusted-network");
  std::vector<std::string> worker{"worker", "--key", key.file, "--coordinator"};
  refused(with(worker, "127.0.0.1:1"), 1, "no coordinator at 127.0.0.1:1");
  tool_key other{folder, "carol"};
  tool_node carol{other, {"--workers-at", "127.0.0.1:0"}};
  refused(with(worker, logged_after(carol.program(), "workers may join at ")),
          1, "key of another node");
  carol.stop(SIGTERM);
}
