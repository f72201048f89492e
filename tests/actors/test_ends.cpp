// In which order a node, its actor system and the process end. Each case is a
// process of its own, since some of them would hang or crash it.

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <thread>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "node_fixture.hpp"

using namespace test;

namespace {

/// How a child process ended: its exit status, or 128 and a signal; -1 if it
/// had to be killed.
template <class F>
int status_of(F f) {
  auto child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    // A crash is to be seen as such, whatever doctest would make of it.
    for (int number : {SIGSEGV, SIGABRT, SIGBUS})
      std::signal(number, SIG_DFL);
    try {
      f();
    } catch (...) {
      ::_exit(1);
    }
    ::_exit(0);
  }
  int status = 0;
  for (auto until = std::chrono::steady_clock::now() + patience;;) {
    if (::waitpid(child, &status, WNOHANG) == child)
      return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    if (std::chrono::steady_clock::now() > until)
      break;
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  ::kill(child, SIGKILL);
  ::waitpid(child, &status, 0);
  return -1;
}

/// An actor system as users make it.
struct plain_system {
  node_system_config config;
  caf::actor_system system{config};
};

node start(caf::actor_system& system, node_config config = local_config()) {
  auto result = spawn_node(system, std::move(config));
  REQUIRE_MESSAGE(result, describe(result.error()));
  return std::move(*result);
}

/// Two nodes that are connected, with a message under way that is never taken.
struct busy_pair {
  explicit busy_pair(caf::actor_system& system) {
    far.emplace(start(system));
    auto config = local_config();
    config.adverts = {far->advert()};
    near.emplace(start(system, std::move(config)));
    caf::scoped_actor self{system};
    node_out_msg msg;
    msg.msg.sender = {near->id(), "x"};
    msg.msg.target = {far->id(), "nobody"};
    self->request(near->router(), patience, msg)
      .receive([](const delivered&) {}, [](const caf::error&) {});
  }

  std::optional<node> far;
  std::optional<node> near;
};

} // namespace

TEST_CASE("a node that is shut down leaves nothing for its actor system") {
  CHECK(status_of([] {
          plain_system x;
          auto uut = start(x.system);
          uut.shutdown();
          uut.shutdown();
        })
        == 0);
}

TEST_CASE("a node may outlive its actor system") {
  CHECK(status_of([] {
          std::optional<busy_pair> uut;
          {
            plain_system x;
            uut.emplace(x.system);
          }
          uut->near->shutdown();
          if (uut->near->router())
            ::_exit(1);
        })
        == 0);
}

TEST_CASE("nodes end after each other in many actor systems") {
  CHECK(status_of([] {
          for (int i = 0; i < 20; ++i) {
            std::optional<node> uut;
            plain_system x;
            uut.emplace(start(x.system));
          }
        })
        == 0);
}

TEST_CASE("who waits for all actors does not wait for a node") {
  CHECK(status_of([] {
          plain_system x;
          auto uut = start(x.system);
          x.system.await_all_actors_done();
        })
        == 0);
}

TEST_CASE("exit ends a process with a live node") {
  CHECK(status_of([] {
          plain_system x;
          busy_pair uut{x.system};
          std::exit(7);
        })
        == 7);
}

TEST_CASE("who was moved from can be shut down and destroyed") {
  CHECK(status_of([] {
          plain_system x;
          auto first = start(x.system);
          auto second = std::move(first);
          first.shutdown(); // NOLINT(bugprone-use-after-move)
          first = std::move(second);
          first.shutdown();
        })
        == 0);
}

TEST_CASE("a node whose threads cannot be made is an error") {
  CHECK(status_of([] {
          plain_system x;
          // As another user, since root has no such limit.
          rlimit none{0, 0};
          if (::setrlimit(RLIMIT_NPROC, &none) != 0 || ::setuid(65'534) != 0)
            ::_exit(9);
          auto uut = spawn_node(x.system, local_config());
          ::_exit(!uut && code_of(uut.error()) == errc::out_of_resources ? 0
                                                                         : 1);
        })
        == 0);
}

TEST_CASE("a node without descriptors is an error") {
  CHECK(status_of([] {
          plain_system x;
          rlimit few{8, 8};
          if (::setrlimit(RLIMIT_NOFILE, &few) != 0)
            ::_exit(9);
          while (::dup(0) >= 0)
            continue;
          auto uut = spawn_node(x.system, local_config());
          ::_exit(!uut && code_of(uut.error()) == errc::out_of_resources ? 0
                                                                         : 1);
        })
        == 0);
}
