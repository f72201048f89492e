// What operators can have a node do about its peers, and who gets its events.

#include <algorithm>
#include <optional>

#include <node_proxy/actors/caf/sending.hpp>

#include "actors/node_fixture.hpp"
#include "actors/proxy/nuisance_engines.hpp"

using namespace test;
using namespace std::chrono_literals;

namespace {

node_config knowing(const node_advert& advert) {
  auto result = local_config();
  result.adverts = {advert};
  return result;
}

/// Two nodes, of which the first knows the second.
struct two_nodes {
  test_node b{local_config()};
  test_node a{knowing(b.node.advert())};

  void connect(bool permanent = false) {
    REQUIRE(
      a.ask<node_connect_reply>(node_connect_request{b.node.id(), permanent}));
    static_cast<void>(a.next_event<connected_event>());
  }

  template <class Question>
  node_parting part() {
    auto result = a.ask<node_parting>(Question{b.node.id()});
    REQUIRE_MESSAGE(result, reason(result));
    return *result;
  }

  std::vector<node_id> connected() {
    auto result = a.ask<connected_nodes>(get_connected_nodes{});
    REQUIRE(result);
    return result->nodes;
  }

  /// Waits until A knows nothing of B any more.
  void await_forgotten() {
    REQUIRE(comes_true(
      [&] { return !a.ask<node_advert>(get_node_advert{b.node.id()}); }));
  }
};

/// Counts events, and hands those to `to` that are no others.
caf::behavior counting_observer(caf::event_based_actor* self,
                                const caf::actor& to) {
  return {[self, to](const node_event& event) {
    self->send(to, event);
  }};
}

/// An observer that handles nothing before it is told to.
caf::behavior stuck_observer(caf::event_based_actor* self,
                             const caf::actor& to) {
  set_fallback(self, caf::skip);
  return {[self, to](caf::ok_atom) {
    self->become(counting_observer(self, to));
  }};
}

} // namespace

TEST_CASE_FIXTURE(two_nodes, "a peer is disconnected until it is wanted") {
  connect();
  CHECK(connected() == std::vector{b.node.id()});
  CHECK(part<disconnect_node>() == node_parting{});
  CHECK(a.next_event<disconnected_event>().reason == "idle");
  CHECK(b.next_event<disconnected_event>().reason == "idle");
  CHECK(connected().empty());
  // Once more is as good.
  CHECK(part<disconnect_node>().result == parting_result::ok);
  connect();
  CHECK(connected() == std::vector{b.node.id()});
}

TEST_CASE_FIXTURE(two_nodes, "what is not to be disconnected is not") {
  auto stranger = a.ask<node_parting>(disconnect_node{fresh_identity()->id()});
  REQUIRE(stranger);
  CHECK(stranger->result == parting_result::unknown);
  auto self = a.ask<node_parting>(forget_node{a.node.id()});
  REQUIRE(self);
  CHECK(self->result == parting_result::unknown);
  connect(true);
  CHECK(part<disconnect_node>().result == parting_result::permanent);
  CHECK(connected() == std::vector{b.node.id()});
}

TEST_CASE_FIXTURE(two_nodes,
                  "a permanent peer that is connected is forgotten") {
  connect(true);
  auto x = part<forget_node>();
  CHECK(x == node_parting{parting_result::ok, 0, 0, true, true, true});
  CHECK(a.next_event<disconnected_event>().node == b.node.id());
  await_forgotten();
  CHECK(part<forget_node>().result == parting_result::unknown);
  auto reply =
    a.ask<node_connect_reply>(node_connect_request{b.node.id(), false});
  REQUIRE(reply);
  CHECK(reply->result == node_connect_result::unknown);
}

TEST_CASE_FIXTURE(two_nodes, "a peer that was never there is forgotten") {
  CHECK(part<forget_node>()
        == node_parting{parting_result::ok, 0, 0, true, false, false});
  CHECK_FALSE(a.ask<node_advert>(get_node_advert{b.node.id()}));
}

TEST_CASE_FIXTURE(two_nodes, "messages keep a peer from being forgotten") {
  auto slow = b.system.spawn([](caf::event_based_actor* self) -> caf::behavior {
    set_fallback(self, caf::skip);
    return {[self](caf::ok_atom) {
      self->become([](const engine_msg&) {});
    }};
  });
  b.add_engine("slow", slow);
  caf::anon_send(a.node.router(), a.message_to(b.node.id(), "slow", {}));
  static_cast<void>(a.next_event<connected_event>());
  auto x = part<forget_node>();
  CHECK(x == node_parting{parting_result::under_way, 1, 0});
  CHECK(connected() == std::vector{b.node.id()});
  // It comes back by itself.
  CHECK(part<disconnect_node>().waiting == 1);
  static_cast<void>(a.next_event<disconnected_event>());
  static_cast<void>(a.next_event<connected_event>());
  caf::anon_send(slow, caf::ok_atom_v);
}

TEST_CASE_FIXTURE(two_nodes, "adverts are looked up") {
  auto known = a.ask<node_advert>(get_node_advert{b.node.id()});
  REQUIRE(known);
  CHECK(*known == b.node.advert());
  auto own = a.ask<node_advert>(get_node_advert{a.node.id()});
  REQUIRE(own);
  CHECK(*own == a.node.advert());
  auto nobody = a.ask<node_advert>(get_node_advert{fresh_identity()->id()});
  REQUIRE_FALSE(nobody);
  CHECK(code_of(nobody.error()) == errc::unknown_node);
}

TEST_CASE_FIXTURE(two_nodes, "whoever subscribes gets events until it ends") {
  auto me = caf::actor_cast<caf::actor>(b.self);
  auto first = a.system.spawn(counting_observer, me);
  auto second = a.system.spawn(counting_observer, me);
  for (const auto& x : {first, first, second})
    REQUIRE(a.ask<done>(subscribe_observer{x}));
  connect();
  // B's own, and what the two have got, in any order.
  std::vector<node_id> told;
  for (int i = 0; i < 3; ++i)
    told.push_back(b.next_event<connected_event>().node);
  CHECK(std::ranges::count(told, a.node.id()) == 1);
  CHECK(std::ranges::count(told, b.node.id()) == 2);
  REQUIRE(a.ask<done>(unsubscribe_observer{first}));
  caf::anon_send_exit(second, caf::exit_reason::kill);
  part<disconnect_node>();
  // The one of the configuration still does.
  CHECK(a.next_event<disconnected_event>().node == b.node.id());
  CHECK(b.next_event<disconnected_event>().node == a.node.id());
}

TEST_CASE_FIXTURE(two_nodes, "there are not more observers than so many") {
  std::vector<caf::actor> all;
  auto me = caf::actor_cast<caf::actor>(b.self);
  // One is that of the configuration.
  for (std::size_t i = 1; i < max_observers; ++i) {
    all.push_back(a.system.spawn(counting_observer, me));
    REQUIRE(a.ask<done>(subscribe_observer{all.back()}));
  }
  auto one_more = a.system.spawn(counting_observer, me);
  auto refused = a.ask<done>(subscribe_observer{one_more});
  REQUIRE_FALSE(refused);
  CHECK(code_of(refused.error()) == errc::out_of_resources);
  REQUIRE(a.ask<done>(unsubscribe_observer{all.back()}));
  CHECK(a.ask<done>(subscribe_observer{one_more}));
}

TEST_CASE_FIXTURE(two_nodes, "a slow observer misses events and is told so") {
  auto me = caf::actor_cast<caf::actor>(b.self);
  auto slow = a.system.spawn(stuck_observer, me);
  REQUIRE(a.ask<done>(subscribe_observer{slow}));
  constexpr std::uint64_t more = 10;
  // Each engine is an event when it comes and one when it goes.
  for (std::uint64_t i = 0; i < (max_unhandled_events + more) / 2; ++i) {
    auto engine = a.system.spawn([](caf::event_based_actor*) -> caf::behavior {
      return {[](const engine_msg&) {
      }};
    });
    a.add_engine("x", engine);
    REQUIRE(a.ask<engine_unregistered>(unregister_engine{"x"}));
    static_cast<void>(a.next_event<engine_gone_event>());
  }
  caf::anon_send(slow, caf::ok_atom_v);
  CHECK(b.next_event<missed_event>().events == more);
}

TEST_CASE("a limit that begins to be met is told of") {
  auto config = local_config();
  config.max_peers = 1;
  test_node b{std::move(config)};
  test_node a{knowing(b.node.advert())};
  REQUIRE(a.ask<node_connect_reply>(node_connect_request{b.node.id(), true}));
  CHECK(b.next_event<limit_event>() == limit_event{"peers", 1});
}

TEST_CASE("memory that is less than messages need is told of") {
  auto sender = local_config();
  auto config = local_config();
  // Room for one of the two messages that nobody takes.
  config.settings.node_window = 1u << 20;
  config.settings.stranger_window = 0;
  config.admission.allow(sender.self->id());
  test_node b{std::move(config)};
  for (const auto* name : {"one", "two"})
    b.add_engine(name, b.system.spawn(stuck_engine));
  sender.adverts = {b.node.advert()};
  test_node a{std::move(sender)};
  for (const auto* name : {"one", "two"})
    caf::anon_send(a.node.router(),
                   a.message_to(b.node.id(), name, bytes(700'000)));
  std::optional<limit_event> told;
  REQUIRE(comes_true([&] {
    REQUIRE(b.ask<node_status>(get_node_status{}));
    b.self->receive(
      [&](const node_event& x) {
        if (auto event = std::get_if<limit_event>(&x.what))
          told = *event;
      },
      caf::after(0s) >> [] {});
    return told.has_value();
  }));
  CHECK(told->limit == "receive_bytes");
  auto status = b.ask<node_status>(get_node_status{});
  REQUIRE(status);
  auto used =
    std::ranges::find(status->limits, "receive_bytes", &limit_status::name);
  CHECK(used->used < used->max);
}

TEST_CASE_FIXTURE(two_nodes, "a Node Proxy that fails is told of") {
  connect();
  auto found = a.ask<node_proxy_found>(lookup_node_proxy{b.node.id()});
  REQUIRE(found);
  caf::anon_send_exit(found->proxy, caf::exit_reason::kill);
  CHECK(a.next_event<disconnected_event>().reason == "node_proxy_ended");
  CHECK(a.next_event<node_proxy_ended_event>().node == b.node.id());
}
