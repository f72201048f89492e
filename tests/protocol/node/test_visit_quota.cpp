#include <node_proxy/protocol/node/visit_quota.hpp>

#include <doctest/doctest.h>

using namespace node_proxy;
using namespace node_proxy::internal;
using namespace std::chrono_literals;

TEST_CASE("of too many visits it is told how much was left out") {
  visit_quota uut;
  steady_time now = 1'000s;
  CHECK_FALSE(uut.poll_timeout());
  for (int i = 0; i < visit_quota::max; ++i)
    CHECK(uut.handle_visit(now));
  CHECK_FALSE(uut.handle_visit(now));
  uut.handle_left_out();
  uut.handle_left_out();
  REQUIRE(uut.poll_timeout() == now);
  CHECK(uut.poll_left_out(now) == 2u);
  CHECK_FALSE(uut.poll_left_out(now));
  uut.handle_left_out();
  CHECK(uut.poll_timeout() == now + visit_quota::interval);
  CHECK_FALSE(uut.poll_left_out(now + 1s));
  CHECK(uut.poll_left_out(now + visit_quota::interval) == 1u);
  now += visit_quota::interval;
  CHECK(uut.handle_visit(now));
}
