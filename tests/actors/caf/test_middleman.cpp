// A Router and its messages beyond the middleman of CAF: another process of the
// same deployment.

#include <csignal>
#include <iostream>

#include <unistd.h>

#include "actors/node_fixture.hpp"
#include "remoting_config.hpp"
#include "support/child_process.hpp"

using namespace test;

namespace {

/// In a child process, whose checks nobody counts.
void demand(bool ok, const std::string& what) {
  if (ok)
    return;
  std::cerr << "not so: " << what << std::endl;
  ::_exit(1);
}

/// Numbers from one process to another.
class number_pipe {
public:
  number_pipe() { REQUIRE(::pipe(fds_) == 0); }

  void put(std::uint16_t x) const {
    static_cast<void>(::write(fds_[1], &x, sizeof(x)));
  }

  [[nodiscard]] std::uint16_t take() const {
    std::uint16_t result = 0;
    static_cast<void>(::read(fds_[0], &result, sizeof(result)));
    return result;
  }

private:
  int fds_[2];
};

/// A node whose Router others can reach, until `ended` says so; it answers a
/// request of its own then, and ends in good order.
void host(const number_pipe& ports, const number_pipe& ended) {
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

/// Has `f` do what it wants with the Router of another process, which has to
/// survive it.
template <class F>
void use_from_outside(F f) {
  number_pipe ports;
  number_pipe ended;
  auto hosting = start_child([&] { host(ports, ended); });
  auto user = start_child([&] {
    remote_user x{ports.take()};
    f(x);
  });
  CHECK(status_of(user) == 0);
  ended.put(1);
  CHECK(status_of(hosting) == 0);
}

} // namespace

TEST_CASE("an engine of another process is served by a node") {
  use_from_outside([](remote_user& x) {
    auto engine =
      x.system.spawn(forward_engine, caf::actor_cast<caf::actor>(x.self));
    auto ok =
      x.ask<engine_registered>(x.router, register_engine{"far", engine});
    demand(bool{ok}, "an engine registers");
    demand(ok->name == "far", "under its name");
    demand(bool(code_of(x.ask<engine_registered>(x.router,
                                                 register_engine{"far", engine})
                          .error())
                == errc::name_in_use),
           "its name is in use");
    node_out_msg msg;
    msg.expiry = rel_time{10};
    msg.msg.target.name = "far";
    msg.msg.msg = to_bytes("hello");
    auto sent = x.ask<delivered>(x.router, msg);
    demand(bool{sent},
           "it is sent to: " + (sent ? std::string{} : describe(sent.error())));
    demand(bool(as_text(next_message(x.self).msg) == "hello"),
           "it gets the message");
    demand(bool(x.ask<engine_found>(x.router, lookup_engine{"far"})),
           "it is looked up");
    demand(bool(x.ask<engine_unregistered>(x.router, unregister_engine{"far"})),
           "it unregisters");
    demand(bool(x.ask<node_metrics>(x.router, get_node_metrics{})),
           "metrics come");
    demand(bool(x.ask<node_advert>(x.router, get_local_advert{})),
           "the advert comes");
    caf::anon_send_exit(engine, caf::exit_reason::kill);
  });
}

TEST_CASE("an engine that dies with its process is gone") {
  number_pipe ports;
  number_pipe ended;
  auto hosting = start_child([&] { host(ports, ended); });
  auto port = ports.take();
  auto user = start_child([&] {
    remote_user x{port};
    auto engine =
      x.system.spawn(forward_engine, caf::actor_cast<caf::actor>(x.self));
    demand(
      bool(x.ask<engine_registered>(x.router, register_engine{"far", engine})),
      "registered");
    ::raise(SIGKILL);
  });
  CHECK(status_of(user) == 128 + SIGKILL);
  auto other = start_child([&] {
    remote_user x{port};
    node_out_msg msg;
    msg.expiry = rel_time{10};
    msg.msg.target.name = "far";
    auto until = std::chrono::steady_clock::now() + patience;
    for (;;) {
      auto sent = x.ask<delivered>(x.router, msg);
      if (!sent && code_of(sent.error()) == errc::engine_gone)
        return;
      if (std::chrono::steady_clock::now() > until)
        ::_exit(1);
    }
  });
  CHECK(status_of(other) == 0);
  ended.put(1);
  CHECK(status_of(hosting) == 0);
}
