// What another process can do to a node by CAF's middleman. The node is in a
// process of its own, as it may crash.

#include <array>
#include <cstdint>

#include <unistd.h>

#include <node_proxy/actors/disk/state_keeper.hpp>
#include <node_proxy/actors/router/local_delivery.hpp>
#include <node_proxy/actors/router/router_service.hpp>
#include <node_proxy/actors/tcp/tcp_dials.hpp>
#include <node_proxy/actors/tcp/tcp_linger.hpp>
#include <node_proxy/actors/tcp/tcp_lookups.hpp>
#include <node_proxy/actors/transport/handshake_worker.hpp>
#include <node_proxy/actors/typed/engine_host.hpp>

#include "actors/node_fixture.hpp"
#include "remoting_config.hpp"
#include "support/child_process.hpp"

namespace node_proxy::internal {

namespace {

using namespace test;

caf::behavior taker() {
  return {[](const engine_msg&) {
  }};
}

/// Is linked to an actor as soon as it answers.
caf::behavior linked_to(caf::event_based_actor* self, const caf::actor& whom) {
  self->link_to(whom);
  return {[](int x) {
    return x;
  }};
}

/// Where to find a node, and a peer of it.
struct address_card {
  std::uint16_t port = 0;
  node_id self;
  node_id peer;
};

/// Runs a node and its peer, each with an engine "taker", until nothing can be
/// read from `end` any more.
void serve(int card, int end) {
  remoting_config config;
  caf::actor_system system{config};
  auto engine = system.spawn(taker);
  auto peer_settings = local_config();
  peer_settings.engines = {{"taker", engine}};
  auto peer = std::move(*spawn_node(system, peer_settings));
  auto settings = local_config();
  settings.engines = {{"taker", engine}};
  settings.adverts = {peer.advert()};
  auto uut = std::move(*spawn_node(system, settings));
  auto port = system.middleman().publish(uut.router(), 0, "127.0.0.1");
  address_card content{port ? *port : std::uint16_t{0}, uut.id(), peer.id()};
  if (::write(card, &content, sizeof(content)) != sizeof(content))
    ::_exit(9);
  char nothing = 0;
  while (::read(end, &nothing, 1) > 0)
    continue;
  caf::anon_send_exit(engine, caf::exit_reason::user_shutdown);
}

/// The process with the node. To be made before there are any threads.
class host_process {
public:
  host_process() {
    std::array<int, 2> card{};
    std::array<int, 2> end{};
    REQUIRE(::pipe(card.data()) == 0);
    REQUIRE(::pipe(end.data()) == 0);
    child_ = start_child([&] {
      ::close(end[1]);
      serve(card[1], end[0]);
    });
    ::close(card[1]);
    ::close(end[0]);
    end_ = end[1];
    auto size = ::read(card[0], &found, sizeof(found));
    ::close(card[0]);
    REQUIRE(size == sizeof(found));
  }

  host_process(const host_process&) = delete;
  host_process& operator=(const host_process&) = delete;

  ~host_process() {
    if (child_ > 0)
      static_cast<void>(end());
  }

  /// Lets it end. @returns its exit status, or 128 and a signal.
  [[nodiscard]] int end() {
    ::close(end_);
    return status_of(std::exchange(child_, -1));
  }

  address_card found;

private:
  pid_t child_ = -1;
  int end_ = -1;
};

/// The other process: this one.
struct fixture : host_process, basic_system_fixture<remoting_config> {
  caf::actor engine = system.spawn(taker);
  router_actor router;
  node_proxy_actor proxy;

  ~fixture() { caf::anon_send_exit(engine, caf::exit_reason::user_shutdown); }

  fixture() {
    auto handle =
      system.middleman().remote_actor<router_actor>("127.0.0.1", found.port);
    REQUIRE(handle);
    router = *handle;
    proxy = must<node_proxy_found>(router, lookup_node_proxy{found.peer}).proxy;
    REQUIRE(proxy);
  }

  [[nodiscard]] node_out_msg message_to(engine_name name,
                                        std::optional<node_id> node = {}) {
    node_out_msg result;
    result.expiry = rel_time{60};
    result.msg.sender = {std::nullopt, "test"};
    result.msg.target = {node, std::move(name)};
    return result;
  }

  /// Sends a message in all ways. What comes later arrives later.
  void attack(const caf::actor& whom, const caf::message& content) {
    caf::anon_send(whom, content);
    self->send(whom, content);
    static_cast<void>(self->request(whom, caf::infinite, content));
  }

  template <class Handle>
  void attack_with_all_messages(const Handle& handle) {
    auto whom = caf::actor_cast<caf::actor>(handle);
#define NODE_PROXY_ATTACK(name) attack(whom, caf::make_message(name{}));
    NODE_PROXY_LOCAL_MESSAGES(NODE_PROXY_ATTACK)
    NODE_PROXY_PLAIN_MESSAGES(NODE_PROXY_ATTACK)
    NODE_PROXY_ROUTER_MESSAGES(NODE_PROXY_ATTACK)
    NODE_PROXY_ENUM_MESSAGES(NODE_PROXY_ATTACK)
    NODE_PROXY_HANDLE_MESSAGES(NODE_PROXY_ATTACK)
#undef NODE_PROXY_ATTACK
    attack(whom, caf::make_message(errc::expired));
    attack(whom, caf::make_message(std::string{"text"}));
  }

  /// Fails the test if the node is not what it was.
  void check_host() {
    static_cast<void>(must<node_metrics>(router, get_node_metrics{}));
    static_cast<void>(must<delivered>(router, message_to("taker")));
    auto to_peer = message_to("taker", found.peer);
    to_peer.msg.sender.node = found.self;
    static_cast<void>(must<delivered>(router, to_peer));
    static_cast<void>(must<delivered>(proxy, to_peer));
  }
};

} // namespace

TEST_CASE_FIXTURE(fixture, "no message of ours from afar harms a Router") {
  attack_with_all_messages(router);
  check_host();
  CHECK(end() == 0);
}

TEST_CASE_FIXTURE(fixture, "no message of ours from afar harms a Node Proxy") {
  attack_with_all_messages(proxy);
  check_host();
  CHECK(end() == 0);
}

TEST_CASE_FIXTURE(fixture, "nobody ends a Router or a Node Proxy from afar") {
  for (const auto& whom : {caf::actor_cast<caf::actor>(router),
                           caf::actor_cast<caf::actor>(proxy)}) {
    caf::anon_send_exit(whom, caf::exit_reason::kill);
    caf::anon_send_exit(whom, caf::exit_reason::user_shutdown);
    self->send_exit(whom, caf::exit_reason::kill);
    attack(whom, caf::make_message(
                   caf::exit_msg{self->address(), caf::exit_reason::kill}));
    attack(whom, caf::make_message(make_error(errc::denied)));
  }
  check_host();
  CHECK(end() == 0);
}

TEST_CASE_FIXTURE(fixture,
                  "the end of whoever is linked from afar is ignored") {
  for (const auto& whom : {caf::actor_cast<caf::actor>(router),
                           caf::actor_cast<caf::actor>(proxy)}) {
    auto linked = system.spawn(linked_to, whom);
    must<int>(linked, 1);
    check_host();
    caf::anon_send_exit(linked, caf::exit_reason::kill);
    self->wait_for(linked);
  }
  check_host();
  CHECK(end() == 0);
}

TEST_CASE_FIXTURE(fixture, "what is wrong with a message is answered") {
  auto bad = message_to("not UTF-8: \xff");
  caf::anon_send(router, bad);
  auto outcome = ask<delivered>(router, bad);
  REQUIRE_FALSE(outcome);
  CHECK(code_of(outcome.error()) == errc::malformed);
  auto registered =
    ask<engine_registered>(router, register_engine{"\xff", engine});
  REQUIRE_FALSE(registered);
  CHECK(code_of(registered.error()) == errc::bad_config);
  caf::anon_send(proxy, static_cast<connection_permanence>(9));
  check_host();
  CHECK(end() == 0);
}

TEST_CASE_FIXTURE(fixture, "an engine may be in another process") {
  must<engine_registered>(router, register_engine{"afar", engine});
  must<delivered>(router, message_to("afar"));
  CHECK(must<engine_found>(router, lookup_engine{"afar"}).engine == engine);
  CHECK(end() == 0);
}

TEST_CASE_FIXTURE(fixture, "an engine afar that never answers delays no end") {
  must<engine_registered>(
    router, register_engine{"afar", caf::actor_cast<caf::actor>(self)});
  caf::anon_send(router, message_to("afar"));
  static_cast<void>(next<engine_msg>());
  CHECK(end() == 0);
}

} // namespace node_proxy::internal
