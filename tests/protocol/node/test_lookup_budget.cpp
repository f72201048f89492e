#include <node_proxy/protocol/node/lookup_budget.hpp>

#include <string>

#include <doctest/doctest.h>

using namespace node_proxy::internal;

namespace {

struct fixture {
  using enum peer_standing;

  lookup_id want(peer_standing standing) {
    CHECK(uut.handle_wanted(++last, standing));
    return last;
  }

  void want(peer_standing standing, std::size_t count) {
    for (; count > 0; --count)
      want(standing);
  }

  /// The lookups that begin now, by their numbers.
  std::string begin() {
    std::string result;
    while (auto id = uut.poll_begin())
      result += (result.empty() ? "" : " ") + std::to_string(*id);
    return result;
  }

  lookup_budget uut;
  lookup_id last = 0;
};

} // namespace

TEST_CASE_FIXTURE(fixture, "no more lookups go on than there may be") {
  want(introduced, lookup_budget::max + 2);
  CHECK(begin() == "1 2 3 4 5 6 7 8");
  CHECK(uut.under_way() == lookup_budget::max);
  uut.handle_end(3);
  CHECK(begin() == "9");
  uut.handle_end(3);
  CHECK(begin() == "");
}

TEST_CASE_FIXTURE(fixture, "who has more standing is looked up first") {
  want(introduced, lookup_budget::max);
  begin();
  want(guest);
  want(known);
  want(introduced);
  want(named);
  for (auto expected : {"12", "11", "10", "9"}) {
    uut.handle_end(last - 11);
    CHECK(begin() == expected);
    ++last;
  }
}

TEST_CASE_FIXTURE(fixture, "names of strangers hold up nobody else") {
  want(guest, 5);
  want(known, 5);
  // Those that an earlier process knew come first.
  CHECK(begin() == "6 7");
  want(introduced, lookup_budget::max);
  CHECK(begin() == "11 12 13 14 15 16");
  uut.handle_end(6);
  CHECK(begin() == "17");
}

TEST_CASE_FIXTURE(fixture, "what nobody wants waits no more, or goes on") {
  want(guest, 4);
  CHECK(begin() == "1 2");
  uut.handle_unwanted(1);
  uut.handle_unwanted(3);
  CHECK(begin() == "");
  CHECK(uut.under_way() == 2);
  uut.handle_end(1);
  CHECK(begin() == "4");
}

TEST_CASE_FIXTURE(fixture, "not everybody may wait") {
  want(guest, lookup_budget::max_waiting);
  CHECK_FALSE(uut.handle_wanted(++last, guest));
  want(named);
  begin();
  want(guest, lookup_budget::max_for_strangers);
  CHECK_FALSE(uut.handle_wanted(++last, guest));
}
