// When limits begin to be met.

#include <doctest/doctest.h>

#include <node_proxy/protocol/node/limit_watch.hpp>

using node_proxy::internal::limit_watch;

TEST_CASE("a limit is told of when it begins to be met") {
  limit_watch uut;
  CHECK_FALSE(uut.handle_use("peers", 9, 10));
  CHECK(uut.handle_use("peers", 10, 10));
  CHECK_FALSE(uut.handle_use("peers", 11, 10));
  CHECK(uut.handle_use("guests", 10, 10));
  CHECK_FALSE(uut.handle_use("none", 0, 0));
  SUBCASE("not again before there was room for a while") {
    CHECK_FALSE(uut.handle_use("peers", 8, 10));
    CHECK_FALSE(uut.handle_use("peers", 10, 10));
  }
  SUBCASE("and again after that") {
    CHECK_FALSE(uut.handle_use("peers", 7, 10));
    CHECK(uut.handle_use("peers", 10, 10));
    CHECK_FALSE(uut.handle_use("guests", 10, 10));
  }
}
