// What a node counts with its peers, for whoever asks the Router.

#include <numeric>

#include <node_proxy/messages/connection_permanence.hpp>

#include "actors/node_fixture.hpp"

using namespace test;
using namespace std::chrono_literals;

namespace {

/// A node that closes connections as soon as nothing is said.
node_config restless_config() {
  auto result = local_config();
  result.settings.idle_timeout = 5ms;
  result.settings.backoff_base = 1ms;
  result.settings.backoff_cap = 5ms;
  return result;
}

node_config knowing(const node_advert& advert) {
  auto result = restless_config();
  result.adverts = {advert};
  return result;
}

node_metrics metrics_of(test_node& node) {
  auto result = node.ask<node_metrics>(get_node_metrics{});
  REQUIRE(result);
  return *result;
}

/// Waits until numbers are as they are to be.
template <class F>
node_metrics await(test_node& node, F condition) {
  node_metrics result;
  REQUIRE(comes_true([&] {
    result = metrics_of(node);
    return condition(result);
  }));
  return result;
}

bool rests(const node_metrics& x) {
  return x.node_proxies == 0;
}

std::uint64_t ends(const node_metrics& x, std::string_view reason) {
  for (const auto& y : x.peers.connection_ends)
    if (y.reason == reason)
      return y.count;
  return 0;
}

std::uint64_t count(const duration_counts& x) {
  return std::accumulate(x.buckets.begin(), x.buckets.end(), std::uint64_t{0});
}

/// Two nodes, the second of which has an engine "inbox".
struct two_nodes {
  two_nodes() {
    auto inbox = []() -> caf::behavior {
      return {[](const engine_msg&) {
      }};
    };
    b.add_engine("inbox", b.system.spawn(inbox));
  }

  /// Connects, and stays connected.
  void stay() {
    REQUIRE(a.ask<node_connect_reply>(node_connect_request{b.node.id(), true}));
  }

  /// Does not stay connected any longer.
  void let_go() { must<done>(proxy(), connection_permanence::ephemeral); }

  node_proxy_actor proxy() {
    return must<node_proxy_found>(a.node.router(),
                                  lookup_node_proxy{b.node.id()})
      .proxy;
  }

  template <class R, class Handle, class Msg>
  R must(const Handle& whom, Msg msg) {
    std::optional<R> result;
    a.self->request(whom, patience, std::move(msg))
      .receive([&](R& x) { result = std::move(x); },
               [](const caf::error& e) { FAIL(describe(e)); });
    return std::move(*result);
  }

  caf::expected<delivered> send(std::string engine) {
    return a.send(a.message_to(b.node.id(), std::move(engine), {}));
  }

  test_node b{restless_config()};
  test_node a{knowing(b.node.advert())};
};

} // namespace

TEST_CASE_FIXTURE(two_nodes,
                  "what is counted with a peer outlives its Node Proxies") {
  for (std::uint64_t life : {1u, 2u, 3u}) {
    stay();
    CHECK(send("inbox"));
    CHECK(send("inbox"));
    CHECK(code_of(send("nobody").error()) == errc::unknown_engine);
    auto before = metrics_of(a);
    CHECK(before.node_proxies == 1);
    CHECK(before.peers.messages_out == 3 * life);
    CHECK(ends(before, "idle") == life - 1);
    let_go();
    auto after = await(a, rests);
    CHECK(after.peers.messages_out == 3 * life);
    CHECK(after.peers.messages_in == 0);
    CHECK(after.peers.connection_attempts == life);
    CHECK(after.peers.failed_attempts == 0);
    CHECK(after.peers.frames_in >= before.peers.frames_in);
    CHECK(ends(after, "idle") == life);
    CHECK(count(after.peers.acknowledgements) >= life);
    CHECK(count(after.peers.acknowledgements) <= 3 * life);
    CHECK(after.event_loops >= 1);
    CHECK(after.event_loops_busy_us > before.event_loops_busy_us);
    auto there = await(b, rests);
    CHECK(there.proven_handshakes == life);
    CHECK(count(there.handshakes) == life);
    CHECK(there.handshakes.sum_us > 0);
    CHECK(there.peers.messages_in == 3 * life);
    CHECK(there.peers.messages_rejected == life);
    CHECK(there.peers.messages_out == 0);
    CHECK(there.peers.connection_attempts == 0);
    CHECK(ends(there, "idle") == life);
  }
}

TEST_CASE_FIXTURE(two_nodes, "attempts that fail are counted, and why a "
                             "connection has ended") {
  stay();
  REQUIRE(send("inbox"));
  CHECK(metrics_of(a).peers.failed_attempts == 0);
  b.node.shutdown();
  auto after =
    await(a, [](const auto& x) { return x.peers.failed_attempts > 1; });
  CHECK(after.peers.connection_attempts > after.peers.failed_attempts);
  CHECK(ends(after, "shutdown") == 1);
  CHECK(after.connected_peers == 0);
}

TEST_CASE_FIXTURE(two_nodes, "numbers are answered when a Node Proxy fails, "
                             "and do not go back") {
  stay();
  REQUIRE(send("inbox"));
  auto before = metrics_of(a).peers;
  auto failing = proxy();
  for (int i = 0; i < 20; ++i) {
    if (i == 10)
      caf::anon_send_exit(failing, caf::exit_reason::kill);
    auto present = metrics_of(a).peers;
    CHECK(present.messages_out == before.messages_out);
    CHECK(present.connection_attempts >= before.connection_attempts);
  }
}

TEST_CASE_FIXTURE(two_nodes, "who waits for numbers when the Router ends is "
                             "answered") {
  stay();
  REQUIRE(send("inbox"));
  auto ask = [this] {
    return a.self->request(a.node.router(), patience, get_node_metrics{});
  };
  std::vector<decltype(ask())> asked;
  for (int i = 0; i < 20; ++i)
    asked.push_back(ask());
  SUBCASE("in good order") {
    a.node.shutdown();
  }
  SUBCASE("however it ends") {
    caf::anon_send_exit(a.node.router(), caf::exit_reason::kill);
  }
  for (auto& x : asked)
    x.receive(
      [](const node_metrics&) {},
      [](const caf::error& e) { CHECK(e != caf::sec::request_timeout); });
}

TEST_CASE_FIXTURE(two_nodes, "numbers come without a request, too") {
  a.self->send(a.node.router(), get_node_metrics{});
  CHECK(a.next<node_metrics>().known_adverts == 1);
}
