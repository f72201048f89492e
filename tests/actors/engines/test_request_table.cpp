#include <doctest/doctest.h>

#include <node_proxy/actors/engines/request_table.hpp>

using namespace node_proxy;
using namespace node_proxy::internal;

TEST_CASE("a request is taken once") {
  request_table<int> table;
  table.add(3, 30);
  table.add(5, 50);
  CHECK(table.take(5) == 50);
  CHECK(table.take(5) == std::nullopt);
  CHECK(table.take(4) == std::nullopt);
  CHECK(table.take(3) == 30);
  CHECK(table.take(6) == std::nullopt);
  CHECK(table.size() == 0);
}

TEST_CASE("requests of a kind that are left are taken at once") {
  request_table<int> table;
  for (std::uint64_t i = 0; i < 6; ++i)
    table.add(i, static_cast<int>(10 * i));
  CHECK(table.take(0) == 0);
  CHECK(table.take(4) == 40);
  CHECK(table.open() == 4);
  auto is_small = [](int x) {
    return x < 30;
  };
  CHECK(table.take_if(is_small) == std::vector{10, 20});
  CHECK(table.open() == 2);
  CHECK(table.take(1) == std::nullopt);
  CHECK(table.take_if(is_small).empty());
  CHECK(table.take(3) == 30);
  CHECK(table.take_if([](int) { return true; }) == std::vector{50});
  CHECK(table.open() == 0);
  CHECK(table.size() == 0);
}

TEST_CASE("a request that is never answered does not keep the others") {
  request_table<std::uint64_t> table;
  table.add(0, 0);
  for (std::uint64_t i = 1; i < 10'000; ++i) {
    table.add(i, i);
    REQUIRE(table.take(i) == i);
    REQUIRE(table.size() < 100);
  }
  CHECK(table.take(0) == 0);
  CHECK(table.size() == 0);
}
