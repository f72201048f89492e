// What has happened to a node lately, and what happens.

#include <doctest/doctest.h>

#include <memory>
#include <vector>

#include "recent_events.hpp"

using namespace node_proxy::tools;

namespace {

bool never() {
  return false;
}

} // namespace

TEST_CASE("whoever follows gets what was and what comes, while it wants it") {
  recent_events uut;
  uut.add(R"({"event":"first"})");
  std::vector<std::string> got;
  uut.follow({[&got](std::string_view x) {
                got.emplace_back(x);
                return got.size() < 3;
              },
              never});
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
  uut.follow({[&got](std::string_view x) {
                got.emplace_back(x);
                return true;
              },
              never});
  CHECK(got.size() == recent_events::max_events);
  CHECK(got.front().starts_with("{\"number\":7,"));
}

TEST_CASE("whoever has gone is dropped, though nothing happens") {
  recent_events uut;
  auto first = std::make_shared<bool>(false);
  std::weak_ptr<bool> held = first;
  auto wants_more = [](std::string_view) {
    return true;
  };
  uut.follow({wants_more, [first] {
                return *first;
              }});
  uut.follow({wants_more, never});
  *first = true;
  first.reset();
  REQUIRE_FALSE(held.expired());
  uut.follow({wants_more, never});
  CHECK(held.expired());
}
