// status, engines, permanent: what a running node says to its operator.

#include <csignal>
#include <filesystem>
#include <fstream>
#include <list>

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tool_node.hpp"

using namespace node_proxy::testing;

namespace {

/// Two nodes that can be asked, of which Alice knows how to reach Bob.
struct two_nodes {
  temporary_folder folder;
  tool_key bobs_key{folder, "bob"};
  std::string bobs_socket = folder / "bob.control";
  tool_node bob{bobs_key,
                {"--engine", "inbox=print", "--control", bobs_socket}};
  tool_key alices_key{folder, "alice"};
  std::string state = folder / "state";
  tool_node alice{
    alices_key,
    {"--peer", bob.advert(), "--state", state, "--name", "bob=" + bobs_key.id}};

  json status(const std::string& control) {
    auto result = run_tool({"status", "--json", "--control", control});
    REQUIRE_MESSAGE(result.status == 0, result.errors);
    return json::parse(result.out);
  }

  json alices() { return status(state); }

  std::string table(std::vector<std::string> options = {}) {
    options.insert(options.begin(), {"status", "--control", state});
    auto result = run_tool(options);
    REQUIRE_MESSAGE(result.status == 0, result.errors);
    return result.out;
  }

  run_result permanent(const std::string& node, const std::string& value) {
    return run_tool({"permanent", "--control", state, node, value});
  }

  void exchange() {
    alice.send(bob, "inbox", "hello");
    alice.await("delivered");
    bob.await("received");
  }
};

/// A client that connects to a socket and does nothing more by itself.
class raw_client {
public:
  explicit raw_client(const std::string& path)
    : fd_{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    REQUIRE(
      ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address))
      == 0);
  }

  raw_client(const raw_client&) = delete;
  raw_client& operator=(const raw_client&) = delete;

  ~raw_client() { ::close(fd_); }

  void write(std::string_view text) const {
    static_cast<void>(::send(fd_, text.data(), text.size(), MSG_NOSIGNAL));
  }

  /// Everything up to the end.
  [[nodiscard]] std::string read() const {
    std::string result;
    char buffer[4'096];
    for (;;) {
      auto got = ::recv(fd_, buffer, sizeof(buffer), 0);
      if (got <= 0)
        return result;
      result.append(buffer, static_cast<std::size_t>(got));
    }
  }

private:
  int fd_;
};

bool contains(const std::string& text, std::string_view what) {
  return text.find(what) != std::string::npos;
}

} // namespace

TEST_CASE_FIXTURE(two_nodes, "a node says how things stand with its peers") {
  // Nothing has been sent, but Bob was named.
  auto before = alices();
  CHECK(before["node"] == alice.id());
  REQUIRE(before["peers"].size() == 1);
  CHECK(before["peers"][0]["node"] == bob.id());
  CHECK(before["peers"][0]["name"] == "bob");
  CHECK(before["peers"][0]["text"] == "idle: comes back with the next message");
  exchange();
  auto peer = alices()["peers"][0];
  CHECK(peer["state"] == "connected");
  CHECK(peer["connection"]["address"] == bob.address());
  CHECK(peer["connection"]["direction"] == "out");
  CHECK(peer["connection"].contains("round_trip_us"));
  CHECK(peer["messages_out"] == 1);
  CHECK(peer["delivered"] == 1);
  auto there = status(bobs_socket)["peers"][0];
  CHECK(there["node"] == alice.id());
  CHECK(there["messages_in"] == 1);
  CHECK(there["connection"]["direction"] == "in");
  auto text = table();
  CHECK(contains(text, bob.id().substr(0, 8) + "  bob "));
  CHECK(contains(text, "connected for "));
  CHECK(contains(table({"--name", "rob=" + bob.id()}), " rob "));
}

TEST_CASE_FIXTURE(two_nodes, "why a peer is not there is said") {
  auto gone = bob.address();
  bob.stop(SIGTERM);
  alice.send(bob, "inbox", "hello");
  auto failed = alice.await("connect_failed", {{"node", bob.id()}});
  CHECK(failed["reason"] == "connection_refused");
  CHECK(failed["address"] == gone);
  auto text = table();
  CHECK(contains(text, "connection refused by " + gone));
  CHECK(contains(text, " 1 ("));
}

TEST_CASE_FIXTURE(two_nodes, "engines are listed with what they hold") {
  auto result = run_tool({"engines", "--control", bobs_socket});
  CHECK(result.status == 0);
  CHECK(contains(result.out, "inbox    0        plain"));
  CHECK(contains(result.out, "console  0        plain"));
}

TEST_CASE_FIXTURE(two_nodes, "a connection is made permanent, and not") {
  auto beginning = bob.id().substr(0, 12);
  REQUIRE(permanent(beginning, "on").status == 0);
  alice.await("connected", {{"node", bob.id()}});
  CHECK(alices()["peers"][0]["permanent"] == true);
  CHECK(contains(table(), "  yes  "));
  REQUIRE(permanent("bob", "off").status == 0);
  CHECK(alices()["peers"][0]["permanent"] == false);
  CHECK_FALSE(contains(table(), "  yes  "));
}

TEST_CASE_FIXTURE(two_nodes, "whoever asks for what is not there is told") {
  auto unknown = permanent("zoe", "on");
  CHECK(unknown.status == 1);
  CHECK(contains(unknown.errors, "'zoe' is no known node"));
  tool_key stranger{folder, "stranger"};
  auto no_advert = permanent(stranger.id, "on");
  CHECK(no_advert.status == 1);
  CHECK(contains(no_advert.errors, "unknown_node"));
  CHECK(permanent("bob", "maybe").status == 2);
  auto nobody = run_tool({"status", "--control", folder / "nobody"});
  CHECK(nobody.status == 1);
  CHECK(contains(nobody.errors, folder / "nobody"));
  CHECK(run_tool({"run", "--key", alices_key.file, "--name", "alice"}).status
        == 2);
}

TEST_CASE_FIXTURE(two_nodes, "a socket that a node has is not taken from it") {
  tool_key other{folder, "other"};
  auto second =
    run_tool({"run", "--key", other.file, "--control", bobs_socket});
  CHECK(second.status == 1);
  CHECK(contains(second.errors, bobs_socket));
  CHECK(
    contains(second.errors, "process " + std::to_string(bob.program().pid())));
  // It still answers there.
  CHECK(status(bobs_socket)["node"] == bob.id());
}

TEST_CASE_FIXTURE(two_nodes,
                  "a socket is its owner's, and ends with the node") {
  struct stat file {};
  REQUIRE(::stat(bobs_socket.c_str(), &file) == 0);
  CHECK(S_ISSOCK(file.st_mode));
  CHECK((file.st_mode & 0777) == 0600);
  bob.stop(SIGTERM);
  CHECK_FALSE(std::filesystem::exists(bobs_socket));
  // What a killed node leaves is replaced.
  alice.program().signal(SIGKILL);
  CHECK(alice.program().wait() == 128 + SIGKILL);
  REQUIRE(std::filesystem::exists(state + "/control"));
  tool_node again{alices_key, {"--state", state}};
  CHECK(status(state)["node"] == again.id());
}

TEST_CASE("a socket is not where others can replace it") {
  temporary_folder folder;
  tool_key key{folder, "key"};
  auto open = folder / "open";
  std::filesystem::create_directory(open);
  REQUIRE(::chmod(open.c_str(), 0777) == 0);
  std::vector<std::string> command{"run", "--key", key.file, "--control",
                                   open + "/control"};
  auto result = run_tool(command);
  CHECK(result.status == 1);
  CHECK(contains(result.errors, open + "/control is in the folder " + open));
  CHECK(contains(result.errors, "chmod go-w"));
  // As in /tmp, others cannot replace it there.
  REQUIRE(::chmod(open.c_str(), 01777) == 0);
  tool_node node{key, {"--control", open + "/control"}};
  CHECK(run_tool({"status", "--control", open}).status == 0);
  node.stop(SIGTERM);
}

TEST_CASE("who keeps a folder locked is named") {
  temporary_folder folder;
  tool_key key{folder, "key"};
  auto fd = ::open((folder / "").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  REQUIRE(fd >= 0);
  REQUIRE(::flock(fd, LOCK_EX) == 0);
  auto result =
    run_tool({"run", "--key", key.file, "--control", folder / "control"});
  CHECK(result.status == 1);
  CHECK(contains(result.errors, "process " + std::to_string(::getpid())
                                  + " has locked the folder "));
  ::close(fd);
}

TEST_CASE("something else than a socket is left alone") {
  temporary_folder folder;
  tool_key key{folder, "key"};
  std::ofstream{folder / "file"} << "precious";
  auto result =
    run_tool({"run", "--key", key.file, "--control", folder / "file"});
  CHECK(result.status == 1);
  CHECK(contains(result.errors, "no socket"));
  CHECK(std::filesystem::file_size(folder / "file") == 8);
  auto too_long = run_tool(
    {"run", "--key", key.file, "--control", folder / std::string(200, 'x')});
  CHECK(too_long.status == 1);
  CHECK(contains(too_long.errors, "107 octets"));
}

TEST_CASE_FIXTURE(two_nodes, "nobody keeps a node from answering others") {
  // More than there is room for, none of which says or reads anything.
  std::list<raw_client> silent;
  for (int i = 0; i < 40; ++i)
    silent.emplace_back(bobs_socket);
  CHECK(status(bobs_socket)["node"] == bob.id());
  raw_client endless{bobs_socket};
  endless.write(std::string(100'000, 'x'));
  CHECK(contains(endless.read(), "too long"));
  raw_client wrong{bobs_socket};
  wrong.write("reboot\n");
  CHECK(contains(wrong.read(), "not understood"));
  raw_client half{bobs_socket};
  half.write("permanent 12 on\n");
  CHECK(contains(half.read(), "no node id"));
  raw_client bare{bobs_socket};
  bare.write("permanent \n");
  CHECK(contains(bare.read(), "no node id"));
  raw_client missing{bobs_socket};
  missing.write("permanent " + alice.id() + "\n");
  CHECK(contains(missing.read(), "'on' or 'off'"));
  CHECK(status(bobs_socket)["node"] == bob.id());
}

TEST_CASE_FIXTURE(two_nodes, "it is shown again and again until a signal") {
  process watching{{NODE_PROXY_TOOL, "status", "--watch", "--control", state}};
  for (int i = 0; i < 2;) {
    auto line = watching.next_line();
    REQUIRE(line);
    i += line->starts_with("node " + alice.id());
  }
  watching.signal(SIGTERM);
  CHECK(watching.wait() == 0);
}

TEST_CASE_FIXTURE(two_nodes, "hostile names are shown as text") {
  alice.send(bob, "inbox", "hello");
  alice.await("delivered");
  bob.stop(SIGTERM);
  std::string name = "a\x1b[2Jb";
  alice.send(bob, name, "hello");
  CHECK(comes_true(
    [&] { return alices()["peers"][0]["waiting"]["messages"] == 1; }));
  auto result = run_tool({"status", "--json", "--control", state});
  CHECK(result.out.find('\x1b') == std::string::npos);
  CHECK(json::parse(result.out)["peers"][0]["waiting"]["engines"][0]["engine"]
        == name);
}

TEST_CASE_FIXTURE(two_nodes, "a node is reached by the name of its host") {
  auto port = std::to_string(bob.port());
  tool_key carols_key{folder, "carol"};
  auto carols_socket = folder / "carol.control";
  tool_node carol{carols_key,
                  {"--peer", bobs_key.advertise("tcp://LocalHost:" + port),
                   "--control", carols_socket}};
  carol.send(bob, "inbox", "hello");
  carol.await("delivered");
  auto peer = status(carols_socket)["peers"][0];
  CHECK(peer["connection"]["address"] == "tcp://127.0.0.1:" + port);
  CHECK(peer["connection"]["name"] == "localhost");
}

TEST_CASE_FIXTURE(two_nodes, "a name that leads nowhere is told") {
  tool_key carols_key{folder, "carol"};
  auto carols_socket = folder / "carol.control";
  tool_node carol{carols_key,
                  {"--peer", bobs_key.advertise("tcp://nowhere.invalid:1"),
                   "--control", carols_socket}};
  carol.send(bob, "inbox", "hello");
  auto failed = carol.await("connect_failed");
  CHECK(failed["address"] == "tcp://nowhere.invalid:1");
  CHECK(comes_true([&] {
    std::string text = status(carols_socket)["peers"][0]["text"];
    return contains(text, "could not resolve nowhere.invalid: ");
  }));
  carol.stop(SIGTERM);
}
