// Processes of one deployment: one has a node, the others know its Router by
// the middleman of CAF.

#pragma once

#include <csignal>
#include <cstdint>
#include <iostream>
#include <string>
#include <utility>

#include <sys/wait.h>
#include <unistd.h>

#include "actors/node_fixture.hpp"
#include "remoting_config.hpp"
#include "support/child_process.hpp"
#include "support/number_pipe.hpp"

namespace test {

/// In a child process, whose checks nobody counts.
inline void demand(bool ok, const std::string& what) {
  if (ok)
    return;
  std::cerr << "not so: " << what << std::endl;
  ::_exit(1);
}

/// A node whose Router others can reach, until `ended` says so; it answers a
/// request of its own then, and ends in good order.
inline void host(const number_pipe& ports, const number_pipe& ended) {
  int status = 1;
  {
    remoting_config config;
    caf::actor_system system{config};
    auto node = spawn_node(system, local_config());
    if (!node)
      ::_exit(2);
    auto port = system.middleman().publish(node->router(), 0, "127.0.0.1");
    if (!port)
      ::_exit(3);
    ports.put(*port);
    static_cast<void>(ended.take());
    caf::scoped_actor self{system};
    self->request(node->router(), patience, get_node_metrics{})
      .receive([&](const node_metrics&) { status = 0; },
               [](const caf::error&) {});
    system.middleman().unpublish(node->router(), *port);
  }
  ::_exit(status);
}

/// Somebody in another process who knows the Router.
struct remote_user : basic_system_fixture<remoting_config> {
  explicit remote_user(std::uint16_t port) {
    auto found =
      system.middleman().remote_actor<router_actor>("127.0.0.1", port);
    demand(bool{found}, "the Router is found");
    router = *found;
  }

  router_actor router;
};

/// A process with a node, and others that know its Router.
class middleman_deployment {
public:
  /// A process of it, which is killed with this if it has not ended.
  class member {
  public:
    template <class F>
    explicit member(F f) : id_{start_child(std::move(f))} {}

    member(const member&) = delete;
    member& operator=(const member&) = delete;

    ~member() {
      if (waited_)
        return;
      ::kill(id_, SIGKILL);
      ::waitpid(id_, nullptr, 0);
    }

    void signal(int number) const { ::kill(id_, number); }

    /// It stands still when this returns.
    void stop() const {
      signal(SIGSTOP);
      siginfo_t how;
      REQUIRE(::waitid(P_PID, static_cast<id_t>(id_), &how, WSTOPPED) == 0);
    }

    /// Waits for its end.
    int status() {
      waited_ = true;
      return status_of(id_);
    }

  private:
    pid_t id_;
    bool waited_ = false;
  };

  middleman_deployment()
    : host_{[this] {
        host(ports_, ended_);
      }},
      port_{ports_.take()} {}

  /// Where the Router is.
  [[nodiscard]] std::uint16_t port() const { return port_; }

  /// Has `f` do what it wants with the Router, in a process of its own.
  template <class F>
  [[nodiscard]] int status_of_user(F f) const {
    return member{[this, f] {
             remote_user x{port_};
             f(x);
           }}
      .status();
  }

  void signal_host(int number) const { host_.signal(number); }
  void stop_host() const { host_.stop(); }

  /// Ends the node's process, which has to answer until then.
  int end() {
    ended_.put(1);
    return host_.status();
  }

private:
  number_pipe ports_;
  number_pipe ended_;
  member host_;
  std::uint16_t port_;
};

} // namespace test
