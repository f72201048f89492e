// disconnect, forget, ping, events: what an operator does with a running node.

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fstream>
#include <list>

#include <doctest/doctest.h>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tool_node.hpp"

using namespace node_proxy::testing;

namespace {

bool contains(const std::string& text, std::string_view what) {
  return text.find(what) != std::string::npos;
}

/// Two nodes, of which Alice knows how to reach Bob and can be asked.
struct two_nodes {
  temporary_folder folder;
  tool_node bob{tool_key{folder, "bob"}, {"--engine", "inbox=print"}};
  std::string state = folder / "state";
  tool_node alice{
    tool_key{folder, "alice"},
    {"--peer", bob.advert(), "--state", state, "--name", "bob=" + bob.id()}};

  run_result tell(std::string verb, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {std::move(verb), "--control", state});
    return run_tool(arguments);
  }

  json peers() {
    auto result = tell("status", {"--json"});
    REQUIRE_MESSAGE(result.status == 0, result.errors);
    return json::parse(result.out)["peers"];
  }

  void exchange() {
    alice.send(bob, "inbox", "hello");
    alice.await("delivered");
    alice.await("connected");
  }
};

struct unix_address {
  explicit unix_address(const std::string& path) {
    value.sun_family = AF_UNIX;
    path.copy(value.sun_path, sizeof(value.sun_path) - 1);
  }

  [[nodiscard]] const sockaddr* get() const {
    return reinterpret_cast<const sockaddr*>(&value);
  }

  sockaddr_un value{};
};

/// A socket whose queue is full.
class full_socket {
public:
  explicit full_socket(const std::string& path) {
    unix_address address{path};
    for (auto* fd : {&listener_, &client_})
      *fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE(::bind(listener_, address.get(), sizeof(address)) == 0);
    REQUIRE(::listen(listener_, 0) == 0);
    REQUIRE(::connect(client_, address.get(), sizeof(address)) == 0);
  }

  full_socket(const full_socket&) = delete;
  full_socket& operator=(const full_socket&) = delete;

  ~full_socket() {
    ::close(listener_);
    ::close(client_);
  }

private:
  int listener_ = -1;
  int client_ = -1;
};

/// Whether a process has SIGINT come where it looks for it. For a moment before
/// that it blocks all signals.
bool waits_for_signals(pid_t pid) {
  std::ifstream status{"/proc/" + std::to_string(pid) + "/status"};
  for (std::string line; std::getline(status, line);) {
    if (!line.starts_with("SigBlk:"))
      continue;
    auto blocked = std::stoull(line.substr(7), nullptr, 16);
    auto has = [blocked](int number) {
      return (blocked >> (number - 1) & 1) != 0;
    };
    return has(SIGINT) && !has(SIGUSR1);
  }
  return false;
}

/// A client that asks something of a node and does nothing more by itself.
class quiet_client {
public:
  quiet_client(const std::string& path, std::string_view request)
    : fd_{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    unix_address address{path};
    REQUIRE(::connect(fd_, address.get(), sizeof(address)) == 0);
    REQUIRE(::send(fd_, request.data(), request.size(), MSG_NOSIGNAL) > 0);
  }

  quiet_client(const quiet_client&) = delete;
  quiet_client& operator=(const quiet_client&) = delete;

  ~quiet_client() { ::close(fd_); }

  /// Whether the node has closed the connection. Takes what came before.
  [[nodiscard]] bool has_ended() const {
    char buffer[65'536];
    for (;;) {
      auto got = ::recv(fd_, buffer, sizeof(buffer), MSG_DONTWAIT);
      if (got <= 0)
        return got == 0;
    }
  }

private:
  int fd_;
};

} // namespace

TEST_CASE_FIXTURE(two_nodes, "a peer is disconnected by its name") {
  exchange();
  auto result = tell("disconnect", {"bob"});
  CHECK(result.status == 0);
  CHECK(result.out.empty());
  auto ended = alice.await("disconnected", {{"node", bob.id()}});
  CHECK(ended["reason"] == "idle");
  CHECK(comes_true([&] { return peers()[0]["state"] == "idle"; }));
  exchange();
}

TEST_CASE_FIXTURE(two_nodes, "a permanent peer is not disconnected") {
  REQUIRE(tell("permanent", {"bob", "on"}).status == 0);
  alice.await("connected");
  auto result = tell("disconnect", {"bob"});
  CHECK(result.status == 1);
  CHECK(contains(result.errors, "permanent"));
  CHECK(peers()[0]["state"] == "connected");
}

TEST_CASE_FIXTURE(two_nodes, "a peer is forgotten by the beginning of its id") {
  exchange();
  auto result = tell("forget", {bob.id().substr(0, 10)});
  REQUIRE_MESSAGE(result.status == 0, result.errors);
  CHECK(result.out
        == "forgotten: where it is, which messages were exchanged with it\n");
  alice.await("disconnected", {{"node", bob.id()}});
  CHECK(comes_true([&] { return peers().empty(); }));
  auto again = tell("forget", {bob.id()});
  CHECK(again.status == 1);
  CHECK(contains(again.errors, "nothing is known"));
}

TEST_CASE_FIXTURE(two_nodes, "what would lose messages is refused, in words") {
  bob.stop(SIGTERM);
  alice.send(bob, "inbox", "hello");
  alice.await("connect_failed");
  auto result = tell("forget", {"bob"});
  CHECK(result.status == 1);
  CHECK(contains(result.errors, "bob"));
  CHECK(contains(result.errors, "1 messages wait for it"));
  auto parted = tell("disconnect", {"bob"});
  CHECK(parted.status == 0);
  CHECK(contains(parted.out, "connect it again: 1"));
}

TEST_CASE_FIXTURE(two_nodes, "a peer is pinged, and connected for that") {
  auto result = tell("ping", {"--count", "3", "--interval", "0.01", "bob"});
  REQUIRE_MESSAGE(result.status == 0, result.errors);
  auto title = bob.id().substr(0, 12) + " (bob)";
  for (int i = 1; i <= 3; ++i)
    CHECK(contains(result.out, "answer from " + title
                                 + ": seq=" + std::to_string(i) + " time="));
  CHECK(contains(result.out, "3 sent, 3 answered, 0% lost"));
  CHECK(contains(result.out, "round trip min/avg/max = "));
  CHECK(peers()[0]["state"] == "connected");
}

TEST_CASE_FIXTURE(two_nodes, "pings come at a time that is a number") {
  for (const auto* x : {"nan", "inf", "0", "soon"})
    CHECK(tell("ping", {"--interval", x, "--count", "1", "bob"}).status == 2);
}

TEST_CASE_FIXTURE(two_nodes, "why a ping has no answer is said") {
  bob.stop(SIGTERM);
  auto result = tell("ping", {"--count", "1", "bob"});
  CHECK(result.status == 1);
  CHECK(contains(result.out, "no answer from "));
  CHECK(contains(result.out, "connection refused by " + bob.address()));
  CHECK(contains(result.out, "1 sent, 0 answered, 100% lost"));
  CHECK(tell("ping", {"zoe"}).status == 1);
  CHECK(tell("ping", {"--count", "0", "bob"}).status == 2);
}

TEST_CASE_FIXTURE(two_nodes, "pings go on until a signal, then are summed up") {
  process pinging{{NODE_PROXY_TOOL, "ping", "--control", state, "--interval",
                   "0.01", bob.id()}};
  for (int i = 0; i < 3; ++i)
    REQUIRE(pinging.next_line());
  pinging.signal(SIGINT);
  auto rest = pinging.rest();
  CHECK(contains(rest, "ping statistics"));
  CHECK(pinging.wait() == 0);
}

TEST_CASE_FIXTURE(two_nodes, "a ping that waits ends with the signal") {
  // It waits for 5 s each time, and nothing else.
  bob.program().signal(SIGSTOP);
  process pinging{{NODE_PROXY_TOOL, "ping", "--control", state, bob.id()}};
  REQUIRE(comes_true([&] { return peers()[0]["waiting"]["messages"] == 1; }));
  auto begin = std::chrono::steady_clock::now();
  pinging.signal(SIGINT);
  CHECK(contains(pinging.rest(), "0 sent, 0 answered"));
  CHECK(pinging.wait() == 1);
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds{3});
  bob.program().signal(SIGCONT);
}

TEST_CASE("who waits for a socket that takes nobody in ends with the signal") {
  temporary_folder folder;
  full_socket node{folder / "control"};
  for (const auto* verb : {"ping", "events"}) {
    std::vector<std::string> command{NODE_PROXY_TOOL, verb, "--control",
                                     folder / "control"};
    if (command[1] == "ping")
      command.emplace_back("bob");
    process uut{command};
    REQUIRE(comes_true([&] { return waits_for_signals(uut.pid()); }));
    auto begin = std::chrono::steady_clock::now();
    uut.signal(SIGINT);
    CHECK(uut.wait() == 1);
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds{5});
  }
}

TEST_CASE_FIXTURE(two_nodes, "a node is no peer of its own") {
  for (const auto* verb : {"ping", "disconnect", "forget"}) {
    auto result = tell(verb, {alice.id()});
    CHECK(result.status == 1);
    CHECK(contains(result.errors, "is the running node itself"));
  }
  auto result = tell("permanent", {alice.id().substr(0, 12), "on"});
  CHECK(result.status == 1);
  CHECK(contains(result.errors, "is the running node itself"));
}

TEST_CASE_FIXTURE(two_nodes, "names of `run` are known for who is not there") {
  exchange();
  REQUIRE(tell("forget", {"bob"}).status == 0);
  REQUIRE(comes_true([&] { return peers().empty(); }));
  auto result = tell("disconnect", {"bob"});
  CHECK(result.status == 1);
  CHECK(contains(result.errors, bob.id().substr(0, 12) + " (bob): "));
}

TEST_CASE_FIXTURE(two_nodes, "a stopped node is told from a quiet one") {
  alice.program().signal(SIGSTOP);
  auto result = tell("events", {});
  CHECK(result.status == 1);
  CHECK(contains(result.errors, "the node does not answer"));
  alice.program().signal(SIGCONT);
}

TEST_CASE_FIXTURE(two_nodes, "events are followed") {
  exchange();
  process following{{NODE_PROXY_TOOL, "events", "--control", state, "--name",
                     "rob=" + bob.id()}};
  auto await = [&](std::string_view kind) {
    for (;;) {
      auto line = following.next_line();
      REQUIRE(line);
      if (auto event = json::parse(*line); event["event"] == kind)
        return event;
    }
  };
  // What was comes before what is.
  CHECK(await("listening")["address"] == alice.address());
  auto connected = await("connected");
  CHECK(connected["node"] == bob.id());
  CHECK(connected["name"] == "rob");
  CHECK(connected["at"].is_number());
  REQUIRE(tell("disconnect", {"bob"}).status == 0);
  auto ended = await("disconnected");
  CHECK(ended["reason"] == "idle");
  CHECK(ended["name"] == "rob");
  SUBCASE("until a signal") {
    following.signal(SIGTERM);
    CHECK(following.wait() == 0);
  }
  SUBCASE("until the node ends") {
    alice.stop(SIGTERM);
    CHECK(following.wait() == 1);
    CHECK(contains(following.errors(), "the node has ended"));
  }
}

TEST_CASE_FIXTURE(two_nodes, "there is room for others beside many followers") {
  std::list<quiet_client> all;
  for (int i = 0; i < 40; ++i)
    all.emplace_back(state + "/control", "events\n");
  CHECK(comes_true([&] {
    return std::ranges::count_if(all, &quiet_client::has_ended) >= 40 - 16;
  }));
  CHECK(peers()[0]["node"] == bob.id());
  auto refused = tell("events", {});
  CHECK(refused.status == 1);
  CHECK(contains(refused.errors, "too many follow events"));
}
