// A node that had no network, and others that wait for it.

#include <algorithm>
#include <vector>

#include <doctest/doctest.h>

#include "network.hpp"

using namespace simulation;

namespace {

/// A hub and those who are connected to it, of whom only some know when to come
/// back. The hub itself has nothing to send.
struct hub_and_peers {
  static constexpr std::size_t count = 20;

  explicit hub_and_peers(std::uint64_t seed) : net(seed) {
    net.dial_delay = [this](const stream_user&, const node&) {
      return away ? std::nullopt : std::optional{duration{1ms}};
    };
    hub.add_engine("echo");
    for (std::size_t i = 0; i < count; ++i) {
      auto& x = net.add("p" + std::to_string(i));
      peers.push_back(&x);
      net.introduce(hub, x);
      net.introduce(x, hub);
      x.connect(hub);
    }
    hub.comes_back = true;
    net.run_for(1s);
  }

  void lose_network() {
    away = true;
    for (auto id : net.connections())
      net.cut(id);
  }

  /// How many are connected to it.
  std::size_t connected() {
    auto is_connected = [this](node* x) {
      return hub.connected(*x);
    };
    return static_cast<std::size_t>(std::ranges::count_if(peers, is_connected));
  }

  bool answered(const std::vector<send_token>& sent) {
    for (std::size_t i = 0; i < sent.size(); ++i)
      if (peers[i]->outcome(sent[i]) == "pending")
        return false;
    return true;
  }

  network net;
  bool away = false;
  node& hub = net.add("hub");
  std::vector<node*> peers;
};

/// A probe, what it leads to, and an attempt of each peer.
constexpr duration soon =
  comeback::probe_interval * 3 / 2 + comeback::dial_time + 1s;

} // namespace

TEST_CASE("who waits for a hub that had no network does not wait for long") {
  for (std::uint64_t seed = 1; seed < 10; ++seed) {
    for (auto waiting : {1u, 5u, 20u}) {
      hub_and_peers all{seed};
      REQUIRE(all.connected() == hub_and_peers::count);
      all.lose_network();
      std::vector<send_token> sent;
      for (std::size_t i = 0; i < waiting; ++i)
        sent.push_back(all.peers[i]->send(all.hub, "echo", "hello"));
      all.net.run_for(60s);
      REQUIRE(all.connected() == 0);
      all.away = false;
      CHECK(all.net.run_until([&] { return all.answered(sent); }, soon));
      CHECK(all.net.run_until(
        [&] { return all.connected() == hub_and_peers::count; }, soon));
    }
  }
}

TEST_CASE("to find out costs one attempt at a time, and ends") {
  hub_and_peers all{1};
  all.lose_network();
  auto before = all.hub.attempts();
  all.net.run_for(1min);
  auto attempts = all.hub.attempts() - before;
  CHECK(attempts > 20);
  CHECK(attempts < 60);
  // Nobody stays awake for it.
  CHECK(all.hub.served() <= 1);
  all.net.run_for(comeback::probe_time);
  before = all.hub.attempts();
  all.net.run_for(24h);
  CHECK(all.hub.attempts() == before);
  CHECK(all.hub.at_rest());
}

TEST_CASE("who was told goodbye is not called back") {
  hub_and_peers all{1};
  all.net.run_for(2min);
  REQUIRE(all.hub.at_rest());
  auto before = all.hub.attempts();
  all.net.run_for(2h);
  CHECK(all.hub.attempts() == before);
}

TEST_CASE("a hub that starts without network finds its peers, too") {
  hub_and_peers all{1};
  all.away = true;
  all.hub.restart();
  auto sent = all.peers[0]->send(all.hub, "echo", "hello");
  all.net.run_for(60s);
  all.away = false;
  CHECK(all.net.run_until([&] { return all.answered({sent}); }, soon));
}
