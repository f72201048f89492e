#include <node_proxy/actors/tcp/permit_pool.hpp>

#include <doctest/doctest.h>

using namespace node_proxy::internal;

TEST_CASE("there are as many permits as the pool has") {
  permit_pool uut{2};
  auto one = uut.acquire();
  auto two = uut.acquire();
  REQUIRE(one);
  REQUIRE(two);
  CHECK_FALSE(uut.acquire());
  SUBCASE("given back with its owner") {
    one.reset();
  }
  SUBCASE("given back for another one, or none") {
    *one = {};
  }
  SUBCASE("given back by whoever got it") {
    permit moved{std::move(*one)};
    one.reset();
    CHECK_FALSE(uut.acquire());
  }
  auto three = uut.acquire();
  CHECK(three);
  CHECK_FALSE(uut.acquire());
}

TEST_CASE("a permit outlives its pool") {
  std::optional<permit> kept;
  {
    permit_pool pool{1};
    kept = pool.acquire();
  }
  CHECK(kept);
}
