// How things stand with a node, for whoever asks the Router.

#include <algorithm>
#include <atomic>
#include <set>
#include <utility>

#include <node_proxy/actors/caf/sending.hpp>
#include <node_proxy/protocol/wire/advert.hpp>

#include "actors/node_fixture.hpp"

using namespace test;
using namespace std::chrono_literals;

namespace {

node_status status_of(test_node& node) {
  auto result = node.ask<node_status>(get_node_status{});
  REQUIRE_MESSAGE(result, reason(result));
  return *result;
}

/// Waits until things stand as they are to.
template <class F>
node_status await(test_node& node, F condition) {
  node_status result;
  REQUIRE(comes_true([&] {
    result = status_of(node);
    return condition(result);
  }));
  return result;
}

node_config knowing(const node_advert& advert) {
  auto result = local_config();
  result.adverts = {advert};
  return result;
}

/// Two nodes, of which the first knows the second.
struct two_nodes {
  void connect() {
    REQUIRE(a.ask<node_connect_reply>(node_connect_request{b.node.id(), true}));
    static_cast<void>(a.next_event<connected_event>());
  }

  test_node b{local_config()};
  test_node a{knowing(b.node.advert())};
};

const limit_status* find_limit(const node_status& x, std::string_view name) {
  for (const auto& y : x.limits)
    if (y.name == name)
      return &y;
  return nullptr;
}

/// An engine that takes nothing before it is told to.
caf::behavior stubborn_engine(caf::event_based_actor* self) {
  set_fallback(self, caf::skip);
  return {[self](caf::ok_atom) {
    self->become([](const engine_msg&) {});
  }};
}

} // namespace

TEST_CASE_FIXTURE(two_nodes, "a peer is told of before and after it comes") {
  auto before = status_of(a);
  CHECK(before.node == a.node.id());
  CHECK(before.addresses == a.node.addresses());
  CHECK(before.known_adverts == 1);
  REQUIRE(before.peers.size() == 1);
  CHECK(before.peers[0].node == b.node.id());
  CHECK(before.peers[0].state == peer_state::idle);
  connect();
  auto after = status_of(a);
  REQUIRE(after.peers.size() == 1);
  CHECK(after.peers[0].state == peer_state::connected);
  CHECK(after.peers[0].permanent);
  CHECK(after.age_ms >= before.age_ms);
  // B was told of nobody, but A is there.
  static_cast<void>(b.next_event<connected_event>());
  auto there = status_of(b);
  REQUIRE(there.peers.size() == 1);
  CHECK(there.peers[0].state == peer_state::connected);
  CHECK(there.peers[0].node == a.node.id());
  REQUIRE(find_limit(there, "peers"));
  CHECK(find_limit(there, "peers")->used == 1);
  CHECK(find_limit(there, "peers")->max == node_config{}.max_peers);
  // A is one, and has not left.
  CHECK(find_limit(there, "guests")->used == 0);
  CHECK(find_limit(there, "guests")->max == node_config{}.max_peers);
  CHECK(find_limit(there, "receive_bytes")->used == 0);
  CHECK(find_limit(there, "stranger_bytes")->used == 0);
}

TEST_CASE("a node that policy forbids is refused") {
  test_node b{local_config()};
  auto config = knowing(b.node.advert());
  config.admission.deny(b.node.id());
  test_node a{std::move(config)};
  auto x = status_of(a);
  REQUIRE(x.peers.size() == 1);
  CHECK(x.peers[0].state == peer_state::refused);
  CHECK(x.peers[0].refusal == connect_reply_error::denied);
  CHECK(x.peers[0].refused_by == refusing_side::here);
}

TEST_CASE_FIXTURE(two_nodes, "engines are told of with what they hold") {
  auto slow = b.system.spawn(stubborn_engine);
  b.add_engine("slow", slow);
  CHECK(b.next_event<engine_registered_event>().engine == "slow");
  for (int i = 0; i < 3; ++i)
    caf::anon_send(a.node.router(), a.message_to(b.node.id(), "slow", {}));
  auto untaken = [](std::uint64_t count) {
    return [count](const node_status& x) {
      return x.engines.size() == 1 && x.engines[0].untaken == count
             && x.peers.size() == 1 && x.peers[0].untaken == count;
    };
  };
  auto there = await(b, untaken(3));
  CHECK(there.engines[0].name == "slow");
  CHECK_FALSE(there.engines[0].typed);
  REQUIRE(there.peers[0].untaken_by.size() == 1);
  CHECK(there.peers[0].untaken_by[0].engine == "slow");
  CHECK(there.peers[0].untaken_by[0].waiting.messages == 3);
  auto here = status_of(a);
  CHECK(here.peers[0].waiting.messages == 3);
  REQUIRE(here.peers[0].waiting_for.size() == 1);
  CHECK(here.peers[0].waiting_for[0].engine == "slow");
  CHECK(find_limit(here, "outbox_bytes")->used == here.peers[0].waiting.bytes);
  SUBCASE("it takes them") {
    caf::anon_send(slow, caf::ok_atom_v);
    await(b, untaken(0));
    CHECK(await(a,
                [](const node_status& x) {
                  return x.peers[0].traffic.delivered == 3;
                })
            .peers[0]
            .waiting.messages
          == 0);
  }
  SUBCASE("it ends") {
    caf::anon_send_exit(slow, caf::exit_reason::kill);
    auto gone = b.next_event<engine_gone_event>();
    CHECK(gone.engine == "slow");
    CHECK(gone.reason == engine_departure::failed);
    CHECK(status_of(b).engines.empty());
  }
  SUBCASE("it loses its name") {
    REQUIRE(b.ask<engine_unregistered>(unregister_engine{"slow"}));
    CHECK(b.next_event<engine_gone_event>().reason
          == engine_departure::unregistered);
    CHECK(status_of(b).engines.empty());
    // It ends later, which is nobody's business any more.
    caf::anon_send_exit(slow, caf::exit_reason::user_shutdown);
    b.add_engine("slow", b.system.spawn(stubborn_engine));
    CHECK(b.next_event<engine_registered_event>().engine == "slow");
  }
}

TEST_CASE("why nobody is reached is told, with where that was") {
  auto config = local_config();
  {
    test_node gone{local_config()};
    config.adverts = {gone.node.advert()};
  }
  auto address = config.adverts[0].addrs.at(0).address;
  auto id = config.adverts[0].id;
  test_node a{std::move(config)};
  REQUIRE(a.ask<node_connect_reply>(node_connect_request{id, true}));
  for (int round = 0; round < 2; ++round) {
    auto event = a.next_event<connect_failed_event>();
    CHECK(event.node == id);
    CHECK(event.reason == "connection_refused");
    CHECK(event.address == address);
  }
  auto x = status_of(a);
  REQUIRE(x.peers.size() == 1);
  REQUIRE(x.peers[0].failure);
  CHECK(x.peers[0].failure->reason == "connection_refused");
}

TEST_CASE("peers are told of once each, in the order of their ids") {
  constexpr std::size_t count = 60;
  auto config = local_config();
  std::set<node_id> ids;
  while (ids.size() < count) {
    auto other = fresh_identity();
    node_advert advert;
    advert.version = 1;
    REQUIRE(sign_advert(*other, advert));
    config.adverts.push_back(std::move(advert));
    ids.insert(other->id());
  }
  test_node a{std::move(config)};
  // Some of them have a Node Proxy.
  auto has_proxy = false;
  for (const auto& id : ids)
    if (std::exchange(has_proxy, !has_proxy))
      static_cast<void>(
        a.ask<node_connect_reply>(node_connect_request{id, true}));
  auto status = status_of(a);
  CHECK(std::ranges::equal(status.peers, ids, {}, &peer_status::node));
}

TEST_CASE_FIXTURE(two_nodes, "all who ask at once are told") {
  connect();
  constexpr int count = 50;
  auto answers = std::make_shared<std::atomic<int>>(0);
  auto asker = [&, answers](caf::event_based_actor* self) -> caf::behavior {
    for (int i = 0; i < count; ++i)
      self->request(a.node.router(), patience, get_node_status{})
        .then([=](const node_status& x) { *answers += x.peers.size() == 1; });
    return {[](caf::ok_atom) {
    }};
  };
  auto actor = a.system.spawn(asker);
  CHECK(comes_true([&] { return *answers == count; }));
  caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
}
