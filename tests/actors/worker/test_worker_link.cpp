// What a worker and its coordinator say to each other, where the test is one of
// the two.

#include <node_proxy/actors/caf/sending.hpp>
#include <node_proxy/actors/router/router_service.hpp>

#include "actors/node_fixture.hpp"

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
  };
}

/// A worker.
struct worker_alone : basic_system_fixture<node_system_config> {
  ~worker_alone() {
    caf::anon_send_exit(node.router(), caf::exit_reason::kill);
    caf::anon_send_exit(coordinator, caf::exit_reason::kill);
  }

  node_proxy::node start() {
    auto config = local_config();
    config.coordinator = caf::actor_cast<router_actor>(coordinator);
    auto result = spawn_node(system, std::move(config));
    REQUIRE_MESSAGE(result, reason(result));
    return std::move(*result);
  }

  template <class Order>
  void order(Order what) {
    self->send(coordinator, worker_order{std::move(what)});
  }

  /// Waits for a report of one kind; others are dropped.
  template <class Report>
  Report next_report() {
    for (;;) {
      auto x = next<worker_report>();
      if (auto wanted = std::get_if<Report>(&x.what))
        return std::move(*wanted);
    }
  }

  /// The worker serves a peer.
  void serve(const node_id& peer) {
    serve_order what;
    what.id = peer;
    what.claim = 1;
    order(std::move(what));
    order(next_report<fence>());
  }

  caf::actor coordinator =
    system.spawn(scripted_coordinator, caf::actor_cast<caf::actor>(self));
  node_proxy::node node = start();
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
