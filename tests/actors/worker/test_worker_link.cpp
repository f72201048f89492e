// What a worker and its coordinator say to each other, where the test is one of
// the two.

#include <sstream>

#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>

#include <node_proxy/actors/caf/sending.hpp>
#include <node_proxy/actors/router/router_service.hpp>
#include <node_proxy/actors/typed_engine.hpp>
#include <node_proxy/base/hex.hpp>
#include <node_proxy/protocol/wire/advert.hpp>

#include "actors/silent_engine.hpp"
#include "deployment.hpp"

using namespace test;

namespace {

/// Says to the worker what the test wants said, and hands on to `to` what that
/// reports. Whatever else it is asked stays without an answer.
caf::behavior scripted_coordinator(caf::event_based_actor* self,
                                   const caf::actor& to) {
  set_fallback(self, caf::skip);
  auto worker = std::make_shared<caf::actor>();
  return {
    [worker](const join_node& msg) {
      *worker = msg.worker;
      constexpr std::uint64_t long_enough = 600'000;
      return node_joined{{}, {}, long_enough};
    },
    [self, to](const worker_report& msg) { self->send(to, msg); },
    [self, worker](const worker_order& msg) { self->send(*worker, msg); },
    [self, worker](const shared_engine& msg) { self->send(*worker, msg); },
    [self, worker](const ended_engine& msg) { self->send(*worker, msg); },
  };
}

/// The same the other way round.
caf::behavior scripted_worker(caf::event_based_actor* self,
                              const router_actor& coordinator,
                              const caf::actor& to) {
  auto router = caf::actor_cast<caf::actor>(coordinator);
  return {
    [self, to](const worker_order& msg) { self->send(to, msg); },
    [self, to, router](const shared_engine& msg) {
      self->send(to, msg);
      self->send(router, worker_report{engine_noted{msg.number}});
    },
    [self, router](const worker_report& msg) { self->send(router, msg); },
    [self, to](const ended_engine& msg) { self->send(to, msg); },
  };
}

using typed_actor = actor_interface<std::uint64_t(std::uint64_t)>;

typed_actor::behavior_type typed_engine() {
  return {[](std::uint64_t x) {
    return x;
  }};
}

/// Registers engines without waiting for an answer.
caf::behavior plain_sender(caf::event_based_actor* self,
                           const router_actor& router) {
  return {[self, router](const register_engine& msg) {
    self->send(router, msg);
    return done{};
  }};
}

/// A worker.
struct worker_alone : basic_system_fixture<remoting_config> {
  ~worker_alone() {
    caf::anon_send_exit(node.router(), caf::exit_reason::kill);
    caf::anon_send_exit(coordinator, caf::exit_reason::kill);
  }

  node_proxy::node start() {
    auto config = local_config();
    config.coordinator = caf::actor_cast<router_actor>(coordinator);
    config.logger = std::make_shared<spdlog::logger>(
      "test", std::make_shared<spdlog::sinks::ostream_sink_mt>(log));
    auto result = spawn_node(system, std::move(config));
    REQUIRE_MESSAGE(result, reason(result));
    return std::move(*result);
  }

  template <class Order>
  void order(Order what) {
    self->send(coordinator, worker_order{std::move(what)});
  }

  void share(std::string name, const caf::actor& engine) {
    self->send(coordinator, shared_engine{1, {std::move(name), engine}});
    static_cast<void>(next_report<engine_noted>());
  }

  template <class Report>
  Report next_report() {
    return next_said<Report, worker_report>(*this);
  }

  /// The worker serves a peer.
  void serve(const node_id& peer, bool permanent = false) {
    serve_order what;
    what.id = peer;
    what.claim = 1;
    what.permanent = permanent;
    order(std::move(what));
    order(next_report<fence>());
  }

  // To be read only after what is said next.
  std::ostringstream log;
  caf::actor coordinator =
    system.spawn(scripted_coordinator, caf::actor_cast<caf::actor>(self));
  node_proxy::node node = start();
};

/// A coordinator.
struct coordinator_alone : node_process {
  coordinator_alone() : node_process(deployment::coordinator_config()) {
    REQUIRE(ask<done>(subscribe_observer{caf::actor_cast<caf::actor>(self)}));
    join_node request;
    request.worker = worker;
    request.hello.self = node.id();
    auto router = caf::actor_cast<coordinator_end>(node.router());
    REQUIRE(must<node_joined>(router, request).refusal == "");
  }

  ~coordinator_alone() { caf::anon_send_exit(worker, caf::exit_reason::kill); }

  template <class Report>
  void report(Report what) {
    self->send(worker, worker_report{std::move(what)});
  }

  template <class Order>
  Order next_order() {
    return next_said<Order, worker_order>(*this);
  }

  caf::actor worker = system.spawn(scripted_worker, node.router(),
                                   caf::actor_cast<caf::actor>(self));
};

/// Another process, with an engine that takes nothing.
struct third_process : basic_system_fixture<remoting_config> {
  third_process() {
    auto published = system.middleman().publish(engine, 0, "127.0.0.1");
    REQUIRE(published);
    port = *published;
  }

  ~third_process() { caf::anon_send_exit(engine, caf::exit_reason::kill); }

  caf::actor engine =
    system.spawn(silent_engine, caf::actor_cast<caf::actor>(self));
  std::uint16_t port = 0;
};

} // namespace

TEST_CASE_FIXTURE(worker_alone,
                  "a worker that leaves ends without its coordinator") {
  serve(fresh_identity()->id());
  static_cast<void>(next_report<offered_rest>());
  self->monitor(node.router());
  self->send(caf::actor_cast<router_service>(node.router()), stop_router{});
  static_cast<void>(next_report<leaving>());
  order(may_leave{});
  // Nobody says any more what is to become of the offer.
  order(dismissed{});
  static_cast<void>(next<caf::down_msg>());
}

TEST_CASE_FIXTURE(worker_alone,
                  "what a lost coordinator has not answered is answered") {
  const auto& router = node.router();
  auto engine =
    self->request(router, patience, register_engine{"engine", coordinator});
  auto metrics = self->request(router, patience, get_node_metrics{});
  auto proxy =
    self->request(router, patience, lookup_node_proxy{fresh_identity()->id()});
  order(dismissed{});
  auto check = [](const caf::error& error) {
    CHECK_MESSAGE(code_of(error) == errc::shutting_down, describe(error));
  };
  engine.receive([](engine_registered&) { FAIL_CHECK("registered"); }, check);
  metrics.receive([](node_metrics&) { FAIL_CHECK("counted"); }, check);
  proxy.receive([](node_proxy_found&) { FAIL_CHECK("found"); }, check);
}

TEST_CASE_FIXTURE(worker_alone,
                  "a Node Proxy of a worker that fails is told of") {
  auto peer = fresh_identity()->id();
  serve(peer, true);
  auto found = ask<node_proxy_found>(node.router(), lookup_node_proxy{peer});
  REQUIRE_MESSAGE(found, reason(found));
  caf::anon_send_exit(found->proxy, caf::exit_reason::kill);
  auto ended = next_report<ended_service>();
  CHECK(ended.id == peer);
  CHECK_FALSE(ended.record);
  CHECK(log.str().find("the Node Proxy of " + to_hex(peer.data) + " has failed")
        != std::string::npos);
}

TEST_CASE_FIXTURE(coordinator_alone,
                  "a Node Proxy that fails elsewhere is an event") {
  auto peer = fresh_identity();
  node_advert advert;
  advert.version = 1;
  REQUIRE(sign_advert(*peer, advert));
  REQUIRE(ask<node_advert_reply>(advert));
  REQUIRE(ask<node_connect_reply>(node_connect_request{peer->id(), false}));
  auto claim = next_order<serve_order>().claim;
  report(ended_service{peer->id(), claim, std::nullopt});
  auto event = next_said<node_proxy_ended_event, node_event>(*this);
  CHECK(event.node == peer->id());
}

TEST_CASE_FIXTURE(worker_alone,
                  "who serves an engine that has ended does not end with it") {
  auto engine = system.spawn(typed_engine);
  auto what = served("engine", engine);
  self->monitor(engine);
  caf::anon_send_exit(engine, caf::exit_reason::kill);
  static_cast<void>(next<caf::down_msg>());
  auto sender = system.spawn(plain_sender, node.router());
  static_cast<void>(must<done>(sender, what));
  // The worker itself answers that, after what came before.
  static_cast<void>(must<node_advert>(node.router(), get_local_advert{}));
  static_cast<void>(must<done>(sender, what));
  caf::anon_send_exit(sender, caf::exit_reason::kill);
}

TEST_CASE_FIXTURE(coordinator_alone,
                  "what others reach a typed engine by goes with it") {
  auto engine = system.spawn(typed_engine);
  REQUIRE(node.serve("engine", engine));
  auto host = next<shared_engine>().engine.engine.address();
  caf::anon_send_exit(engine, caf::exit_reason::kill);
  CHECK(
    comes_true([&] { return !caf::actor_cast<caf::strong_actor_ptr>(host); }));
}

TEST_CASE_FIXTURE(worker_alone, "a worker is told that an engine has ended") {
  third_process third;
  auto engine = system.middleman().remote_actor("127.0.0.1", third.port);
  REQUIRE(engine);
  share("engine", *engine);
  auto open =
    self->request(node.router(), patience,
                  node_process::message_to(node.id(), "engine", "hi"));
  static_cast<void>(third.next<done>());
  SUBCASE("and nobody has its name") {
    self->send(coordinator, ended_engine{*engine});
  }
  SUBCASE("and another one has its name") {
    share("engine", coordinator);
  }
  open.receive([](delivered) { FAIL_CHECK("nobody has taken it"); },
               [](const caf::error& error) {
                 CHECK_MESSAGE(code_of(error) == errc::engine_gone,
                               describe(error));
               });
}

TEST_CASE_FIXTURE(coordinator_alone, "a silent worker holds up no question") {
  auto peer = fresh_identity();
  node_advert advert;
  advert.version = 1;
  REQUIRE(sign_advert(*peer, advert));
  REQUIRE(ask<node_advert_reply>(advert));
  REQUIRE(ask<node_connect_reply>(node_connect_request{peer->id(), true}));
  // It is not lost yet when these are answered.
  auto status = ask<node_status>(get_node_status{});
  REQUIRE_MESSAGE(status, reason(status));
  REQUIRE(status->workers.size() == 1);
  CHECK(status->workers[0].state == worker_stage::silent);
  CHECK(status->workers[0].silent_ms > 0u);
  CHECK(status->workers[0].peers == 1);
  REQUIRE(status->peers.size() == 1);
  CHECK(status->peers[0].node == peer->id());
  CHECK(status->peers[0].state == peer_state::connecting);
  CHECK(status->peers[0].permanent);
  auto numbers = ask<node_metrics>(get_node_metrics{});
  REQUIRE(numbers);
  CHECK(numbers->node_proxies == 1);
  CHECK(numbers->lost_workers == 0);
  // Nor does it by answers that come late.
  told_status late_status;
  late_status.round = next_order<tell_status>().round;
  report(late_status);
  told_numbers late_numbers;
  late_numbers.round = late_status.round + 1;
  report(late_numbers);
  caf::anon_send_exit(worker, caf::exit_reason::kill);
  CHECK(comes_true([this] {
    auto x = ask<node_metrics>(get_node_metrics{});
    return x && x->lost_workers == 1;
  }));
}

TEST_CASE_FIXTURE(coordinator_alone,
                  "what waits for a worker that leaves does not end with it") {
  test_node peer{local_config()};
  peer.add_engine(
    "ear",
    peer.system.spawn(forward_engine, caf::actor_cast<caf::actor>(peer.self)));
  REQUIRE(ask<node_advert_reply>(peer.node.advert()));
  auto handed = self->request(node.router(), patience,
                              message_to(peer.node.id(), "ear", "handed"));
  static_cast<void>(next_order<handed_batch>());
  report(leaving{});
  static_cast<void>(next_order<may_leave>());
  auto held = self->request(node.router(), patience,
                            message_to(peer.node.id(), "ear", "held"));
  // It has not been lost before that has come.
  static_cast<void>(ask<node_advert>(get_local_advert{}));
  caf::anon_send_exit(worker, caf::exit_reason::kill);
  handed.receive([](delivered) { FAIL_CHECK("nobody has delivered it"); },
                 [](const caf::error& error) {
                   CHECK_MESSAGE(code_of(error) == errc::unconfirmed,
                                 describe(error));
                 });
  auto is_delivered = false;
  held.receive([&](delivered) { is_delivered = true; },
               [](const caf::error& error) { FAIL_CHECK(describe(error)); });
  CHECK(is_delivered);
  CHECK(as_text(next_message(peer.self).msg) == "held");
}

TEST_CASE_FIXTURE(coordinator_alone, "a worker learns which engines end") {
  third_process third;
  auto engine = system.middleman().remote_actor("127.0.0.1", third.port);
  REQUIRE(engine);
  REQUIRE(ask<engine_registered>(register_engine{"engine", *engine}));
  SUBCASE("that do nothing else") {}
  SUBCASE("that have observed the node for a while") {
    REQUIRE(ask<done>(subscribe_observer{*engine}));
    REQUIRE(ask<done>(unsubscribe_observer{*engine}));
  }
  caf::anon_send_exit(third.engine, caf::exit_reason::kill);
  CHECK(next<ended_engine>().engine == *engine);
}
