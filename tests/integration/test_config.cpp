// run --config: options in a file; and what a service manager is told.

#include <csignal>
#include <filesystem>
#include <fstream>
#include <utility>

#include <doctest/doctest.h>

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tcp.hpp"
#include "tool_node.hpp"

using namespace node_proxy::testing;

namespace {

bool contains(const std::string& text, std::string_view what) {
  return text.find(what) != std::string::npos;
}

std::size_t debug_lines(const std::string& text) {
  std::size_t result = 0;
  for (auto i = text.find("[debug]"); i != std::string::npos;
       i = text.find("[debug]", i + 1))
    ++result;
  return result;
}

struct fixture {
  temporary_folder folder;
  tool_key key{folder, "key"};
  std::string file = folder / "run.toml";

  void write(const std::string& text) { std::ofstream{file} << text; }

  /// What is said of a file that is wrong.
  std::string error_of(const std::string& text) {
    write(text);
    auto result = run_tool({"run", "--config", file, "--key", key.file});
    CHECK(result.status == 2);
    CHECK(result.out.empty());
    return result.errors;
  }

  json status(const std::string& control) {
    auto result = run_tool({"status", "--json", "--control", control});
    return result.status == 0 ? json::parse(result.out) : json{};
  }
};

/// What a service manager listens at.
class notify_socket {
public:
  explicit notify_socket(const std::string& path)
    : fd_{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)} {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    REQUIRE(::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address))
            == 0);
  }

  notify_socket(const notify_socket&) = delete;
  notify_socket& operator=(const notify_socket&) = delete;

  ~notify_socket() { ::close(fd_); }

  /// The next datagram.
  [[nodiscard]] std::string next() const {
    pollfd readable{fd_, POLLIN, 0};
    REQUIRE(
      ::poll(&readable, 1,
             static_cast<int>(std::chrono::milliseconds{patience}.count()))
      == 1);
    char buffer[4'096];
    auto got = ::recv(fd_, buffer, sizeof(buffer), 0);
    REQUIRE(got >= 0);
    return {buffer, static_cast<std::size_t>(got)};
  }

private:
  int fd_;
};

} // namespace

TEST_CASE_FIXTURE(fixture, "a file has options, and the command line counts") {
  write("# A node.\n"
        "key = \""
        + key.file
        + "\"\n"
          "\n"
          "engine = [\"one=print\", # ]\n"
          "          \"two=count\"]   # both\n"
          "listen = \"tcp://127.0.0.1:0\"\n"
          "advertise = [\"tcp://[2001:db8::1]:4000\",\n"
          "             \"tcp://192.0.2.1:4000\"]\n"
          "deny = []\n"
          "max-peers = 17\n"
          "permanent = true\n"
          "http-public = false\n"
          "control = \""
        + (folder / "unused")
        + "\"\n"
          "log = 'debug'\n");
  auto control = folder / "control";
  process node{
    {NODE_PROXY_TOOL, "run", "--config", file, "--control=" + control}};
  json x;
  REQUIRE(comes_true([&] { return !(x = status(control)).is_null(); }));
  CHECK(x["node"] == key.id);
  CHECK(x["engines"].size() == 3);
  CHECK(x["engines"][1]["name"] == "one");
  CHECK(x["limits"][0]["max"] == 17);
  CHECK(x["addresses"]
        == json{"tcp://[2001:db8::1]:4000", "tcp://192.0.2.1:4000"});
  CHECK_FALSE(std::filesystem::exists(folder / "unused"));
  node.signal(SIGTERM);
  CHECK(node.wait() == 0);
}

TEST_CASE_FIXTURE(fixture,
                  "what is wrong is said with its file, line and key") {
  CHECK(contains(error_of("\nmax-peers = 1\nmax-pears = 2\n"),
                 file + ":3: max-pears: there is no such option"));
  CHECK(contains(error_of("idle = 0\n"), file + ":1: idle: "));
  CHECK(contains(error_of("\n\nlisten = [\n\"tcp://127.0.0.1:0\",\n"
                          "\"nowhere\"]\n"),
                 file + ":3: listen: "));
  CHECK(contains(error_of("permanent = 3\n"),
                 file + ":1: permanent: expected true or false"));
  CHECK(contains(error_of("idle = 5\nidle = 6\n"),
                 file + ":2: idle: it is there already"));
  CHECK(
    contains(error_of("[run]\nidle = 5\n"), file + ":1: expected KEY = VALUE"));
  CHECK(contains(error_of("nonsense\n"), file + ":1: expected KEY = VALUE"));
  CHECK(contains(error_of("key = \"open\n"), file + ":1: key: "));
  for (const auto* value : {"\"a#b\"", "[\"a#b\"]", "['a=print', \"a#b\"]"})
    CHECK(contains(error_of(std::string{"engine = "} + value + "\n"),
                   file + ":1: engine: the value is not understood"));
  CHECK(contains(error_of("config = \"other\"\n"),
                 file + ":1: config: there is no such option"));
  CHECK(contains(error_of("help = true\n"), file + ":1: help: "));
  CHECK(contains(error_of("log = \"loud\"\n"), file + ":1: log: "));
  auto missing = run_tool({"run", "--config", folder / "missing"});
  CHECK(missing.status == 2);
  CHECK(contains(missing.errors, folder / "missing"));
}

TEST_CASE_FIXTURE(fixture, "what goes together may be in the file") {
  CHECK(contains(error_of("http = \"0.0.0.0:0\"\n"), "--http-public"));
  write("http = \"0.0.0.0:0\"\nhttp-public = true\n");
  process node{{NODE_PROXY_TOOL, "run", "--config", file, "--key", key.file}};
  CHECK(comes_true([&] { return contains(node.errors(), "HTTP at "); }));
  node.signal(SIGTERM);
  CHECK(node.wait() == 0);
}

TEST_CASE_FIXTURE(fixture, "what is no file is refused") {
  for (std::string path : {"/dev/zero", "/", "nowhere"}) {
    auto result = run_tool({"run", "--config", path});
    CHECK(result.status == 2);
    CHECK(contains(result.errors, path));
  }
}

TEST_CASE_FIXTURE(fixture, "a file that everybody may write is refused") {
  write("idle = 5\n");
  using std::filesystem::perms;
  std::filesystem::permissions(file, perms::all & ~perms::others_write);
  CHECK(contains(run_tool({"run", "--config", file}).errors, "--key"));
  std::filesystem::permissions(file, perms::all);
  auto result = run_tool({"run", "--config", file, "--key", key.file});
  CHECK(result.status == 2);
  CHECK(contains(result.errors, "may be written by everybody"));
}

TEST_CASE_FIXTURE(fixture, "a file without a key is not enough") {
  write("idle = 5\n");
  auto result = run_tool({"run", "--config", file});
  CHECK(result.status == 2);
  CHECK(contains(result.errors, "--key is required"));
}

TEST_CASE_FIXTURE(fixture, "at SIGHUP the level of the log is read again") {
  auto text =
    "key = \"" + key.file + "\"\nlisten = \"tcp://127.0.0.1:0\"\nlog = ";
  write(text + "\"info\"");
  process node{{NODE_PROXY_TOOL, "run", "--config", file}};
  auto listening = node.next_line();
  REQUIRE(listening);
  auto port = port_of(json::parse(*listening)["address"]);
  write(text + "\"loud\"");
  node.signal(SIGHUP);
  CHECK(comes_true([&] {
    return contains(node.errors(), file
                                     + ":3: log: expected one level of trace, "
                                       "debug, info, warning, error, off");
  }));
  CHECK_FALSE(contains(node.errors(), "[debug]"));
  write(text + "\"debug\"");
  node.signal(SIGHUP);
  // Whoever says nothing is worth a line of that level.
  CHECK(comes_true([&] {
    ::close(connect_to(port));
    return contains(node.errors(), "[debug]");
  }));
  node.signal(SIGTERM);
  CHECK(node.wait() == 0);
}

TEST_CASE_FIXTURE(fixture, "at SIGHUP a file without a level means the usual "
                           "one") {
  auto text = "key = \"" + key.file + "\"\nlisten = \"tcp://127.0.0.1:0\"\n";
  write(text + "log = \"off\"");
  process node{{NODE_PROXY_TOOL, "run", "--config", file}};
  REQUIRE(node.next_line());
  // What is wrong with the file is said once anything is said again.
  auto wrong = false;
  CHECK(comes_true([&] {
    write(text + (wrong ? "log = \"loud\"" : ""));
    wrong = !wrong;
    node.signal(SIGHUP);
    return contains(node.errors(), "expected one level");
  }));
  node.signal(SIGTERM);
  CHECK(node.wait() == 0);
}

TEST_CASE_FIXTURE(fixture,
                  "SIGHUP leaves a level of the command line as it is") {
  write("key = \"" + key.file
        + "\"\nlisten = \"tcp://127.0.0.1:0\"\nlog = \"error\"");
  process node{{NODE_PROXY_TOOL, "--log", "debug", "run", "--config", file}};
  auto listening = node.next_line();
  REQUIRE(listening);
  auto port = port_of(json::parse(*listening)["address"]);
  // A line that is like the last one is not logged, so the callers take turns.
  auto speaks = false;
  auto call = [&] {
    tcp_client caller{port};
    if (std::exchange(speaks, !speaks))
      caller.write(std::string(4, '\0'));
  };
  // Nothing tells that the file was read, so this is tried again and again.
  for (int i = 0; i < 5; ++i) {
    node.signal(SIGHUP);
    auto before = debug_lines(node.errors());
    CHECK(comes_true([&] {
      call();
      return debug_lines(node.errors()) > before + 1;
    }));
  }
  node.signal(SIGTERM);
  CHECK(node.wait() == 0);
}

TEST_CASE_FIXTURE(fixture, "a service manager is told how the node is") {
  auto path = folder / "notify";
  notify_socket manager{path};
  process node{{"/usr/bin/env", "NOTIFY_SOCKET=" + path, "WATCHDOG_USEC=20000",
                NODE_PROXY_TOOL, "run", "--key", key.file}};
  CHECK(manager.next() == "READY=1\nSTATUS=node " + key.id);
  for (int i = 0; i < 3; ++i)
    CHECK(manager.next() == "WATCHDOG=1");
  node.signal(SIGTERM);
  auto said = manager.next();
  while (said == "WATCHDOG=1")
    said = manager.next();
  CHECK(said == "STOPPING=1");
  CHECK(node.wait() == 0);
}

TEST_CASE_FIXTURE(fixture, "the watchdog of another process is not fed") {
  auto path = folder / "notify";
  notify_socket manager{path};
  process node{{"/usr/bin/env", "NOTIFY_SOCKET=" + path, "WATCHDOG_USEC=20000",
                "WATCHDOG_PID=1", NODE_PROXY_TOOL, "run", "--key", key.file}};
  CHECK(manager.next().starts_with("READY=1"));
  node.signal(SIGTERM);
  CHECK(manager.next() == "STOPPING=1");
  CHECK(node.wait() == 0);
}
