// A node that strangers fall on, or whose machine gives it nothing more, says
// so, serves its peers, and ends when it is told to.

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <optional>

#include <doctest/doctest.h>
#include <sys/resource.h>

#include <node_proxy/base/hex.hpp>

#include "support/flood.hpp"
#include "tcp.hpp"
#include "tool_node.hpp"

using namespace node_proxy::testing;
using namespace std::chrono_literals;

namespace {

/// The default of `node_config`, and what else there is to do at the end.
constexpr std::chrono::seconds time_to_end{5 + 2};

/// What the log says while connections wait for descriptors.
constexpr std::string_view starved = "there are no descriptors or no memory";
constexpr std::string_view fed = "connections are accepted again";

node_proxy::node_id id_of(const tool_node& x) {
  node_proxy::node_id result;
  auto octets = node_proxy::from_hex(x.id());
  REQUIRE(octets);
  std::copy(octets->begin(), octets->end(), result.data.begin());
  return result;
}

/// Strangers that come to a node from many addresses.
test::flood_plan plan_against(const tool_node& x, test::stranger_habit habit) {
  test::flood_plan result;
  result.to = {node_proxy::ipv4{{std::byte{127}, {}, {}, std::byte{1}}},
               x.port()};
  result.habit = habit;
  result.addresses = 200;
  if (habit == test::stranger_habit::half_a_handshake)
    result.each_second = 300;
  for (int i = 0; i < 100; ++i)
    result.frames.push_back(test::first_frame_to(id_of(x)));
  return result;
}

/// The number of the next descriptor that a process gets.
rlim_t lowest_free_descriptor(pid_t pid) {
  auto folder = "/proc/" + std::to_string(pid) + "/fd/";
  rlim_t result = 0;
  while (std::filesystem::is_symlink(folder + std::to_string(result)))
    ++result;
  return result;
}

/// Alice is connected to Bob.
struct served_pair {
  explicit served_pair(const std::vector<std::string>& options = {})
    : bob{tool_key{folder, "bob"}, with_inbox(options)},
      alice{tool_key{folder, "alice"}, {"--peer", bob.advert()}} {
    check_service();
  }

  static std::vector<std::string> with_inbox(std::vector<std::string> options) {
    options.insert(options.end(), {"--engine", "inbox=print"});
    return options;
  }

  /// A message of Alice's arrives.
  void check_service() {
    alice.send(bob, "inbox", "hello");
    alice.await("delivered", {{"id", ++sent}});
  }

  bool bob_says(std::string_view text) {
    return comes_true(
      [&] { return bob.program().errors().find(text) != std::string::npos; });
  }

  void limit_bob(__rlimit_resource what, rlim_t most) {
    rlimit limit{};
    REQUIRE(::prlimit(bob.program().pid(), what, nullptr, &limit) == 0);
    limit.rlim_cur = most;
    REQUIRE(::prlimit(bob.program().pid(), what, &limit, nullptr) == 0);
  }

  temporary_folder folder;
  tool_node bob;
  tool_node alice;
  int sent = 0;
};

} // namespace

TEST_CASE_FIXTURE(served_pair, "a signal ends a node in time while strangers "
                               "come in masses") {
  auto habit = test::stranger_habit::silence;
  SUBCASE("who say nothing") {}
  SUBCASE("who say it octet by octet") {
    habit = test::stranger_habit::trickle;
  }
  SUBCASE("who begin handshakes") {
    habit = test::stranger_habit::half_a_handshake;
  }
  test::flood strangers{plan_against(bob, habit)};
  strangers.wait_for(500);
  check_service();
  auto begun = std::chrono::steady_clock::now();
  bob.stop(SIGTERM);
  CHECK(std::chrono::steady_clock::now() - begun < time_to_end);
}

TEST_CASE_FIXTURE(served_pair, "a node without descriptors says so, serves its "
                               "peers, and recovers") {
  rlimit usual{};
  REQUIRE(::prlimit(bob.program().pid(), RLIMIT_NOFILE, nullptr, &usual) == 0);
  limit_bob(RLIMIT_NOFILE, lowest_free_descriptor(bob.program().pid()));
  auto key = tool_key{folder, "carol"};
  std::optional<tool_node> carol;
  carol.emplace(key, std::vector<std::string>{"--peer", bob.advert()});
  carol->send(bob, "inbox", "hello");
  CHECK(bob_says(starved));
  check_service();
  limit_bob(RLIMIT_NOFILE, usual.rlim_cur);
  carol->await("delivered", {{"id", 1}});
  CHECK(bob_says(fed));
  bob.stop(SIGTERM);
}

TEST_CASE("a node whose disk is full says so, serves its peers, and recovers") {
  temporary_folder states;
  auto state = states / "state";
  served_pair nodes{{"--state", state}};
  // Less than any page of the state needs, and more than the log.
  nodes.limit_bob(RLIMIT_FSIZE, 4'000);
  // What Carol says of herself is to be kept.
  tool_key key{nodes.folder, "carol"};
  tool_node carol{key, {"--peer", nodes.bob.advert()}};
  carol.send(nodes.bob, "inbox", "hello");
  carol.await("delivered", {{"id", 1}});
  CHECK(nodes.bob_says("the state cannot be written"));
  nodes.check_service();
  nodes.limit_bob(RLIMIT_FSIZE, RLIM_INFINITY);
  CHECK(nodes.bob_says("the state is written again"));
  nodes.bob.stop(SIGTERM);
}
