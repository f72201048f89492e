#include <node_proxy/protocol/node/crowd.hpp>

#include <string>

#include <doctest/doctest.h>

using namespace node_proxy;
using namespace node_proxy::internal;
using namespace std::chrono_literals;

namespace {

struct fixture {
  /// Who makes room, one after the other.
  std::string out() {
    std::string result;
    while (auto x = uut.next_out()) {
      result += std::to_string(x->id) + ' ';
      uut.remove(x->id);
    }
    return result;
  }

  /// Whose turn it is, one after the other.
  std::string turns() {
    std::string result;
    while (auto id = uut.poll_turn())
      result += std::to_string(*id) + ' ';
    return result;
  }

  /// Connections with these numbers; sources are letters.
  void add(char source, std::initializer_list<connection_id> ids) {
    for (auto id : ids)
      uut.add(id, source, 1s);
  }

  crowd<char> uut{4};
};

} // namespace

TEST_CASE_FIXTURE(fixture, "of one source the oldest makes room first") {
  add('a', {3, 1, 2});
  CHECK(out() == "3 1 2 ");
}

TEST_CASE_FIXTURE(fixture, "the source that has most makes room first") {
  add('a', {1});
  add('b', {2, 3, 4});
  add('c', {5, 6});
  CHECK(out() == "2 3 5 1 4 6 ");
}

TEST_CASE_FIXTURE(fixture, "of sources that have as many it is the oldest") {
  add('b', {1});
  add('a', {2});
  add('c', {3});
  CHECK(out() == "1 2 3 ");
}

TEST_CASE_FIXTURE(fixture, "sources take turns, and the oldest is first") {
  add('a', {1, 2, 3});
  add('b', {4});
  add('c', {5, 6});
  CHECK(turns() == "1 4 5 2 6 3 ");
}

TEST_CASE_FIXTURE(fixture, "a newcomer waits for one turn of the others") {
  add('a', {1, 2, 3});
  CHECK(uut.poll_turn() == 1u);
  add('b', {4});
  CHECK(turns() == "2 4 3 ");
}

TEST_CASE_FIXTURE(fixture, "a source that comes back does so at the end") {
  add('a', {1});
  add('b', {2, 3});
  CHECK(uut.poll_turn() == 1u);
  add('a', {4});
  CHECK(turns() == "2 4 3 ");
}

TEST_CASE_FIXTURE(fixture, "sources with less of a burden come first") {
  uut.add(1, 'a', 1s, 2);
  uut.add(2, 'a', 1s, 2);
  uut.add(3, 'b', 1s, 1);
  uut.add(4, 'b', 1s, 1);
  uut.add(5, 'c', 1s, 1);
  SUBCASE("") {
    CHECK(turns() == "3 5 4 1 2 ");
  }
  SUBCASE("as it is now") {
    uut.add(6, 'a', 1s, 0);
    CHECK(turns() == "1 2 6 3 5 4 ");
  }
}

TEST_CASE_FIXTURE(fixture, "it is known how many a source has") {
  add('a', {1, 2});
  CHECK(uut.size_of('a') == 2);
  CHECK(uut.size_of('b') == 0);
}

TEST_CASE_FIXTURE(fixture, "whoever is removed is in nobody's way") {
  add('a', {1, 2});
  add('b', {3});
  CHECK(uut.remove(1));
  CHECK_FALSE(uut.remove(1));
  CHECK(uut.size() == 2);
  CHECK(turns() == "2 3 ");
  CHECK(out() == "");
}

TEST_CASE_FIXTURE(fixture, "it is known since when somebody is there") {
  uut.add(1, 'a', 7s);
  CHECK(uut.next_out()->since == 7s);
}
