#include <node_proxy/protocol/token_bucket.hpp>

#include <doctest/doctest.h>

using namespace node_proxy;
using namespace node_proxy::internal;
using namespace std::chrono_literals;

TEST_CASE("there is so much at once, and more with time") {
  token_bucket uut{3, 2};
  CHECK(uut.is_full(1'000s));
  for (int i = 0; i < 3; ++i)
    CHECK(uut.take(1, 1'000s));
  CHECK_FALSE(uut.take(1, 1'000s));
  CHECK_FALSE(uut.take(1, 1'000'400ms));
  CHECK(uut.take(1, 1'000'500ms));
  CHECK_FALSE(uut.is_full(1'001s));
  CHECK(uut.is_full(1'100s));
  CHECK(uut.level(1'100s) == 3);
  uut.take_anyway(5);
  CHECK(uut.level(1'100s) == -2);
  CHECK_FALSE(uut.take(1, 1'101s));
  CHECK(uut.take(1, 1'102s));
}
