#include <node_proxy/actors/tcp/permit.hpp>

#include <optional>
#include <utility>

#include <doctest/doctest.h>

using namespace node_proxy::internal;

TEST_CASE("a permit is given back once") {
  auto given_back = 0;
  std::optional<permit> one{std::in_place, [&given_back] {
                              ++given_back;
                            }};
  SUBCASE("with its owner") {
    one.reset();
  }
  SUBCASE("for another one, or none") {
    *one = {};
    CHECK(given_back == 1);
    one.reset();
  }
  SUBCASE("by whoever got it") {
    permit moved{std::move(*one)};
    one.reset();
    CHECK(given_back == 0);
  }
  CHECK(given_back == 1);
}
