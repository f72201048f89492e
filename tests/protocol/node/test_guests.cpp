// Peers for whom nobody has vouched, and that leave with something under way.

#include "directory_fixture.hpp"

using namespace test;

TEST_CASE_FIXTURE(directory_fixture, "guests that have left are bounded") {
  settings.max_peers = 2;
  for (auto i : {1u, 2u}) {
    CHECK(come(i) == "ok");
    leave(i);
  }
  CHECK(uut->guests() == 2);
  CHECK(come(3) == "over_capacity");
  SUBCASE("until one of them comes back") {
    CHECK(come(1) == "ok");
    CHECK(come(3) == "ok");
  }
  SUBCASE("until nothing is under way with one") {
    rest(2);
    CHECK(come(3) == "ok");
  }
  SUBCASE("but for who was introduced") {
    introduce(3);
    CHECK(come(3) == "ok");
    CHECK(uut->guests() == 2);
  }
  SUBCASE("and one that is introduced is none any more") {
    introduce(2);
    CHECK(uut->guests() == 1);
    CHECK(come(3) == "ok");
  }
}

TEST_CASE_FIXTURE(directory_fixture,
                  "guests that have left keep out those of their own address") {
  settings.max_peers = 64;
  auto host = [](unsigned number) {
    return ip_address{ipv4{{std::byte{192}, std::byte{0}, std::byte{2},
                            static_cast<std::byte>(number)}}};
  };
  std::size_t next = 1;
  auto comes_and_leaves = [&](unsigned from) {
    auto result = come(id_of(next), host(from));
    if (result == "ok")
      leave(next);
    ++next;
    return result;
  };
  // They are there at once, and leave then.
  for (; next <= 64; ++next)
    CHECK(come(id_of(next), host(1)) == "ok");
  for (std::size_t i = 1; i <= 64; ++i)
    leave(i);
  CHECK(comes_and_leaves(1) == "over_capacity");
  // Of the first source one counts, so there is room for 63 others.
  for (unsigned from = 2; from <= 64; ++from) {
    CHECK(comes_and_leaves(from) == "ok");
    CHECK(comes_and_leaves(from) == "over_capacity");
  }
  CHECK(comes_and_leaves(65) == "over_capacity");
  // The first one of the second source.
  rest(66);
  CHECK(comes_and_leaves(65) == "ok");
}

TEST_CASE_FIXTURE(directory_fixture,
                  "answers wait for a bounded number of guests") {
  settings.max_peers = 2;
  for (std::size_t i = 1; i < 8; ++i) {
    CHECK(come(i) == "ok");
    leave(i);
    rest(i, record_of(i));
  }
  CHECK(want(1) == "ok");
  CHECK(want(2) == "ok");
  CHECK(want(3) == "outbox_full");
  // They are dialled, and leave again if all places are taken.
  tell(id_of(1), peer_connected{});
  tell(id_of(2), peer_connected{});
  CHECK(want(3) == "ok");
  CHECK(want(4) == "ok");
  tell(id_of(3), peer_connected{});
  tell(id_of(4), peer_connected{});
  CHECK(displaced == std::vector{id_of(3), id_of(4)});
  CHECK(want(5) == "outbox_full");
  introduce(5);
  CHECK(want(5) == "ok");
}
