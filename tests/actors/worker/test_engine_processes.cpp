// Engines in processes that are no part of the node, and die.

#include <csignal>

#include "actors/silent_engine.hpp"
#include "deployment.hpp"
#include "support/child_process.hpp"
#include "support/number_pipe.hpp"

using namespace test;

namespace {

/// A process with an engine that takes nothing. To be made before there are
/// threads.
class engine_process {
public:
  ~engine_process() { kill(); }

  /// Has the engine registered at the process with that port.
  void register_at(std::uint16_t port) const {
    ports_.put(port);
    REQUIRE(said_.take() == registered);
  }

  /// Waits until the engine has got a message.
  void await_message() const { REQUIRE(said_.take() == kept); }

  void kill() {
    if (child_ > 0) {
      ::kill(child_, SIGKILL);
      ::waitpid(std::exchange(child_, 0), nullptr, 0);
    }
  }

private:
  static constexpr std::uint16_t registered = 1;
  static constexpr std::uint16_t kept = 2;

  int run() const {
    auto port = ports_.take();
    remoting_config config;
    caf::actor_system system{config};
    auto router =
      system.middleman().remote_actor<router_actor>("127.0.0.1", port);
    if (!router)
      return 2;
    auto teller = system.spawn([this]() -> caf::behavior {
      return {[this](done) {
        said_.put(kept);
      }};
    });
    auto engine = system.spawn(silent_engine, std::move(teller));
    caf::scoped_actor self{system};
    self->request(*router, patience, register_engine{"engine", engine})
      .receive([this](engine_registered&) { said_.put(registered); },
               [](const caf::error&) {});
    // Until it is killed.
    static_cast<void>(ports_.take());
    return 0;
  }

  number_pipe ports_;
  number_pipe said_;
  pid_t child_ = start_child([this] { return run(); });
};

struct engine_elsewhere {
  engine_elsewhere() {
    auto published =
      first->system.middleman().publish(first->node.router(), 0, "127.0.0.1");
    REQUIRE(published);
    first->port = *published;
  }

  /// A process of the node has something for the engine, which gets it.
  auto ask_engine(node_process& by) {
    auto result =
      by.self->request(by.node.router(), patience,
                       node_process::message_to(by.node.id(), "engine", "hi"));
    third.await_message();
    return result;
  }

  template <class Request>
  static void check_gone(Request& open) {
    open.receive([](delivered) { FAIL_CHECK("nobody has taken it"); },
                 [](const caf::error& error) {
                   CHECK_MESSAGE(code_of(error) == errc::engine_gone,
                                 describe(error));
                 });
  }

  void check_free_name() {
    CHECK(comes_true([this] {
      auto known = node.coordinator.ask<engine_found>(lookup_engine{"engine"});
      return !known && code_of(known.error()) == errc::engine_gone;
    }));
  }

  engine_process third;
  deployment node;
  std::unique_ptr<node_process> first = node.add_worker();
  std::unique_ptr<node_process> second = node.add_worker();
};

} // namespace

TEST_CASE_FIXTURE(engine_elsewhere,
                  "what an engine has got is answered when its process dies") {
  third.register_at(node.coordinator.port);
  auto one = ask_engine(node.coordinator);
  auto other = ask_engine(*first);
  SUBCASE("with its name") {
    third.kill();
    check_free_name();
  }
  SUBCASE("after it has lost its name") {
    REQUIRE(first->ask<engine_unregistered>(unregister_engine{"engine"}));
    third.kill();
  }
  check_gone(one);
  check_gone(other);
}

TEST_CASE_FIXTURE(engine_elsewhere,
                  "an engine that came by a worker ends everywhere") {
  third.register_at(first->port);
  auto one = ask_engine(node.coordinator);
  auto same = ask_engine(*first);
  auto other = ask_engine(*second);
  SUBCASE("with its process") {
    third.kill();
    check_free_name();
    check_gone(same);
  }
  SUBCASE("with its process, after it has lost its name") {
    REQUIRE(second->ask<engine_unregistered>(unregister_engine{"engine"}));
    third.kill();
    check_gone(same);
  }
  SUBCASE("with that worker") {
    first->node.shutdown();
    check_free_name();
  }
  check_gone(one);
  check_gone(other);
}
