// What the operator of a node of several processes is told.

#include <algorithm>
#include <string_view>

#include <node_proxy/actors/router/process_limits.hpp>
#include <node_proxy/actors/typed_engine.hpp>

#include "actors/silent_engine.hpp"
#include "deployment.hpp"

using namespace test;

namespace {

using typed_actor = actor_interface<std::uint64_t(std::uint64_t)>;

typed_actor::behavior_type typed_engine() {
  return {[](std::uint64_t x) {
    return x;
  }};
}

limit_status limit_of(const node_status& x, std::string_view name) {
  auto found = std::ranges::find(x.limits, name, &limit_status::name);
  REQUIRE(found != x.limits.end());
  return *found;
}

/// What waits when it ends is not waited for.
node_config hasty(node_config config) {
  config.shutdown_grace = duration{0};
  return config;
}

struct observed_node : deployment {
  observed_node() : deployment(hasty(coordinator_config())) {}

  [[nodiscard]] node_config worker_config() const {
    return hasty(deployment::worker_config());
  }

  [[nodiscard]] std::unique_ptr<test_node>
  add_peer(const node_process& known) const {
    auto config = hasty(local_config());
    config.adverts = {advert_of(known)};
    return std::make_unique<test_node>(std::move(config));
  }

  node_status status() {
    auto result = coordinator.ask<node_status>(get_node_status{});
    REQUIRE_MESSAGE(result, reason(result));
    return *result;
  }

  /// Waits until things stand as they are to.
  template <class F>
  node_status await(F condition) {
    node_status result;
    REQUIRE(comes_true([&] {
      result = status();
      return condition(result);
    }));
    return result;
  }

  std::uint64_t untaken(std::string_view engine) {
    auto all = status().engines;
    auto x = std::ranges::find(all, engine, &engine_status::name);
    REQUIRE(x != all.end());
    return x->untaken;
  }

  /// An engine of the coordinator that takes nothing.
  void add_silent_engine() {
    auto nobody = coordinator.system.spawn([]() -> caf::behavior {
      return {[](done) {
      }};
    });
    auto engine = coordinator.system.spawn(silent_engine, std::move(nobody));
    coordinator.engines.push_back(engine);
    REQUIRE(
      coordinator.ask<engine_registered>(register_engine{"silent", engine}));
  }
};

} // namespace

TEST_CASE_FIXTURE(observed_node, "the status of a node tells of its workers") {
  CHECK(status().workers.empty());
  coordinator.add_engine("echo");
  auto first = add_worker();
  auto second = add_worker();
  auto peer = add_peer(*second);
  REQUIRE(peer->send(peer->message_to(self->id(), "echo", to_bytes("hello"))));
  auto workers = status().workers;
  REQUIRE(workers.size() == 2);
  CHECK(workers[0].number < workers[1].number);
  CHECK(workers[0].addresses == first->node.addresses());
  CHECK(workers[1].addresses == second->node.addresses());
  CHECK(workers[0].peers == 0);
  CHECK(workers[1].peers == 1);
  CHECK(workers[0].age_ms >= workers[1].age_ms);
  for (const auto& x : workers) {
    CHECK(x.state == worker_stage::serving);
    CHECK_FALSE(x.silent_ms);
  }
  first->node.shutdown();
  CHECK(status().workers.size() == 1);
  auto numbers = coordinator.ask<node_metrics>(get_node_metrics{});
  REQUIRE(numbers);
  CHECK(numbers->lost_workers == 0);
}

TEST_CASE_FIXTURE(observed_node, "what engines have not taken counts, by "
                                 "whatever process it came") {
  add_silent_engine();
  node_process worker{worker_config(), coordinator.port};
  auto typed = worker.system.spawn(typed_engine);
  worker.engines.push_back(caf::actor_cast<caf::actor>(typed));
  REQUIRE(worker.node.serve("typed", typed));
  auto peer = add_peer(worker);
  for (auto i = 0; i < 3; ++i)
    caf::anon_send(peer->node.router(),
                   peer->message_to(self->id(), "silent", {}));
  caf::anon_send(worker.node.router(),
                 node_process::message_to(self->id(), "silent", "hi"));
  CHECK(comes_true([&] { return untaken("silent") == 4; }));
  caf::anon_send(coordinator.node.router(),
                 node_process::message_to(self->id(), "silent", "hi"));
  CHECK(comes_true([&] { return untaken("silent") == 5; }));
  for (const auto& x : status().engines)
    CHECK(x.typed == (x.name == "typed"));
}

TEST_CASE_FIXTURE(observed_node,
                  "a limit is that of the process that has the least left") {
  auto config = worker_config();
  config.settings.outbox_bytes = 1u << 20;
  node_process worker{config, coordinator.port};
  auto before = limit_of(status(), "outbox_bytes");
  CHECK_FALSE(before.worker);
  CHECK(before.max == peer_settings{}.outbox_bytes);
  // Its peer is not there.
  auto peer = std::make_unique<test_node>(local_config());
  auto advert = peer->node.advert();
  peer.reset();
  REQUIRE(coordinator.ask<node_advert_reply>(advert));
  caf::anon_send(
    coordinator.node.router(),
    node_process::message_to(advert.id, "ear", std::string(100'000, 'x')));
  auto after = await([](const node_status& x) {
    return limit_of(x, "outbox_bytes").used >= 100'000;
  });
  auto fullest = limit_of(after, "outbox_bytes");
  REQUIRE(after.workers.size() == 1);
  CHECK(fullest.worker == after.workers[0].number);
  CHECK(fullest.max == config.settings.outbox_bytes);
  CHECK_FALSE(limit_of(after, "peers").worker);
}

TEST_CASE("what is limited counts where the least is left") {
  std::vector<limit_status> all{{"receive_bytes", 50, 100}};
  add_limit(all, {"receive_bytes", 60, 200}, 1);
  add_limit(all, {"others", 9, 10}, 1);
  CHECK(all == std::vector<limit_status>{{"receive_bytes", 50, 100}});
  add_limit(all, {"receive_bytes", 11, 20}, 2);
  CHECK(all == std::vector<limit_status>{{"receive_bytes", 11, 20, 2}});
  // What has none is full only if something is used of it.
  add_limit(all, {"receive_bytes", 0, 0}, 3);
  CHECK(all[0].worker == 2u);
}

TEST_CASE_FIXTURE(observed_node, "a limit that a worker meets is an event") {
  REQUIRE(coordinator.ask<done>(
    subscribe_observer{caf::actor_cast<caf::actor>(coordinator.self)}));
  add_silent_engine();
  auto config = worker_config();
  config.settings.max_message = 1u << 10;
  config.settings.stranger_window = 1;
  node_process worker{config, coordinator.port};
  auto peer = add_peer(worker);
  node_out_batch batch;
  for (auto i = 0; i < 200; ++i)
    batch.msgs.push_back(peer->message_to(self->id(), "silent", {}));
  caf::anon_send(peer->node.router(), batch);
  auto event = next_said<limit_event, node_event>(coordinator);
  CHECK(event.limit == "stranger_bytes");
  CHECK(event.worker == status().workers.at(0).number);
}
