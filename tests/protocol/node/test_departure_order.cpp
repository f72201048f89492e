#include <node_proxy/protocol/node/departure_order.hpp>

#include <string>

#include <doctest/doctest.h>

using namespace node_proxy;
using namespace node_proxy::internal;

namespace {

node_id id_of(unsigned number) {
  node_id result;
  result.data[0] = std::byte(number);
  return result;
}

struct fixture {
  departure_order uut;

  void add(unsigned number, std::size_t rank, std::uint64_t source = 0) {
    uut.add(id_of(number), rank, {source, false});
  }

  /// All of them, in the order in which they go.
  std::string all() {
    std::string result;
    while (auto id = uut.first([](const node_id&) { return true; })) {
      result += std::to_string(std::to_integer<int>(id->data[0]));
      CHECK(uut.remove(*id));
    }
    return result;
  }
};

} // namespace

TEST_CASE_FIXTURE(fixture, "the oldest one of the lowest rank goes first") {
  add(1, 2);
  add(2, 1);
  add(3, 0);
  add(4, 1);
  CHECK(uut.size() == 4);
  CHECK(all() == "3241");
}

TEST_CASE_FIXTURE(fixture, "the source that has most loses its own") {
  add(1, 0, 1);
  for (auto i : {2u, 3u, 4u})
    add(i, 0, 2);
  add(5, 0, 3);
  // Until all have the same.
  CHECK(all().starts_with("23"));
}

TEST_CASE_FIXTURE(fixture, "what is added again has another place") {
  add(1, 0);
  add(2, 0);
  add(1, 0);
  CHECK(uut.rank_of(id_of(1)) == 0u);
  add(2, 1);
  CHECK(uut.rank_of(id_of(2)) == 1u);
  CHECK(uut.size() == 2);
  CHECK(all() == "12");
  CHECK_FALSE(uut.remove(id_of(1)));
  CHECK_FALSE(uut.rank_of(id_of(1)));
}

TEST_CASE_FIXTURE(fixture, "only those that may go are found") {
  add(1, 0);
  add(2, 1);
  CHECK(uut.first_below(1) == id_of(1));
  CHECK_FALSE(uut.first_below(0));
  CHECK(uut.first([](const node_id& x) { return x != id_of(1); }) == id_of(2));
  CHECK_FALSE(uut.first([](const node_id&) { return false; }));
}
