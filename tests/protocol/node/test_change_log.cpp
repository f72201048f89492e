#include <node_proxy/protocol/node/change_log.hpp>

#include <algorithm>
#include <set>

#include <doctest/doctest.h>

using namespace node_proxy;
using namespace node_proxy::internal;
using namespace std::chrono_literals;

namespace {

node_id id_of(unsigned number) {
  node_id result;
  result.data[0] = std::byte(number & 0xff);
  result.data[1] = std::byte(number >> 8);
  return result;
}

known_node node_of(unsigned number, std::uint64_t version = 1) {
  node_advert advert;
  advert.id = id_of(number);
  advert.version = version;
  return {advert};
}

struct fixture {
  change_log uut{stored_state{}};
  steady_time now = 1'000s;

  /// So many strangers have new adverts.
  void add(unsigned count, std::uint64_t version = 1) {
    for (unsigned i = 0; i < count; ++i)
      uut.handle_node(id_of(i), node_of(i, version), true);
  }

  std::size_t written(bool all = false) {
    auto changes = uut.poll(now, all);
    return changes ? changes->nodes.size() + changes->connected.size() : 0;
  }
};

constexpr auto most = static_cast<unsigned>(change_log::max);

} // namespace

TEST_CASE_FIXTURE(fixture, "what few strangers change is written at once") {
  CHECK_FALSE(uut.poll(now, false));
  add(2);
  uut.handle_connected(id_of(1), true, true);
  CHECK(written() == 3);
}

TEST_CASE_FIXTURE(fixture, "what many change is gathered") {
  add(most + 100);
  CHECK(written() == most);
  // However often they change, it is once.
  for (std::uint64_t version = 2; version < 10; ++version)
    add(most + 100, version);
  CHECK(written() == 0);
  // Each write is of many.
  now += change_log::interval / 2;
  CHECK(written() == 0);
  now += change_log::interval / 2;
  CHECK(written() == change_log::rate * 5);
  CHECK(written() == 0);
  CHECK(written(true) == most + 100 - change_log::rate * 5);
}

TEST_CASE_FIXTURE(fixture, "nobody else waits for that") {
  add(most + 100);
  CHECK(written() == most);
  uut.handle_node(id_of(2'000), node_of(2'000), false);
  uut.handle_connected(id_of(2'000), true, false);
  CHECK(written() == 2);
  uut.handle_own_version(7);
  uut.handle_permanence(id_of(3), true);
  auto changes = uut.poll(now, false);
  REQUIRE(changes);
  CHECK(changes->own_version == 7u);
  CHECK(changes->permanent.at(id_of(3)));
}

TEST_CASE_FIXTURE(fixture, "the last word about a node counts") {
  uut.handle_node(id_of(1), node_of(1, 1), true);
  SUBCASE("of a stranger that is none any more") {
    uut.handle_node(id_of(1), node_of(1, 2), false);
  }
  SUBCASE("of one that has become a stranger") {
    uut.handle_node(id_of(1), node_of(1, 3), false);
    uut.handle_node(id_of(1), node_of(1, 2), true);
  }
  auto changes = uut.poll(now, false);
  REQUIRE(changes);
  CHECK(changes->nodes.at(id_of(1)) == node_of(1, 2));
  CHECK_FALSE(uut.poll(now, true));
}

TEST_CASE_FIXTURE(fixture, "what was never written is not removed") {
  add(most + 100);
  CHECK(written() == most);
  for (unsigned i = 0; i < most + 100; ++i) {
    uut.handle_node(id_of(i), std::nullopt, true);
    uut.handle_connected(id_of(i), true, true);
    uut.handle_connected(id_of(i), false, true);
  }
  auto changes = uut.poll(now, true);
  REQUIRE(changes);
  CHECK(changes->nodes.size() == most);
  CHECK(std::ranges::none_of(
    changes->nodes, [](const auto& x) { return x.second.has_value(); }));
  CHECK(changes->connected.empty());
}

TEST_CASE("what was on disk when the node started is removed") {
  stored_state before;
  before.nodes.push_back(node_of(1));
  before.connected_peers.push_back(id_of(1));
  change_log uut{before};
  uut.handle_node(id_of(1), std::nullopt, true);
  uut.handle_connected(id_of(1), false, true);
  auto changes = uut.poll({}, false);
  REQUIRE(changes);
  CHECK(changes->nodes.contains(id_of(1)));
  CHECK(changes->connected.contains(id_of(1)));
}

TEST_CASE_FIXTURE(fixture, "strangers that come and go quickly do not fill the "
                           "disk") {
  constexpr unsigned known_at_once = 1'000;
  constexpr unsigned each_second = 20;
  std::set<node_id> on_disk;
  for (unsigned i = 0; i < 60'000; ++i) {
    uut.handle_node(id_of(i), node_of(i), true);
    if (i >= known_at_once)
      uut.handle_node(id_of(i - known_at_once), std::nullopt, true);
    now += 1s / each_second;
    auto changes = uut.poll(now, false);
    if (!changes)
      continue;
    for (const auto& [id, node] : changes->nodes)
      if (node)
        on_disk.insert(id);
      else
        on_disk.erase(id);
  }
  CHECK(on_disk.size() < known_at_once + 100);
}
