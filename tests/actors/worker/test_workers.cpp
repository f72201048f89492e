// A node whose peers are served by several processes.

#include <algorithm>
#include <map>
#include <stdexcept>

#include <node_proxy/actors/typed_engine.hpp>
#include <node_proxy/messages/connection_permanence.hpp>
#include <node_proxy/protocol/wire/advert.hpp>

#include "actors/silent_engine.hpp"
#include "deployment.hpp"

using namespace test;

namespace {

using doubling_actor = actor_interface<std::uint64_t(std::uint64_t)>;

doubling_actor::behavior_type doubling() {
  return {[](std::uint64_t x) {
    return 2 * x;
  }};
}

using failing_actor = actor_interface<void(done)>;

failing_actor::behavior_type failing() {
  return {[](done) {
    throw std::runtime_error{"failed"};
  }};
}

/// A node with two workers, and a peer that knows of one of them.
struct two_workers : deployment {
  two_workers() { coordinator.add_engine("echo"); }

  std::unique_ptr<node_process> first = add_worker();
  std::unique_ptr<node_process> second = add_worker();

  bool is_connected(const test_node& peer) {
    auto status = coordinator.ask<node_status>(get_node_status{});
    REQUIRE(status);
    return std::ranges::any_of(status->peers, [&](const peer_status& x) {
      return x.node == peer.node.id() && x.state == peer_state::connected;
    });
  }
};

std::string text_of(const caf::expected<delivered>& x) {
  return x ? "delivered" : describe(x.error());
}

} // namespace

TEST_CASE_FIXTURE(two_workers, "the advert names all processes of a node") {
  auto advert = coordinator.ask<node_advert>(get_local_advert{});
  REQUIRE(advert);
  CHECK(advert->addrs.size() == 3);
  for (const auto* x : {&*first, &*second}) {
    auto address = x->node.addresses().front();
    CHECK(std::ranges::find(advert->addrs, address, &weighted_address::address)
          != advert->addrs.end());
  }
  CHECK(comes_true(
    [&] { return first->ask<node_advert>(get_local_advert{}) == advert; }));
  second->node.shutdown();
  CHECK(comes_true([&] {
    return coordinator.ask<node_advert>(get_local_advert{})->addrs.size() == 2;
  }));
}

TEST_CASE_FIXTURE(two_workers, "a worker serves who calls it") {
  auto peer = add_peer(*first);
  CHECK(
    text_of(peer->send(peer->message_to(self->id(), "echo", to_bytes("hi"))))
    == "delivered");
  CHECK(as_text(next_message(coordinator.self).msg) == "hi");
  CHECK(is_connected(*peer));
  SUBCASE("the coordinator answers by it") {
    peer->add_engine(
      "ear", peer->system.spawn(forward_engine,
                                caf::actor_cast<caf::actor>(peer->self)));
    CHECK(text_of(coordinator.send(peer->node.id(), "ear", "one"))
          == "delivered");
    CHECK(as_text(next_message(peer->self).msg) == "one");
    CHECK(text_of(first->send(peer->node.id(), "ear", "two")) == "delivered");
    CHECK(as_text(next_message(peer->self).msg) == "two");
    CHECK(text_of(second->send(peer->node.id(), "ear", "three"))
          == "delivered");
    CHECK(as_text(next_message(peer->self).msg) == "three");
    CHECK(text_of(second->send(peer->node.id(), "nobody", "four"))
          == "unknown_engine");
  }
  SUBCASE("what nobody has is unknown everywhere") {
    auto sent =
      peer->send(peer->message_to(self->id(), "nobody", to_bytes("hi")));
    CHECK(text_of(sent) == "unknown_engine");
  }
  SUBCASE("numbers are those of all processes") {
    auto numbers = coordinator.ask<node_metrics>(get_node_metrics{});
    REQUIRE(numbers);
    CHECK(numbers->connected_peers == 1);
    CHECK(numbers->proven_handshakes == 1);
    CHECK(numbers->peers.messages_taken == 1);
    CHECK(second->ask<node_metrics>(get_node_metrics{})->peers.messages_taken
          == 1);
  }
}

TEST_CASE_FIXTURE(two_workers, "an engine of a worker is one of the node") {
  second->add_engine("far");
  auto peer = add_peer(*first);
  CHECK(text_of(peer->send(peer->message_to(self->id(), "far", to_bytes("1"))))
        == "delivered");
  CHECK(as_text(next_message(second->self).msg) == "1");
  CHECK(text_of(coordinator.send(self->id(), "far", "2")) == "delivered");
  CHECK(as_text(next_message(second->self).msg) == "2");
  CHECK(text_of(first->send(self->id(), "far", "3")) == "delivered");
  CHECK(as_text(next_message(second->self).msg) == "3");
  REQUIRE(first->ask<engine_unregistered>(unregister_engine{"far"}));
  CHECK(comes_true([&] {
    return text_of(first->send(self->id(), "far", "4")) == "unknown_engine";
  }));
}

TEST_CASE_FIXTURE(two_workers, "a batch for engines of the node is answered") {
  node_out_batch batch;
  for (auto text : {"1", "2"})
    batch.msgs.push_back(first->message_to(self->id(), "echo", text));
  for (auto* process : {&coordinator, &*first}) {
    auto outcome = process->ask<batch_outcome>(batch);
    REQUIRE_MESSAGE(outcome, reason(outcome));
    CHECK(outcome->delivered == 2);
    CHECK(as_text(next_message(coordinator.self).msg) == "1");
    CHECK(as_text(next_message(coordinator.self).msg) == "2");
  }
}

TEST_CASE_FIXTURE(two_workers, "a batch for two nodes goes nowhere") {
  node_out_batch batch;
  for (const auto& to : {fresh_identity()->id(), fresh_identity()->id()})
    batch.msgs.push_back(first->message_to(to, "echo", "hi"));
  auto unanswered = [this] {
    std::uint64_t result = 0;
    auto numbers = coordinator.ask<node_metrics>(get_node_metrics{});
    REQUIRE(numbers);
    for (const auto& x : numbers->unanswered_failures)
      if (x.reason == to_string(errc::wrong_target))
        result += x.count;
    return result;
  };
  for (auto* process : {&coordinator, &*first}) {
    auto outcome = process->ask<batch_outcome>(batch);
    REQUIRE_FALSE(outcome);
    CHECK(code_of(outcome.error()) == errc::wrong_target);
    auto before = unanswered();
    process->self->send(process->node.router(), batch);
    CHECK(comes_true([&] { return unanswered() == before + 2; }));
  }
}

TEST_CASE_FIXTURE(two_workers,
                  "a typed engine is asked by way of any process") {
  auto peer = add_peer(*first);
  for (auto* home : {&coordinator, &*first, &*second}) {
    auto engine = home->system.spawn(doubling);
    home->engines.push_back(caf::actor_cast<caf::actor>(engine));
    auto served = home->node.serve("double", engine);
    REQUIRE_MESSAGE(served, reason(served));
    auto handle = peer->node.remote<doubling_actor>({self->id(), "double"});
    std::uint64_t answer = 0;
    peer->self->request(handle, patience, std::uint64_t{21})
      .receive([&](std::uint64_t x) { answer = x; },
               [](const caf::error& e) { FAIL_CHECK(describe(e)); });
    CHECK(answer == 42);
    REQUIRE(coordinator.ask<engine_unregistered>(unregister_engine{"double"}));
  }
}

TEST_CASE_FIXTURE(two_workers,
                  "no typed engine has taken what its handler has not") {
  auto peer = add_peer(*first);
  auto number = 0;
  for (auto* home : {&coordinator, &*first, &*second}) {
    auto name = std::to_string(number++);
    auto served = home->node.serve(name, home->system.spawn(failing));
    REQUIRE_MESSAGE(served, reason(served));
    CHECK(
      text_of(peer->send(peer->message_to(self->id(), name, {std::byte{0}})))
      == "engine_failed");
  }
}

TEST_CASE_FIXTURE(two_workers, "who calls another process is sent on") {
  auto peer = add_peer(*first);
  CHECK(text_of(peer->send(peer->message_to(self->id(), "echo", to_bytes("1"))))
        == "delivered");
  // A second process with the key of the peer, as after a restart that nobody
  // has noticed, knows the other worker first.
  auto config = local_config();
  config.self = fresh_identity();
  auto advert = advert_of(*second);
  advert.addrs.front().weight = 2;
  advert.addrs.push_back({first->node.addresses().front(), 1});
  REQUIRE(sign_advert(*self, advert));
  // The first worker serves the new peer once it has been called there.
  config.adverts = {advert_of(*first)};
  auto held = std::make_unique<test_node>(config);
  CHECK(text_of(held->send(held->message_to(self->id(), "echo", to_bytes("2"))))
        == "delivered");
  config.adverts = {advert};
  test_node again{config};
  CHECK(text_of(again.send(again.message_to(self->id(), "echo", to_bytes("3"))))
        == "delivered");
  auto numbers = coordinator.ask<node_metrics>(get_node_metrics{});
  REQUIRE(numbers);
  auto refused = std::ranges::find(numbers->failed_handshakes, "over_capacity",
                                   &reason_count::reason);
  REQUIRE(refused != numbers->failed_handshakes.end());
  CHECK(refused->count >= 1);
}

TEST_CASE_FIXTURE(two_workers, "a worker that leaves hands its peers over") {
  auto peer = add_peer(*first);
  peer->add_engine("ear",
                   peer->system.spawn(forward_engine,
                                      caf::actor_cast<caf::actor>(peer->self)));
  REQUIRE(
    peer->ask<node_connect_reply>(node_connect_request{self->id(), true}));
  REQUIRE(comes_true([&] { return is_connected(*peer); }));
  CHECK(text_of(coordinator.send(peer->node.id(), "ear", "before"))
        == "delivered");
  first->node.shutdown();
  CHECK(text_of(coordinator.send(peer->node.id(), "ear", "after"))
        == "delivered");
  CHECK(as_text(next_message(peer->self).msg) == "before");
  CHECK(as_text(next_message(peer->self).msg) == "after");
  CHECK(comes_true([&] { return is_connected(*peer); }));
}

TEST_CASE("workers that leave while a peer comes to rest lose nothing") {
  constexpr std::chrono::milliseconds idle{1};
  auto config = deployment::coordinator_config();
  config.settings.idle_timeout = idle;
  deployment node{config};
  auto worker_config = node.worker_config();
  worker_config.settings.idle_timeout = idle;
  auto peer_config = local_config();
  peer_config.settings.idle_timeout = idle;
  test_node peer{peer_config};
  peer.add_engine(
    "ear",
    peer.system.spawn(forward_engine, caf::actor_cast<caf::actor>(peer.self)));
  REQUIRE(node.coordinator.ask<node_advert_reply>(peer.node.advert()));
  auto sent = 0;
  for (auto round = 0; round < 10; ++round) {
    node_process worker{worker_config, node.coordinator.port};
    for (auto i = 0; i < 5; ++i)
      CHECK(text_of(node.coordinator.send(peer.node.id(), "ear",
                                          std::to_string(sent++)))
            == "delivered");
    // Whatever the answer is, there is one.
    static_cast<void>(node.coordinator.ask<node_proxy_found>(
      lookup_node_proxy{peer.node.id()}));
    worker.node.shutdown();
  }
  for (auto i = 0; i < sent; ++i)
    CHECK(as_text(next_message(peer.self).msg) == std::to_string(i));
}

TEST_CASE("a peer at rest can be made permanent by an old handle") {
  constexpr std::chrono::milliseconds idle{1};
  auto config = deployment::coordinator_config();
  config.settings.idle_timeout = idle;
  deployment node{config};
  auto worker_config = node.worker_config();
  worker_config.settings.idle_timeout = idle;
  node_process worker{worker_config, node.coordinator.port};
  auto peer_config = local_config();
  peer_config.settings.idle_timeout = idle;
  test_node peer{peer_config};
  peer.add_engine(
    "ear",
    peer.system.spawn(forward_engine, caf::actor_cast<caf::actor>(peer.self)));
  REQUIRE(node.coordinator.ask<node_advert_reply>(peer.node.advert()));
  // Whatever the worker does not serve it asks the coordinator for.
  std::optional<node_proxy_actor> handle;
  REQUIRE(comes_true([&] {
    REQUIRE(text_of(worker.send(peer.node.id(), "ear", "hi")) == "delivered");
    auto found =
      worker.ask<node_proxy_found>(lookup_node_proxy{peer.node.id()});
    REQUIRE(found);
    handle = found->proxy;
    return handle->node() == worker.system.node();
  }));
  auto status = [&] {
    auto x = node.coordinator.ask<node_status>(get_node_status{});
    REQUIRE(x);
    REQUIRE(x->peers.size() == 1);
    return x->peers.front();
  };
  auto at_rest = [&] {
    auto x = node.coordinator.ask<node_metrics>(get_node_metrics{});
    REQUIRE(x);
    return x->node_proxies == 0;
  };
  auto make = [&](connection_permanence what) {
    auto answered = false;
    worker.self->request(*handle, patience, what)
      .receive([&](done) { answered = true; },
               [](const caf::error& e) { FAIL_CHECK(describe(e)); });
    return answered;
  };
  // Only the coordinator knows who may come.
  connect_request request{1, 1, peer.node.id(), node.self->id(), 0, 0};
  worker.self->request(*handle, patience, request)
    .receive(
      [](const connect_reply& x) {
        CHECK(std::holds_alternative<connect_reply_ok>(x.result));
      },
      [](const caf::error& e) { FAIL_CHECK(describe(e)); });
  REQUIRE(comes_true(at_rest));
  CHECK(make(connection_permanence::permanent));
  CHECK(comes_true([&] {
    auto x = status();
    return x.permanent && x.state == peer_state::connected;
  }));
  CHECK(make(connection_permanence::ephemeral));
  CHECK(comes_true(at_rest));
  CHECK_FALSE(status().permanent);
  // Nobody is there to be told of what cannot be.
  node.coordinator.node.shutdown();
  worker.self->request(*handle, patience, connection_permanence::permanent)
    .receive([](done) { FAIL_CHECK("set by nobody"); },
             [](const caf::error&) {});
}

TEST_CASE_FIXTURE(two_workers, "a typed engine without a name is let go") {
  coordinator.add_engine("taken");
  using life = std::weak_ptr<int>;
  auto serve = [](node_process& home, const std::string& name) {
    auto owner = std::make_shared<int>(0);
    auto engine = home.system.spawn([owner]() -> doubling_actor::behavior_type {
      return {[owner](std::uint64_t x) {
        return 2 * x;
      }};
    });
    auto served = home.node.serve(name, engine);
    return std::pair<bool, life>{static_cast<bool>(served), owner};
  };
  for (auto* home : {&coordinator, &*first, &*second}) {
    auto refused = serve(*home, "taken");
    CHECK_FALSE(refused.first);
    CHECK(comes_true([&] { return refused.second.expired(); }));
    auto named = serve(*home, "double");
    CHECK(named.first);
    CHECK_FALSE(named.second.expired());
    REQUIRE(home->ask<engine_unregistered>(unregister_engine{"double"}));
    CHECK(comes_true([&] { return named.second.expired(); }));
  }
}

TEST_CASE_FIXTURE(two_workers, "messages keep their order, whoever serves") {
  auto peer = add_peer(*first);
  peer->add_engine("ear",
                   peer->system.spawn(forward_engine,
                                      caf::actor_cast<caf::actor>(peer->self)));
  REQUIRE(coordinator.ask<node_advert_reply>(peer->node.advert()));
  // Both begin when nobody serves the peer.
  constexpr std::size_t count = 500;
  for (std::size_t i = 0; i < count; ++i)
    for (auto* x : {&*first, &*second}) {
      node_out_msg msg;
      msg.expiry = rel_time{60};
      msg.msg.sender.name = x == &*first ? "first" : "second";
      msg.msg.target = {peer->node.id(), "ear"};
      msg.msg.mailbox = i;
      x->self->send(x->node.router(), msg);
    }
  std::map<std::string, std::size_t> next;
  for (std::size_t i = 0; i < 2 * count; ++i) {
    auto msg = next_message(peer->self);
    CHECK(msg.mailbox == next[msg.sender.name]++);
  }
}

TEST_CASE_FIXTURE(two_workers, "a peer that a worker serves is forgotten") {
  auto peer = add_peer(*first);
  auto id = peer->node.id();
  CHECK(
    text_of(peer->send(peer->message_to(self->id(), "echo", to_bytes("hi"))))
    == "delivered");
  CHECK(is_connected(*peer));
  auto answer = coordinator.ask<node_parting>(forget_node{id});
  REQUIRE(answer);
  CHECK(answer->result == parting_result::ok);
  CHECK(answer->record);
  peer->next_event<disconnected_event>();
  // Whoever asks meanwhile holds up the end.
  CHECK(comes_true([&] {
    return coordinator.ask<node_metrics>(get_node_metrics{})->node_proxies == 0;
  }));
  auto again = coordinator.ask<node_parting>(forget_node{id});
  REQUIRE(again);
  CHECK(again->result == parting_result::unknown);
  // It counts as new when it comes again.
  CHECK(
    text_of(peer->send(peer->message_to(self->id(), "echo", to_bytes("you"))))
    == "delivered");
}

TEST_CASE_FIXTURE(two_workers, "nobody forgets what a worker has yet to do") {
  auto engine = coordinator.system.spawn(
    silent_engine, caf::actor_cast<caf::actor>(coordinator.self));
  coordinator.engines.push_back(engine);
  REQUIRE(coordinator.ask<engine_registered>(register_engine{"slow", engine}));
  auto peer = add_peer(*first);
  peer->self->send(peer->node.router(),
                   peer->message_to(self->id(), "slow", to_bytes("hi")));
  coordinator.self->receive([](done) {});
  auto answer = coordinator.ask<node_parting>(forget_node{peer->node.id()});
  REQUIRE(answer);
  CHECK(answer->result == parting_result::under_way);
  CHECK(answer->untaken == 1);
  CHECK(is_connected(*peer));
  // Nor what it takes along.
  caf::anon_send(engine, done{});
  CHECK(comes_true([&] {
    auto again = coordinator.ask<node_parting>(forget_node{peer->node.id()});
    return again && again->result == parting_result::ok;
  }));
}

TEST_CASE_FIXTURE(two_workers, "a worker ends with its coordinator") {
  auto peer = add_peer(*first);
  CHECK(text_of(peer->send(peer->message_to(self->id(), "echo", to_bytes("1"))))
        == "delivered");
  auto router = first->node.router();
  first->self->monitor(router);
  coordinator.node.shutdown();
  first->self->receive(
    [&](const caf::down_msg& x) { CHECK(x.source == router.address()); });
  peer->next_event<disconnected_event>();
}

TEST_CASE("who may not join is told why") {
  auto why = [](const deployment& of, node_config config) {
    basic_system_fixture<remoting_config> other;
    auto joined = spawn_node(
      other.system, node_process::joining(other.system, std::move(config),
                                          of.coordinator.port));
    REQUIRE_FALSE(joined);
    return describe(joined.error());
  };
  deployment x{deployment::coordinator_config(1)};
  auto has = [](const std::string& text, std::string_view part) {
    CHECK_MESSAGE(text.find(part) != std::string::npos, text);
  };
  SUBCASE("the key of another node") {
    auto config = x.worker_config();
    config.self = fresh_identity();
    has(why(x, config), "key of another node");
  }
  SUBCASE("one too many") {
    auto worker = x.add_worker();
    has(why(x, x.worker_config()), "max_workers");
  }
  SUBCASE("a node without workers") {
    deployment alone{local_config()};
    has(why(alone, alone.worker_config()), "takes no workers");
  }
  SUBCASE("what is the coordinator's affair") {
    auto config = x.worker_config();
    config.state = "/nowhere";
    has(why(x, config), "node_config::state");
  }
}
