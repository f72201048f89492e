// Messages whose senders wait for no answer.

#include "actors/node_fixture.hpp"

using namespace test;

namespace {

/// An actor that sends what it gets in a message to the Router, as a message of
/// its own and in a batch, and something that is wrong besides.
caf::behavior plain_sender(caf::event_based_actor* self,
                           const router_actor& router) {
  return {[self, router](const node_out_msg& msg) {
    self->send(router, msg);
    node_out_batch batch;
    batch.msgs.assign(3, msg);
    self->send(router, batch);
    self->send(router, unregister_engine{"nobody"});
    self->send(router, register_engine{"", self});
    self->send(router, get_node_advert{});
    self->send(router, subscribe_observer{});
    return done{};
  }};
}

} // namespace

TEST_CASE("a plain send that fails is counted and ends nobody") {
  test_node b{local_config()};
  auto config = local_config();
  config.adverts = {b.node.advert()};
  test_node a{config};
  auto sender = a.system.spawn(plain_sender, a.node.router());
  auto unknown = a.message_to(fresh_identity()->id(), "x", {});
  auto nobody = a.message_to(b.node.id(), "nobody", {});
  for (const auto& msg : {unknown, nobody, unknown})
    static_cast<void>(a.must<done>(sender, msg));
  // Its Node Proxy answers in order.
  CHECK(code_of(a.send(nobody).error()) == errc::unknown_engine);
  auto metrics = a.ask<node_metrics>(get_node_metrics{});
  REQUIRE(metrics);
  CHECK(
    metrics->unanswered_failures
    == std::vector<reason_count>{{"unknown_node", 8}, {"unknown_engine", 4}});
  caf::anon_send_exit(sender, caf::exit_reason::kill);
}
