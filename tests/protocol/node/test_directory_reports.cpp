// What operators are told of peers that cannot be connected.

#include <node_proxy/protocol/node/visit_quota.hpp>

#include "directory_fixture.hpp"

using namespace test;

TEST_CASE_FIXTURE(directory_fixture, "trouble is told once, until it is over") {
  CHECK(come(1) == "ok");
  auto id = id_of(1);
  auto refused = [&](connect_reply_error reason) {
    return tell(id, peer_refused{reason});
  };
  CHECK(tell(id, peer_unreachable{}));
  CHECK_FALSE(tell(id, peer_unreachable{}));
  CHECK(refused(connect_reply_error::denied));
  CHECK_FALSE(refused(connect_reply_error::denied));
  CHECK(refused(connect_reply_error::over_capacity));
  CHECK(tell(id, peer_connected{}));
  CHECK(refused(connect_reply_error::over_capacity));
  CHECK(tell(id, peer_unreachable{}));
}

TEST_CASE_FIXTURE(directory_fixture,
                  "who was dialled in vain and then not at all is told twice") {
  CHECK(come(1) == "ok");
  CHECK(tell(id_of(1), peer_unreachable{dial_error::timed_out}));
  CHECK(tell(id_of(1), peer_unreachable{obstacle_kind::no_address}));
  CHECK_FALSE(tell(id_of(1), peer_unreachable{obstacle_kind::no_address}));
}

TEST_CASE_FIXTURE(directory_fixture, "whom policy denies is told of once") {
  settings.admission.allow(id_of(1));
  ask(1);
  act();
  CHECK(turned_away.empty());
  ask(2);
  ask(2);
  ask(3);
  act();
  using enum connect_reply_error;
  CHECK(turned_away
        == decltype(turned_away){{id_of(2), denied}, {id_of(3), denied}});
}

TEST_CASE_FIXTURE(directory_fixture, "for whom there is no room is told of") {
  settings.max_peers = 1;
  CHECK(come(1) == "ok");
  for (auto i : {2u, 2u, 3u})
    ask(i);
  act();
  using enum connect_reply_error;
  CHECK(turned_away
        == decltype(turned_away){{id_of(2), over_capacity},
                                 {id_of(3), over_capacity}});
  rest(1);
  CHECK(come(2) == "ok");
  rest(2);
  CHECK(come(1) == "ok");
  // It was here meanwhile.
  for (auto i : {2u, 3u})
    ask(i);
  act();
  CHECK(turned_away.size() == 3);
}

TEST_CASE_FIXTURE(directory_fixture, "whose place is taken meanwhile is told") {
  settings.max_peers = 1;
  auto admitted = uut->handle_request(id_of(2), now.steady);
  CHECK(come(1) == "ok");
  CHECK(turned_away.empty());
  CHECK(arrive(id_of(2), admitted) == "over_capacity");
  CHECK(turned_away.size() == 1);
}

TEST_CASE_FIXTURE(directory_fixture,
                  "of too many whom policy denies there is a number") {
  settings.admission.allow(id_of(1));
  constexpr auto most = static_cast<std::size_t>(visit_quota::max);
  for (std::size_t i = 0; i < most + 5; ++i) {
    node_id id;
    id.data[0] = static_cast<std::byte>(i);
    id.data[1] = std::byte{1};
    static_cast<void>(uut->handle_request(id, now.steady));
  }
  wait(1ms);
  CHECK(turned_away.size() == most);
  CHECK(left_out == 5);
}

TEST_CASE_FIXTURE(directory_fixture,
                  "what strangers have happen all the time is told sometimes") {
  CHECK(come(1) == "ok");
  int told = 1;
  for (int i = 0; i < 1'000; ++i)
    told +=
      tell(id_of(1), peer_resumed{1}) + tell(id_of(1), peer_key_shared{false});
  CHECK(told == visit_quota::max);
  wait(1ms);
  CHECK(left_out == 2'001 - told);
  // Of others it is told each time.
  introduce(2);
  CHECK(come(2) == "ok");
  for (int i = 0; i < 1'000; ++i)
    CHECK(tell(id_of(2), peer_resumed{1}));
}

TEST_CASE_FIXTURE(directory_fixture,
                  "what a stranger says of the key of this node is not told") {
  CHECK(come(1) == "ok");
  CHECK_FALSE(tell(id_of(1), peer_key_shared{true}));
  introduce(2);
  CHECK(come(2) == "ok");
  CHECK(tell(id_of(2), peer_key_shared{true}));
}
