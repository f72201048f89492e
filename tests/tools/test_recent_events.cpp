// What has happened to a node lately, and what happens.

#include <doctest/doctest.h>

#include <vector>

#include "recent_events.hpp"

using namespace node_proxy::tools;

TEST_CASE("whoever follows gets what was and what comes, while it wants it") {
  recent_events uut;
  uut.add(R"({"event":"first"})");
  std::vector<std::string> got;
  uut.follow([&got](std::string_view x) {
    got.emplace_back(x);
    return got.size() < 3;
  });
  REQUIRE(got.size() == 1);
  CHECK(got[0].starts_with(R"({"event":"first","at":)"));
  for (int i = 0; i < 5; ++i)
    uut.add(R"({"event":"next"})");
  CHECK(got.size() == 3);
}

TEST_CASE("only the last events are kept") {
  recent_events uut;
  for (std::size_t i = 0; i < recent_events::max_events + 7; ++i)
    uut.add("{\"number\":" + std::to_string(i) + "}");
  std::vector<std::string> got;
  uut.follow([&got](std::string_view x) {
    got.emplace_back(x);
    return true;
  });
  CHECK(got.size() == recent_events::max_events);
  CHECK(got.front().starts_with("{\"number\":7,"));
}
