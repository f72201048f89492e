// A node that is killed again and again finds its state each time.

#include <algorithm>
#include <csignal>

#include <doctest/doctest.h>

#include <node_proxy/actors/disk/node_store.hpp>
#include <node_proxy/actors/key_file.hpp>

#include "integration/tool_node.hpp"
#include "support/reason.hpp"

using namespace node_proxy;
using namespace node_proxy::internal;
using namespace node_proxy::testing;

namespace {

stored_state load(const std::string& path, const node_id& self) {
  auto store = node_store::open(path, self);
  REQUIRE_MESSAGE(store, test::reason(store));
  auto result = store->load();
  REQUIRE_MESSAGE(result, test::reason(result));
  return std::move(*result);
}

} // namespace

TEST_CASE("a state outlives its node, however that ends") {
  temporary_folder folder;
  auto state = folder / "state";
  tool_node bob{tool_key{folder, "bob"}};
  tool_key alices{folder, "alice"};
  auto self = load_identity(alices.file)->id();
  tool_node{alices, {"--state", state, "--peer", bob.advert(), "--permanent"}}
    .stop(SIGTERM);
  auto before = load(state, self);
  REQUIRE(before.permanent_peers.size() == 1);
  std::uint64_t version = 0;
  for (int round = 0; round < 10; ++round) {
    CAPTURE(round);
    tool_node alice{alices, {"--state", state}};
    alice.await("connected", {{"node", bob.id()}});
    // Bob takes this for a newer advert than the one that was killed.
    auto told = bob.await("advert", {{"node", alice.id()}});
    CHECK(told["version"] > version);
    version = told["version"];
    // What they say of themselves is written when the last event comes.
    tool_key key{folder, "stranger" + std::to_string(round)};
    tool_node stranger{key, {"--peer", alice.advert(), "--permanent"}};
    alice.await("advert", {{"node", stranger.id()}});
    alice.program().signal(SIGKILL);
    CHECK(alice.program().wait() == 128 + SIGKILL);
    auto after = load(state, self);
    CHECK(after.permanent_peers == before.permanent_peers);
    CHECK(after.own_version >= before.own_version);
    CHECK(after.nodes.size() >= before.nodes.size());
    before = std::move(after);
  }
  // Most of what was said is there.
  CHECK(before.nodes.size() > 1);
}
