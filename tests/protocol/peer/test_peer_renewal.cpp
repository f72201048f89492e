// A session does not last for ever: another one takes over.

#include <doctest/doctest.h>

#include "two_nodes.hpp"

using namespace simulation;

namespace {

/// Nodes of which the second one cannot dial the first.
struct renewal : two_nodes {
  using reasons = node::reason_counts;

  const reasons once_superseded{{"superseded", 1}};
  const reasons once_too_old{{"limit", 1}};

  /// From now on each dial takes this time, or comes to nothing.
  void answer_dials(std::optional<duration> after) {
    net.dial_delay = [after](const stream_user&, const simulation::node&) {
      return after;
    };
  }
};

} // namespace

TEST_CASE_FIXTURE(renewal, "after a day a quiet connection is another one") {
  a.set_permanent(b);
  connect();
  auto first = the_connection();
  net.run_for(23h - 1s);
  CHECK(the_connection() == first);
  net.run_for(2s);
  CHECK(both_connected());
  CHECK(the_connection() != first);
  net.run_for(22h);
  CHECK(a.ends() == once_superseded);
  CHECK(b.ends() == once_superseded);
}

TEST_CASE_FIXTURE(renewal, "nothing stops meanwhile") {
  a.settings.max_session_age = 24s;
  connect();
  auto first = the_connection();
  auto count = 0u;
  for (; the_connection() == first || count < 10'000; ++count) {
    REQUIRE(count < 20'000);
    a.send(b, "echo", std::to_string(count));
    b.send(a, "echo", std::to_string(count));
    net.run_for(3ms);
    while (net.between(a, b).size() > 1)
      net.run_for(1ms);
  }
  net.run_for(1s);
  for (auto* x : {&a, &b}) {
    auto received = x->all_received();
    REQUIRE(received.size() == count);
    for (auto i = 0u; i < count; ++i)
      REQUIRE(received[i].text == std::to_string(i));
    CHECK(x->ends() == once_superseded);
  }
}

TEST_CASE_FIXTURE(renewal, "whoever dialled dials again, though the other one "
                           "alone has something to say") {
  connect();
  for (auto i = 0; i < 26 * 120; ++i) {
    auto token = b.send(a, "echo", "x");
    net.run_for(30s);
    REQUIRE(b.outcome(token) == "delivered");
  }
  CHECK(a.ends() == once_superseded);
  CHECK(b.ends() == once_superseded);
}

TEST_CASE_FIXTURE(renewal, "what cannot be renewed ends after a day") {
  a.set_permanent(b);
  connect();
  answer_dials(std::nullopt);
  net.run_for(24h - 1s);
  CHECK(both_connected());
  CHECK(a.ends().empty());
  net.run_for(2s);
  CHECK_FALSE(a.connected(b));
  CHECK(a.ends() == once_too_old);
  CHECK(b.ends() == once_too_old);
  answer_dials(10ms);
  net.run_for(a.settings.backoff_cap + 1s);
  CHECK(both_connected());
}

TEST_CASE_FIXTURE(renewal, "the other end ends what is not renewed") {
  a.settings.max_session_age = 100h;
  a.set_permanent(b);
  connect();
  net.run_for(24h + 1min);
  CHECK(both_connected());
  CHECK(b.ends() == once_too_old);
}

TEST_CASE_FIXTURE(renewal, "attempts at a renewal are as far apart as others") {
  a.set_permanent(b);
  connect();
  answer_dials(std::nullopt);
  auto before = a.attempts();
  net.run_for(24h - 1s);
  auto count = a.attempts() - before;
  // An hour of delays of up to 30 s each.
  CHECK(count > 100);
  CHECK(count < 400);
}
