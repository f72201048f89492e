// When limits begin to be met.

#include <doctest/doctest.h>

#include <node_proxy/protocol/node/limit_watch.hpp>

using namespace node_proxy;
using namespace node_proxy::internal;
using namespace std::chrono_literals;

namespace {

struct fixture {
  limit_watch uut;
  steady_time now{1000s};

  bool use(std::string_view name, std::uint64_t used, std::uint64_t max = 10,
           std::uint64_t shortages = 0) {
    return uut.handle_use(name, used, max, shortages, now);
  }
};

} // namespace

TEST_CASE_FIXTURE(fixture, "a limit is told of when it begins to be met") {
  CHECK_FALSE(use("peers", 9));
  CHECK(use("peers", 10));
  CHECK_FALSE(use("peers", 11));
  CHECK(use("guests", 10));
  CHECK_FALSE(use("none", 0, 0));
  now += limit_watch::interval;
  SUBCASE("not again before there was room for a while") {
    CHECK_FALSE(use("peers", 8));
    CHECK_FALSE(use("peers", 10));
  }
  SUBCASE("and again after that") {
    CHECK_FALSE(use("peers", 7));
    CHECK(use("peers", 10));
    CHECK_FALSE(use("guests", 10));
  }
}

TEST_CASE_FIXTURE(fixture, "a limit is met when the rest is too little") {
  CHECK_FALSE(use("bytes", 7));
  CHECK(use("bytes", 7, 10, 1));
  now += limit_watch::interval;
  CHECK_FALSE(use("bytes", 9, 10, 2));
  CHECK_FALSE(use("bytes", 7, 10, 2));
  CHECK(use("bytes", 3, 10, 3));
}

TEST_CASE_FIXTURE(fixture, "a small limit is told of again, too") {
  CHECK(use("peers", 1, 1));
  now += limit_watch::interval;
  CHECK_FALSE(use("peers", 0, 1));
  CHECK(use("peers", 1, 1));
}

TEST_CASE_FIXTURE(fixture, "who comes and goes does not have it told always") {
  int told = 0;
  for (int i = 0; i < 1'000; ++i) {
    told += use("peers", 1, 1);
    CHECK_FALSE(use("peers", 0, 1));
    now += limit_watch::interval / 100;
  }
  CHECK(told == 10);
}
