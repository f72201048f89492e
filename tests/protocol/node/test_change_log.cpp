#include <node_proxy/protocol/node/change_log.hpp>

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
  change_log uut;
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

TEST_CASE_FIXTURE(fixture, "what waits does not grow for ever") {
  for (unsigned i = 0; i < 2 * state_changes::max_nodes; ++i) {
    auto id = id_of(i & 0xffff);
    id.data[2] = std::byte(i >> 16);
    uut.handle_node(id, std::nullopt, true);
    uut.handle_connected(id, true, true);
  }
  CHECK(written(true) <= 2 * state_changes::max_nodes);
}
