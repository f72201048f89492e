// Two nodes, of which the first knows the second and has the smaller id.

#pragma once

#include <doctest/doctest.h>

#include "simulation/network.hpp"

namespace simulation {

struct two_nodes {
  network net;
  node& a = net.add("a");
  node& b = net.add("b");

  two_nodes() {
    net.introduce(a, b);
    for (auto* x : {&a, &b}) {
      x->add_engine("echo");
      x->add_engine("late", std::nullopt);
    }
  }

  ~two_nodes() {
    for (const auto& what : net.failures())
      FAIL_CHECK(what);
  }

  /// Waits for the outcome of a message of a's.
  bool wait_for(send_token token, duration limit = 60s) {
    return net.run_until([&] { return a.outcome(token) != "pending"; }, limit);
  }

  bool both_connected() { return a.connected(b) && b.connected(a); }

  /// Connects the two, and forgets how.
  void connect() {
    a.connect(b);
    net.run_for(100ms);
    REQUIRE(both_connected());
    net.take_transcript();
  }

  /// The connection of the two.
  connection_id the_connection() {
    auto all = net.between(a, b);
    REQUIRE(all.size() == 1);
    return all[0];
  }
};

} // namespace simulation
