// run and send while nobody reads, while a peer is stuck, and when they are
// told to end.

#include <algorithm>
#include <chrono>
#include <csignal>
#include <vector>

#include <doctest/doctest.h>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tcp_forwarder.hpp"
#include "tool_node.hpp"
#include "unread_process.hpp"

using namespace node_proxy::testing;
using namespace std::chrono_literals;

namespace {

using clock_type = std::chrono::steady_clock;

// More than pipes hold.
constexpr int many = 30'000;

std::vector<std::string> run_command(const tool_key& key,
                                     std::vector<std::string> more = {}) {
  std::vector<std::string> result{
    NODE_PROXY_TOOL, "run", "--key", key.file, "--listen", "tcp://127.0.0.1:0"};
  result.insert(result.end(), more.begin(), more.end());
  return result;
}

std::string repeated(const std::string& line, int count) {
  std::string result;
  for (int i = 0; i < count; ++i)
    result += line;
  return result;
}

/// A shell at a terminal of its own.
class shell {
public:
  shell() {
    pid_ = ::forkpty(&fd_, nullptr, nullptr, nullptr);
    REQUIRE(pid_ >= 0);
    if (pid_ == 0) {
      ::setenv("PS1", "ready> ", 1);
      ::execlp("bash", "bash", "--norc", "--noprofile", "-i", nullptr);
      ::_exit(127);
    }
    await("ready> ");
  }

  shell(const shell&) = delete;
  shell& operator=(const shell&) = delete;

  ~shell() {
    type("kill -9 $(jobs -p)\nexit\n");
    ::close(fd_);
    ::waitpid(pid_, nullptr, 0);
  }

  void type(std::string_view text) {
    REQUIRE(::write(fd_, text.data(), text.size())
            == static_cast<ssize_t>(text.size()));
  }

  /// Waits until the terminal has shown `text`; what was shown before it is
  /// forgotten.
  void await(std::string_view text) {
    auto until = clock_type::now() + patience;
    for (;;) {
      if (auto at = shown_.find(text); at != std::string::npos) {
        shown_.erase(0, at + text.size());
        return;
      }
      INFO(shown_);
      REQUIRE(clock_type::now() < until);
      char chunk[4096];
      pollfd readable{fd_, POLLIN, 0};
      if (::poll(&readable, 1, 100) <= 0)
        continue;
      auto count = ::read(fd_, chunk, sizeof(chunk));
      REQUIRE(count > 0);
      shown_.append(chunk, static_cast<std::size_t>(count));
    }
  }

private:
  pid_t pid_ = -1;
  int fd_ = -1;
  std::string shown_;
};

} // namespace

// -- nobody reads -------------------------------------------------------------

TEST_CASE("one signal ends a node whose output nobody reads") {
  temporary_folder folder;
  unread_process uut{run_command(tool_key{folder, "node"})};
  uut.next_line();
  SUBCASE("with many answers to write") {
    uut.write_until_stuck(repeated("send nobody a b\n", many));
  }
  SUBCASE("with much to log") {
    uut.write_until_stuck(repeated("what is this\n", many));
  }
  uut.signal(SIGTERM);
  CHECK(uut.wait(10s) == 0);
}

TEST_CASE("why nothing can be written is said") {
  temporary_folder folder;
  tool_key key{folder, "node"};
  auto into_full = [](std::vector<std::string> command) {
    std::vector<std::string> shell{
      "/bin/sh", "-c", "exec \"$0\" \"$@\" >/dev/full", NODE_PROXY_TOOL};
    shell.insert(shell.end(), command.begin(), command.end());
    auto result = run(shell);
    CHECK(result.status == 1);
    return result.errors;
  };
  CHECK(into_full({"run", "--key", key.file, "--listen", "tcp://127.0.0.1:0"})
          .find("an event cannot be written to standard output: No space left "
                "on device")
        != std::string::npos);
  std::vector<std::string> id{"id", key.file};
  for (const auto& command :
       {id, {"--version"}, {"--help"}, {"run", "--help"}, {"help", "man"}})
    CHECK(into_full(command).find("standard output cannot be written: No space "
                                  "left on device")
          != std::string::npos);
}

TEST_CASE("a second signal ends a node at once") {
  temporary_folder folder;
  tool_key nobody{folder, "nobody"};
  auto advert = nobody.advertise("tcp://127.0.0.1:1");
  unread_process uut{run_command(tool_key{folder, "node"}, {"--peer", advert})};
  // For this one a node waits as long as it may, `shutdown_grace`.
  uut.write("send " + nobody.id + " inbox hello\n");
  while (json::parse(uut.next_line())["event"] != "connect_failed") {
    // It says first where it listens.
  }
  uut.signal_and_wait(SIGTERM);
  uut.signal(SIGINT);
  CHECK(uut.wait(4s) == 128 + SIGINT);
}

TEST_CASE("what is not printed is not acknowledged") {
  temporary_folder folder;
  tool_key bobs{folder, "bob"};
  unread_process bob{run_command(bobs, {"--engine", "inbox=print"})};
  auto listening = json::parse(bob.next_line());
  auto advert = bobs.advertise(listening["address"]);
  tool_node alice{tool_key{folder, "alice"}, {"--peer", advert}};
  // Bob's pipe and queue hold less than this.
  for (int i = 0; i < 8; ++i)
    alice.program().write("send " + bobs.id + " inbox "
                          + std::string(1u << 20, 'x') + "\n");
  bob.signal(SIGTERM);
  CHECK(bob.wait(10s) == 0);
  auto last = alice.stop(SIGTERM);
  auto delivered = std::count_if(last.begin(), last.end(), [](const json& x) {
    return x["event"] == "delivered";
  });
  CHECK(delivered < 8);
}

TEST_CASE("a node that is killed loses nothing that it had acknowledged") {
  constexpr int count = 200;
  temporary_folder folder;
  tcp_forwarder network;
  tool_key bobs{folder, "bob"};
  auto advert =
    bobs.advertise("tcp://127.0.0.1:" + std::to_string(network.port()));
  std::vector<std::string> options{"--engine", "inbox=print", "--engine",
                                   "echo=echo"};
  unread_process unread{run_command(bobs, options)};
  network.redirect(port_of(json::parse(unread.next_line())["address"]));
  tool_node alice{tool_key{folder, "alice"}, {"--peer", advert}};
  // More than a pipe holds, and less than what waits to be written.
  std::string text(3'000, 'x');
  alice.program().write(
    repeated("send " + bobs.id + " inbox " + text + "\n", count));
  alice.program().write("send " + bobs.id + " inbox last\n");
  // About as much as a pipe holds in lines of that length.
  REQUIRE(comes_true([&] { return unread.unread_bytes() >= 45'000; }));
  alice.program().write("send " + bobs.id + " echo hello\n");
  alice.await("received", {{"text", "hello"}});
  unread.signal(SIGKILL);
  CHECK(unread.wait(10s) == 128 + SIGKILL);
  auto printed = 0;
  for (auto line = unread.next_line(); !line.empty(); line = unread.next_line())
    printed += line.find(text) != std::string::npos;
  tool_node bob{bobs, options};
  network.redirect(bob.port());
  bob.await("received", {{"text", "last"}});
  alice.await("delivered", {{"id", count + 1}});
  for (const auto& event : bob.stop(SIGTERM))
    printed += event["event"] == "received";
  CHECK(printed >= count);
}

// -- a peer is stuck ----------------------------------------------------------

/// Reads what a node prints up to the outcome of a message.
/// @returns how many others had no room.
int await_delivery(tool_node& at, int id) {
  auto wanted = R"("delivered","id":)" + std::to_string(id) + "}";
  for (int failed = 0;;) {
    auto line = at.program().next_line();
    if (!line)
      FAIL("a node has ended: ", at.program().errors());
    failed += line->find("outbox_full") != std::string::npos;
    if (line->find(wanted) != std::string::npos)
      return failed;
  }
}

TEST_CASE("a stopped peer holds up no line for another one") {
  constexpr int rounds = 300;
  constexpr int per_round = 1'000;
  temporary_folder folder;
  tool_node stopped{tool_key{folder, "stopped"}, {"--engine", "inbox=count"}};
  tool_node healthy{tool_key{folder, "healthy"}, {"--engine", "inbox=count"}};
  tool_node uut{tool_key{folder, "uut"},
                {"--peer", stopped.advert(), "--peer", healthy.advert()}};
  uut.send(stopped, "inbox", "first");
  uut.send(healthy, "inbox", "first");
  uut.await("delivered", {{"id", 1}});
  uut.await("delivered", {{"id", 2}});
  stopped.program().signal(SIGSTOP);
  auto lines = repeated("send " + stopped.id() + " inbox x\n", per_round);
  int failed = 0;
  std::vector<std::chrono::nanoseconds> times;
  // Each time the healthy one comes behind all the others.
  for (auto id = 2 + per_round + 1; std::ssize(times) < rounds;
       id += per_round + 1) {
    auto begun = clock_type::now();
    uut.program().write(lines);
    uut.send(healthy, "inbox", "hello");
    failed += await_delivery(uut, id);
    times.push_back(clock_type::now() - begun);
  }
  std::ranges::sort(times);
  CHECK(times[rounds / 2] < 100ms);
  CHECK(failed > rounds * per_round / 2);
}

// -- the end ------------------------------------------------------------------

TEST_CASE("who hangs up ends a node in good order") {
  temporary_folder folder;
  tool_node bob{tool_key{folder, "bob"}, {"--engine", "inbox=print"}};
  tool_node alice{tool_key{folder, "alice"}, {"--peer", bob.advert()}};
  alice.send(bob, "inbox", "hello");
  alice.await("delivered");
  alice.stop(SIGHUP);
  CHECK(bob.await("disconnected")["reason"] == "shutdown");
}

TEST_CASE("send tells what it has done when it is interrupted") {
  temporary_folder folder;
  tool_node bob{tool_key{folder, "bob"}, {"--engine", "inbox=count"}};
  tool_key key{folder, "alice"};
  process uut{{NODE_PROXY_TOOL, "send", "--key", key.file, "--peer",
               bob.advert(), "--to", "inbox", "-"}};
  uut.write("one\n");
  json totals{{"messages", 1}};
  bob.await("count", totals);
  uut.signal(SIGINT);
  auto line = uut.next_line();
  REQUIRE(line);
  auto summary = json::parse(*line);
  CHECK(summary["sent"] == 1);
  CHECK(summary["acknowledged"] == 1);
  CHECK(uut.wait() == 0);
}

TEST_CASE("a node in the background leaves the terminal alone") {
  temporary_folder folder;
  tool_key key{folder, "node"};
  shell uut;
  std::string command;
  for (const auto& x : run_command(key))
    command += x + ' ';
  uut.type(command + "2>/dev/null &\n");
  uut.await("listening");
  uut.type("echo ty''ped\n");
  uut.await("typed");
  uut.type("jobs\n");
  uut.await("Running");
  // In the foreground it has what is typed.
  uut.type("fg\n");
  uut.await("node-proxy");
  uut.type("send nobody a b\n");
  uut.await("\"failed\"");
}
