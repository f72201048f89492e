// A Node Proxy that has nothing to do, and a Router that is the test.

#include <node_proxy/actors/proxy/node_proxy_service.hpp>

#include "actors/node_fixture.hpp"

using namespace test;

namespace {

using router_double =
  actor_interface<void(proxy_event), void(node_proxy_dormant),
                  delivered(passed_on)>;

/// Answers what is passed on, and tells `to` of it and of what is dormant.
router_double::behavior_type router_behavior(router_double::pointer,
                                             const caf::actor& to) {
  return {
    [](const proxy_event&) {},
    [to](const node_proxy_dormant& msg) { caf::anon_send(to, msg); },
    [to](const passed_on& msg) {
      caf::anon_send(to, msg);
      return delivered{};
    },
  };
}

struct fixture : system_fixture {
  fixture() {
    router = system.spawn(router_behavior, caf::actor_cast<caf::actor>(self));
    auto remote = fresh_identity();
    peer_settings settings;
    settings.idle_timeout = std::chrono::milliseconds{1};
    node_proxy_dependencies services;
    services.self = fresh_identity();
    services.settings = std::make_shared<peer_settings>(settings);
    services.router = caf::actor_cast<node_proxy_supervisor>(router);
    services.engines = std::make_shared<engine_directory>();
    services.unanswered = std::make_shared<unanswered_failures>();
    services.budget = std::make_shared<receive_budget>(settings);
    services.spare = std::make_shared<spare_time>();
    node_proxy_config proxy_config;
    proxy_config.services = std::make_shared<node_proxy_dependencies>(services);
    proxy_config.remote = remote->id();
    proxy_config.remote_key = *noise_key_of(remote->id());
    proxy_config.record.epoch = 1;
    proxy_config.seed = os_random_key();
    proxy_config.loop = event_loop::of(system, 1).value().front();
    msg.msg.target = {remote->id(), "engine"};
    msg.expiry = rel_time{60};
    proxy = spawn_node_proxy(system, std::move(proxy_config));
  }

  ~fixture() { caf::anon_send_exit(router, caf::exit_reason::user_shutdown); }

  /// As the Router would.
  template <class Msg>
  void say(Msg message) {
    self->send(proxy, std::move(message));
  }

  router_double router;
  node_proxy_service proxy;
  node_out_msg msg;
};

/// Waits for the end of a request that nobody but a Router can fulfil.
template <class Handle>
void check_passed_on(fixture& x, Handle& waiting) {
  auto got = x.next<passed_on>();
  CHECK(got.content.match_elements<node_out_msg>());
  waiting.receive([](delivered) {},
                  [](const caf::error& e) { FAIL(describe(e)); });
}

/// Waits for the answer of the Node Proxy itself, which knows no address.
template <class Handle>
void check_taken(Handle& waiting) {
  waiting.receive(
    [](delivered) { FAIL("passed on"); },
    [](const caf::error& e) { CHECK(code_of(e) == errc::unknown_node); });
}

} // namespace

TEST_CASE_FIXTURE(fixture, "what comes after the offer to retire waits for the "
                           "answer") {
  say(proxy_order{connect_now{}});
  CHECK(next<node_proxy_dormant>().handled == 1);
  auto waiting = self->request(proxy, patience, msg);
  SUBCASE("which is yes") {
    say(retire{});
    check_passed_on(*this, waiting);
  }
  SUBCASE("which is no") {
    say(proxy_order{routed_mark{}});
    check_taken(waiting);
    CHECK(next<node_proxy_dormant>().handled == 2);
    say(retire{});
  }
}

TEST_CASE_FIXTURE(fixture, "one that has retired ends, if nobody has its "
                           "handle") {
  self->monitor(proxy);
  say(proxy_order{connect_now{}});
  static_cast<void>(next<node_proxy_dormant>());
  say(retire{});
  CHECK(next<caf::down_msg>().source == proxy.address());
}

TEST_CASE_FIXTURE(fixture, "one that was looked up passes on for ever") {
  say(proxy_order{looked_up{}});
  CHECK(next<node_proxy_dormant>().handled == 1);
  say(retire{});
  for (auto i = 0; i < 3; ++i) {
    auto waiting = self->request(proxy, patience, msg);
    check_passed_on(*this, waiting);
  }
  // The last handle that goes ends it.
  auto address = proxy.address();
  self->monitor(proxy);
  proxy = nullptr;
  CHECK(next<caf::down_msg>().source == address);
}
