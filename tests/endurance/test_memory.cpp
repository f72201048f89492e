// What a node remembers of peers that are not connected. More strangers than
// ctest has time for:
//
//     STRANGERS=10000 test_memory

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <optional>

#include <malloc.h>
#include <unistd.h>

#include <node_proxy/actors/router/router_service.hpp>

#include "actors/node_fixture.hpp"
#include "actors/reason.hpp"
#include "integration/tcp_forwarder.hpp"

using namespace test;
using namespace std::chrono_literals;
using node_proxy::testing::tcp_forwarder;

namespace {

node_metrics metrics_of(test_node& node) {
  auto result = node.ask<node_metrics>(get_node_metrics{});
  REQUIRE(result);
  return *result;
}

/// Waits until a node has no Node Proxy.
void await_rest(test_node& node) {
  REQUIRE(comes_true([&] { return metrics_of(node).node_proxies == 0; }));
}

void add_inbox(test_node& node) {
  node.add_engine(
    "inbox",
    node.system.spawn(forward_engine, caf::actor_cast<caf::actor>(node.self)));
}

/// The epoch of the numbers of `of` towards `peer`.
std::uint64_t epoch_of(test_node& of, const node_id& peer) {
  connect_request request;
  request.src_node_id = peer;
  request.dst_node_id = of.node.id();
  auto router = caf::actor_cast<router_service>(of.node.router());
  return of.must<admission>(router, admission_request{request}).epoch;
}

/// Timers keep the memory of an actor until their time has come.
peer_settings hurried() {
  peer_settings result;
  result.handshake_timeout = 500ms;
  result.heartbeat_interval = 200ms;
  result.dead_peer_limit = 2s;
  result.goodbye_timeout = 200ms;
  result.idle_timeout = 500ms;
  result.stable_after = 500ms;
  return result;
}

/// Memory of this process in KiB that is not free to be used again.
std::size_t memory_used() {
  ::malloc_trim(0);
  std::ifstream file{"/proc/self/statm"};
  std::size_t size = 0;
  std::size_t resident = 0;
  file >> size >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) / 1'024;
}

} // namespace

TEST_CASE("after a lost connection two nodes go on where they were, without "
          "Node Proxies in between") {
  tcp_forwarder network;
  auto bs = local_config();
  // Where A reaches it, so that all connections can be cut.
  bs.advertised = {
    {tcp_addr{ipv4{{std::byte{127}, {}, {}, std::byte{1}}}, network.port()},
     1}};
  test_node b{bs};
  network.redirect(std::get<tcp_addr>(b.node.addresses()[0]).port);
  auto config = local_config();
  config.listen.clear();
  config.adverts = {b.node.advert()};
  test_node a{config};
  add_inbox(a);
  add_inbox(b);
  auto exchange = [](test_node& from, test_node& to, std::string_view text) {
    auto outcome =
      from.send(from.message_to(to.node.id(), "inbox", to_bytes(text)));
    REQUIRE_MESSAGE(outcome, test::reason(outcome));
    CHECK(as_text(next_message(to.self).msg) == text);
  };
  std::optional<std::uint64_t> epochs[2];
  for (auto i = 0; i < 30; ++i) {
    exchange(a, b, std::to_string(i));
    exchange(b, a, std::to_string(i));
    network.cut();
    await_rest(a);
    await_rest(b);
    CHECK(metrics_of(a).remembered_peers == 1);
    CHECK(metrics_of(b).remembered_peers == 1);
    auto as = epoch_of(a, b.node.id());
    auto bs_now = epoch_of(b, a.node.id());
    CHECK(as == epochs[0].value_or(as));
    CHECK(bs_now == epochs[1].value_or(bs_now));
    epochs[0] = as;
    epochs[1] = bs_now;
  }
}

TEST_CASE("strangers that connect once cost no lasting memory") {
  auto variable = std::getenv("STRANGERS");
  auto count = variable ? std::stoul(variable) : 1'000;
  auto config = local_config();
  config.adverts_kept.unheld = 50;
  config.settings = hurried();
  test_node host{config};
  std::atomic<std::uint64_t> arrived = 0;
  host.add_engine("inbox", host.system.spawn([&arrived]() -> caf::behavior {
    return {[&arrived](const engine_msg&) {
      ++arrived;
    }};
  }));
  node_system_config system_config;
  caf::actor_system system{system_config};
  caf::scoped_actor self{system};
  auto visit = [&] {
    node_config strange;
    strange.self = fresh_identity();
    strange.adverts = {host.node.advert()};
    strange.settings = hurried();
    auto stranger = spawn_node(system, std::move(strange));
    REQUIRE(stranger);
    auto msg = host.message_to(host.node.id(), "inbox", to_bytes("hello"));
    msg.msg.sender.node.reset();
    // A timer of its own.
    msg.expiry = rel_time{5};
    self->request(stranger->router(), patience, msg)
      .receive([](delivered) {},
               [](const caf::error& e) { FAIL(describe(e)); });
    while (host.has_event()) {
    }
  };
  auto early = count / 4;
  [[maybe_unused]] std::size_t used = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (i == early) {
      await_rest(host);
      used = memory_used();
    }
    visit();
  }
  await_rest(host);
  CHECK(arrived == count);
  auto metrics = metrics_of(host);
  CHECK(metrics.connected_peers == 0);
  CHECK(metrics.remembered_peers == 0);
  // All come from one host, of which so many adverts are looked at in a time.
  CHECK(metrics.known_adverts > 0);
  CHECK(metrics.known_adverts <= 50);
  CHECK(metrics.peers.unchecked_adverts > 0);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  // Without sanitizers, which keep memory for themselves: much less than
  // anything that would be kept of each of them.
  auto allowed = 1'024 + (count - early) / 10;
  auto growth = [&] {
    return static_cast<std::ptrdiff_t>(memory_used())
           - static_cast<std::ptrdiff_t>(used);
  };
  auto peak = growth();
  CHECK(comes_true(
    [&] { return growth() <= static_cast<std::ptrdiff_t>(allowed); }));
  MESSAGE(count, " strangers, the last ", count - early, " of them took ", peak,
          " KiB for a while, and ", growth(), " KiB for good");
#endif
}
