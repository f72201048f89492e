// Many names at once, at a node with a budget for looking them up.

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "network.hpp"
#include "referee.hpp"

using namespace simulation;

namespace {

/// A hub and those whom it knows by names alone: some were introduced, as many
/// others have called.
struct hub_and_names {
  static constexpr std::size_t many = 2 * lookup_budget::max;

  hub_and_names() {
    for (std::size_t i = 0; i < 2 * many; ++i) {
      auto& x = net.add("peer" + std::to_string(i));
      x.reached_at = {x.named_address()};
      x.issue_advert(x.advert().version + 1);
      net.introduce(x, hub);
      if (i < many)
        net.introduce(hub, x);
      else
        x.connect(hub);
      (i < many ? introduced : strangers).push_back(&x);
    }
    net.run_for(1s);
    for (auto id : net.connections())
      net.cut(id);
    net.run_for(1s);
    net.lookup_delay = 2s;
  }

  /// How many names are looked up soon if the hub wants these connected.
  std::size_t look_up(const std::vector<node*>& peers) {
    static_cast<void>(net.take_transcript());
    for (const auto* x : peers)
      hub.connect(*x);
    net.run_for(500ms);
    auto told = net.take_transcript();
    std::size_t result = 0;
    constexpr std::string_view what = " look up ";
    for (auto at = told.find(what); at != std::string::npos;
         at = told.find(what, at + 1))
      ++result;
    return result;
  }

  bool all_connected(const std::vector<node*>& peers) {
    return std::ranges::all_of(peers,
                               [this](node* x) { return hub.connected(*x); });
  }

  network net;
  referee judge{net};
  node& hub = net.add("hub");
  std::vector<node*> introduced;
  std::vector<node*> strangers;
};

} // namespace

TEST_CASE_FIXTURE(hub_and_names, "names are looked up a few at a time, of "
                                 "strangers fewer") {
  CHECK(look_up(strangers) == lookup_budget::max_for_strangers);
  CHECK(look_up(introduced)
        == lookup_budget::max - lookup_budget::max_for_strangers);
  CHECK(net.run_until(
    [this] { return all_connected(introduced) && all_connected(strangers); },
    1min));
  CHECK(judge.failures().empty());
}
