// What a node still knows when it starts again.

#include <node_proxy/actors/disk/node_store.hpp>
#include <node_proxy/messages/connection_permanence.hpp>
#include <node_proxy/protocol/wire/advert.hpp>

#include "node_fixture.hpp"
#include "support/reason.hpp"
#include "support/temporary_folder.hpp"

using namespace test;
using node_proxy::testing::temporary_folder;
using node_proxy::testing::write_text;

namespace {

node_advert advert_of(const identity& owner, std::uint64_t version) {
  node_advert result;
  result.version = version;
  REQUIRE(sign_advert(owner, result));
  return result;
}

struct fixture {
  fixture() {
    config.state = folder / "state";
    config.settings.backoff_cap = std::chrono::milliseconds{200};
  }

  /// What is on disk while no node runs.
  stored_state stored() {
    auto store = node_store::open(config.state, config.self->id());
    REQUIRE_MESSAGE(store, reason(store));
    auto result = store->load();
    REQUIRE_MESSAGE(result, reason(result));
    return std::move(*result);
  }

  temporary_folder folder;
  node_config config = local_config();
};

/// Whether a node takes an advert for newer than the one it knows.
bool accepts(test_node& node, const node_advert& advert) {
  auto reply = node.ask<node_advert_reply>(advert);
  REQUIRE(reply);
  if (std::holds_alternative<node_advert_accepted>(reply->result))
    return true;
  CHECK(*reply == node_advert_reply{node_advert_refusal::stale});
  return false;
}

void set_permanence(test_node& node, const node_id& peer,
                    connection_permanence permanence) {
  auto found = node.ask<node_proxy_found>(lookup_node_proxy{peer});
  REQUIRE(found);
  node.self->request(found->proxy, patience, permanence)
    .receive([](done) {}, [](const caf::error& e) { FAIL(describe(e)); });
}

} // namespace

TEST_CASE_FIXTURE(fixture, "older adverts do not overwrite newer ones across "
                           "a restart") {
  auto bob = fresh_identity();
  {
    test_node a{config};
    CHECK(accepts(a, advert_of(*bob, 7)));
  }
  SUBCASE("by a message") {}
  SUBCASE("by a file") {
    config.adverts = {advert_of(*bob, 6)};
  }
  {
    test_node a{config};
    CHECK_FALSE(accepts(a, advert_of(*bob, 6)));
    CHECK_FALSE(accepts(a, advert_of(*bob, 7)));
    CHECK(accepts(a, advert_of(*bob, 8)));
  }
  auto state = stored();
  REQUIRE(state.nodes.size() == 1);
  CHECK(state.nodes[0].advert == advert_of(*bob, 8));
}

TEST_CASE_FIXTURE(fixture, "each start has a newer advert than the last") {
  std::uint64_t last = 0;
  for (int i = 0; i < 5; ++i) {
    test_node a{config};
    CHECK(a.node.advert().version > last);
    last = a.node.advert().version;
  }
  CHECK(stored().own_version == last);
}

TEST_CASE_FIXTURE(fixture, "permanent peers are dialled again") {
  test_node b{local_config()};
  auto id = b.node.id();
  SUBCASE("by a request") {
    config.adverts = {b.node.advert()};
    test_node a{config};
    REQUIRE(a.ask<node_connect_reply>(node_connect_request{id, true}));
    CHECK(a.next_event<connected_event>().node == id);
  }
  SUBCASE("by a Node Proxy") {
    config.adverts = {b.node.advert()};
    test_node a{config};
    set_permanence(a, id, connection_permanence::permanent);
    CHECK(a.next_event<connected_event>().node == id);
  }
  config.adverts.clear();
  CHECK(stored().permanent_peers == std::vector{id});
  {
    test_node a{config};
    CHECK(a.next_event<connected_event>().node == id);
    set_permanence(a, id, connection_permanence::ephemeral);
  }
  CHECK(stored().permanent_peers.empty());
}

namespace {

/// A node whose own advert does not say where it listens.
struct hidden_node {
  hidden_node() : node(config()) {}

  node_config config() {
    node_config result;
    result.self = self;
    result.listen = {tcp_addr{ipv4{}, 0}};
    return result;
  }

  /// What an operator would write, older than the node's own advert.
  node_advert file() const {
    auto address = std::get<tcp_addr>(any_port());
    address.port = std::get<tcp_addr>(node.node.addresses()[0]).port;
    node_advert result;
    result.addrs = {{address, 1}};
    result.version = 1;
    REQUIRE(sign_advert(*self, result));
    return result;
  }

  std::shared_ptr<const identity> self = fresh_identity();
  test_node node;
};

void check_contact(test_node& from, const hidden_node& to) {
  auto reply = from.ask<node_connect_reply>(
    node_connect_request{to.node.node.id(), false});
  REQUIRE(reply);
  CHECK(from.next_event<connected_event>().node == to.node.node.id());
}

} // namespace

TEST_CASE_FIXTURE(fixture, "where a node was met survives a restart") {
  hidden_node b;
  REQUIRE(b.node.node.advert().addrs.empty());
  {
    auto introduced = config;
    introduced.adverts = {b.file()};
    test_node a{introduced};
    check_contact(a, b);
    CHECK(a.next_event<advert_event>().version == b.node.node.advert().version);
  }
  REQUIRE(stored().nodes.size() == 1);
  CHECK(stored().nodes[0].advert == b.node.node.advert());
  test_node a{config};
  check_contact(a, b);
}

TEST_CASE_FIXTURE(fixture, "an older advert of an operator's says where a node "
                           "is") {
  hidden_node b;
  {
    test_node a{config};
    CHECK(accepts(a, b.node.node.advert()));
  }
  SUBCASE("by a file") {
    config.adverts = {b.file()};
    test_node a{config};
    check_contact(a, b);
  }
  SUBCASE("by a message") {
    test_node a{config};
    CHECK_FALSE(accepts(a, b.file()));
    check_contact(a, b);
  }
}

TEST_CASE_FIXTURE(fixture, "adverts that nobody holds are bounded on disk") {
  config.adverts_kept.unheld = 5;
  auto friends = fresh_identity();
  config.admission.allow(friends->id());
  config.admission.allow(config.self->id());
  std::vector<std::uint64_t> kept{100};
  {
    test_node a{config};
    CHECK(accepts(a, advert_of(*friends, 100)));
    for (std::uint64_t i = 1; i <= 20; ++i)
      CHECK(accepts(a, advert_of(*fresh_identity(), i)));
    auto metrics = a.ask<node_metrics>(get_node_metrics{});
    REQUIRE(metrics);
    CHECK(metrics->known_adverts == 6);
  }
  auto versions = [this] {
    std::vector<std::uint64_t> result;
    for (const auto& x : stored().nodes)
      result.push_back(x.advert.version);
    std::ranges::sort(result);
    return result;
  };
  CHECK(versions() == std::vector<std::uint64_t>{16, 17, 18, 19, 20, 100});
  // A smaller bound counts from the start.
  config.adverts_kept.unheld = 2;
  test_node{config}.node.shutdown();
  CHECK(versions().size() == 3);
}

TEST_CASE_FIXTURE(fixture, "a state that cannot be used is named") {
  auto error_of_spawning = [this](caf::actor_system& system) {
    auto result = spawn_node(system, config);
    REQUIRE_FALSE(result);
    CHECK(context_of(result.error()).find(config.state) != std::string::npos);
    return code_of(result.error());
  };
  SUBCASE("in use") {
    test_node a{config};
    CHECK(error_of_spawning(a.system) == errc::state_in_use);
  }
  SUBCASE("no directory") {
    write_text(config.state, "");
    node_system_config system_config;
    caf::actor_system system{system_config};
    CHECK(error_of_spawning(system) == errc::bad_state);
  }
}
