#include <node_proxy/protocol/delivery/deadline.hpp>

#include <doctest/doctest.h>

#include <node_proxy/messages/limits.hpp>

using namespace node_proxy;
using namespace node_proxy::internal;
using namespace std::chrono_literals;

namespace {

timestamp at(duration steady, std::chrono::seconds wall = 0s) {
  return {steady, wall};
}

} // namespace

TEST_CASE("an expiry is at most thirty days ahead") {
  auto now = at(100s, std::chrono::hours{24});
  auto most = limits::expiry_seconds;
  CHECK(deadline_of(rel_time{7}, now) == deadline{steady_time{107s}});
  CHECK(deadline_of(rel_time{most}, now));
  CHECK_FALSE(deadline_of(rel_time{most + 1}, now));
  CHECK_FALSE(deadline_of(rel_time{~0ull}, now));
  CHECK(deadline_of(abs_time{1'500}, now)
        == deadline{std::chrono::seconds{90'000}});
  CHECK(deadline_of(abs_time{1'440 + most / 60}, now));
  CHECK_FALSE(deadline_of(abs_time{1'441 + most / 60}, now));
  CHECK_FALSE(deadline_of(abs_time{~0ull}, now));
  CHECK(deadline_of(abs_time{0}, now));
}

TEST_CASE("a message may take less than its expiry says") {
  auto now = at(100s, std::chrono::hours{24});
  CHECK(deadline_of(rel_time{7}, now, 5ms) == deadline{steady_time{100'005ms}});
  CHECK(deadline_of(rel_time{7}, now, 7'001ms) == deadline{steady_time{107s}});
  CHECK(deadline_of(abs_time{1'500}, now, 5ms)
        == deadline{steady_time{100'005ms}});
  CHECK(deadline_of(abs_time{1'441}, now, 60'001ms)
        == deadline{std::chrono::seconds{86'460}});
  CHECK_FALSE(deadline_of(rel_time{~0ull}, now, 5ms));
}

TEST_CASE("a deadline has passed when its clock says so") {
  deadline steady = steady_time{5s};
  CHECK_FALSE(has_passed(steady, at(5s - 1ns, 9s)));
  CHECK(has_passed(steady, at(5s)));
  deadline wall = std::chrono::seconds{5};
  CHECK_FALSE(has_passed(wall, at(9s, 4s)));
  CHECK(has_passed(wall, at(0s, 5s)));
}

TEST_CASE("a deadline on the wall clock is looked at each minute") {
  CHECK(steady_deadline(steady_time{500s}, at(100s)) == 500s);
  CHECK(steady_deadline(std::chrono::seconds{30}, at(100s, 10s)) == 120s);
  CHECK(steady_deadline(std::chrono::seconds{600}, at(100s, 10s)) == 160s);
  CHECK(steady_deadline(std::chrono::seconds{5}, at(100s, 10s)) == 100s);
}
