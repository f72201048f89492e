// Who may come, who is served, what is remembered.

#include "directory_fixture.hpp"

using namespace test;

// -- who is served ------------------------------------------------------------

TEST_CASE_FIXTURE(directory_fixture,
                  "a node of which nothing is known is unknown") {
  CHECK(want(1) == "unknown_node");
  introduce(1);
  CHECK(want(1) == "ok");
  CHECK(served.contains(id_of(1)));
}

TEST_CASE_FIXTURE(directory_fixture,
                  "this node and whoever is denied are not served") {
  settings.admission.deny(id_of(1));
  introduce(1);
  CHECK(want(0) == "wrong_target");
  CHECK(want(1) == "denied");
  CHECK(come(1) == "denied");
  CHECK(want(twin_of(id_of(1))) == "denied");
}

TEST_CASE_FIXTURE(directory_fixture,
                  "an id that is no point of the curve is unknown") {
  node_id nobody;
  nobody.data.fill(std::byte{0xff});
  CHECK(want(nobody) == "unknown_node");
}

TEST_CASE_FIXTURE(directory_fixture, "of two ids of one key one is served") {
  auto twin = twin_of(id_of(1));
  auto one = uut->handle_request(id_of(1), now.steady);
  auto other = uut->handle_request(twin, now.steady);
  CHECK_FALSE(other.facts.twin_connected);
  CHECK(arrive(id_of(1), one) == "ok");
  CHECK(arrive(twin, other) == "denied");
  CHECK(want(twin) == "denied");
  CHECK(uut->handle_request(twin, now.steady).facts.twin_connected);
  SUBCASE("while something is under way") {
    leave(1);
    CHECK(come(twin) == "denied");
  }
  SUBCASE("until it is served no more") {
    rest(1);
    CHECK(come(twin) == "ok");
  }
}

TEST_CASE_FIXTURE(directory_fixture,
                  "a request that comes in another way is answered as in a "
                  "handshake") {
  settings.max_peers = 1;
  settings.admission.deny(id_of(3));
  introduce(1);
  introduce(2);
  CHECK(come(1) == "ok");
  auto answer = [this](const node_id& from, std::uint64_t version = 1) {
    connect_request request{version, version, from, id_of(0), 0, 0};
    auto asked = uut->handle_request(from, now.steady);
    uut->handle_request_end(from, asked.epoch);
    auto reply = uut->answer(request);
    CHECK(reply == answer_request(request, id_of(0), asked.facts));
    auto ok = std::get_if<connect_reply_ok>(&reply.result);
    return ok ? "adverts " + std::to_string(ok->node_advert_ver.own) + " and "
                  + std::to_string(ok->node_advert_ver.known)
              : std::string{
                to_string(std::get<connect_reply_error>(reply.result))};
  };
  CHECK(answer(id_of(1)) == "adverts 1 and 1");
  CHECK(answer(id_of(1), 2) == "incompatible");
  CHECK(answer(id_of(2)) == "over_capacity");
  CHECK(answer(id_of(3)) == "denied");
  CHECK(answer(twin_of(id_of(1))) == "denied");
  CHECK(answer(id_of(0)) == "denied");
}

TEST_CASE_FIXTURE(directory_fixture,
                  "when the node stops nobody else is served") {
  introduce(1);
  CHECK(come(2) == "ok");
  auto admitted = uut->handle_request(id_of(3), now.steady);
  uut->handle_shutdown();
  CHECK(want(1) == "shutting_down");
  CHECK(arrive(id_of(3), admitted) == "shutting_down");
  CHECK(come(2) == "ok");
}

TEST_CASE("what an arrival is told") {
  using enum control::goodbye_reason;
  CHECK(goodbye_of(arrival_error::denied) == denied);
  CHECK(goodbye_of(arrival_error::over_capacity) == over_capacity);
  CHECK(goodbye_of(arrival_error::shutting_down) == shutdown);
  CHECK(goodbye_of(arrival_error::epoch_ended) == std::nullopt);
}

// -- room ---------------------------------------------------------------------

TEST_CASE_FIXTURE(directory_fixture,
                  "more than there is room for do not come") {
  settings.max_peers = 2;
  CHECK(come(1) == "ok");
  CHECK(come(2) == "ok");
  CHECK(come(3) == "over_capacity");
  SUBCASE("but who is here may come again") {
    CHECK(come(1) == "ok");
  }
  SUBCASE("until one has left") {
    leave(1);
    CHECK(come(3) == "ok");
    CHECK(come(1) == "over_capacity");
  }
  CHECK(uut->connected() == 2);
}

TEST_CASE_FIXTURE(directory_fixture,
                  "whoever has proven itself counts, though it is not "
                  "said to be connected yet") {
  settings.max_peers = 1;
  auto one = uut->handle_request(id_of(1), now.steady);
  auto two = uut->handle_request(id_of(2), now.steady);
  CHECK_FALSE(two.facts.over_capacity);
  CHECK(arrive(id_of(1), one) == "ok");
  CHECK(arrive(id_of(2), two) == "over_capacity");
}

TEST_CASE_FIXTURE(directory_fixture,
                  "whoever has proven itself and is not connected "
                  "leaves its place to others") {
  settings.max_peers = 1;
  introduce(1);
  introduce(2);
  CHECK(come(1) == "ok");
  // Of two connections of a peer one is kept: of the other nobody says a word.
  CHECK(arrive(id_of(1), uut->handle_request(id_of(1), now.steady)) == "ok");
  leave(1);
  auto until = now.steady + settings.arrival_timeout();
  uut->handle_timeout(until - 1ns);
  CHECK(come(2) == "over_capacity");
  CHECK(*uut->poll_timeout() <= until);
  uut->handle_timeout(until);
  CHECK(come(2) == "ok");
}

TEST_CASE_FIXTURE(directory_fixture, "for a permanent peer there is room") {
  settings.max_peers = 1;
  introduce(1);
  CHECK(come(1) == "ok");
  uut->handle_permanence(id_of(2), connection_permanence::permanent);
  CHECK(come(2) == "ok");
  CHECK(displaced == std::vector{id_of(1)});
  // Also if there is nobody to make it.
  uut->handle_permanence(id_of(3), connection_permanence::permanent);
  CHECK(come(3) == "ok");
  CHECK(displaced.size() == 1);
}

TEST_CASE_FIXTURE(directory_fixture, "who has more standing takes the place of "
                                     "one that has less") {
  // Those whom an earlier process knew stand between guests and introduced
  // ones.
  for (auto i : {1u, 2u}) {
    come(i);
    uut->handle_advert(advert_of(i));
  }
  write();
  settings.max_peers = 3;
  start();
  introduce(3);
  for (auto i : {5u, 6u, 1u})
    CHECK(come(i) == "ok");
  CHECK(come(7) == "over_capacity");
  CHECK(displaced.empty());
  CHECK(come(2) == "ok");
  CHECK(displaced == std::vector{id_of(5)});
  CHECK(come(3) == "ok");
  CHECK(displaced == std::vector{id_of(5), id_of(6)});
  // What they had under way goes on, and they may come again if there is room.
  CHECK(served.contains(id_of(5)));
  leave(5, control::goodbye_reason::over_capacity);
  leave(6, control::goodbye_reason::over_capacity);
  CHECK(come(5) == "over_capacity");
  CHECK(uut->connected() == 3);
  leave(1);
  CHECK(come(5) == "ok");
}

TEST_CASE_FIXTURE(directory_fixture,
                  "strangers that come and go all the time are "
                  "not reported each time") {
  auto visit = [this](std::size_t index) {
    come(index);
    auto reported = tell(id_of(index), peer_disconnected{});
    rest(index);
    return reported;
  };
  for (int i = 0; i < visit_quota::max; ++i)
    CHECK(visit(1));
  CHECK_FALSE(visit(1));
  CHECK_FALSE(visit(2));
  introduce(3);
  CHECK(visit(3));
  wait(1ms);
  // Both began and ended.
  CHECK(left_out == 4);
  wait(visit_quota::interval);
  CHECK(visit(2));
}

TEST_CASE_FIXTURE(directory_fixture,
                  "whom this node has dialled needs a place, "
                  "too") {
  settings.max_peers = 1;
  CHECK(come(1) == "ok");
  introduce(2);
  CHECK(want(2) == "ok");
  CHECK(displaced.empty());
  tell(id_of(2), peer_connected{});
  CHECK(displaced == std::vector{id_of(1)});
}

TEST_CASE_FIXTURE(directory_fixture, "whom this node has dialled leaves if all "
                                     "others stand as high") {
  settings.max_peers = 1;
  CHECK(come(2) == "ok");
  leave(2);
  rest(2, record_of(2));
  CHECK(come(1) == "ok");
  CHECK(want(2) == "ok");
  tell(id_of(2), peer_connected{});
  CHECK(displaced == std::vector{id_of(2)});
  CHECK(uut->here() == 1);
  SUBCASE("but not one that is to be kept") {
    uut->handle_permanence(id_of(2), connection_permanence::permanent);
    tell(id_of(2), peer_connected{});
    CHECK(displaced == std::vector{id_of(2), id_of(1)});
  }
}

// -- adverts ------------------------------------------------------------------

TEST_CASE_FIXTURE(directory_fixture, "introductions are checked") {
  auto refusal = [this](const node_advert& advert) {
    auto reply = uut->handle_introduction(advert);
    auto reason = std::get_if<node_advert_refusal>(&reply.result);
    return std::string{reason ? to_string(*reason) : "accepted"};
  };
  CHECK(refusal(advert_of(0)) == "wrong_node");
  auto forged = advert_of(1);
  forged.version = 2;
  CHECK(refusal(forged) == "bad_signature");
  CHECK(refusal(advert_of(1, 5)) == "accepted");
  CHECK(refusal(advert_of(1, 5)) == "stale");
  CHECK(refusal(advert_of(1, 4)) == "stale");
}

TEST_CASE_FIXTURE(directory_fixture,
                  "who is served is told of its introduction") {
  introduce(1);
  CHECK(want(1) == "ok");
  uut->handle_introduction(advert_of(1, 2));
  auto action = uut->poll_action();
  REQUIRE(action);
  CHECK(std::get<introduce_peer>(*action).advert.version == 2);
  // It says nothing new.
  uut->handle_introduction(advert_of(1, 2));
  CHECK_FALSE(uut->poll_action());
}

TEST_CASE_FIXTURE(directory_fixture, "only newer adverts are news") {
  CHECK(come(1) == "ok");
  CHECK(uut->handle_advert(advert_of(1, 2)));
  CHECK_FALSE(uut->handle_advert(advert_of(1, 2)));
  CHECK_FALSE(uut->handle_advert(advert_of(1, 1)));
  CHECK(uut->adverts().version(id_of(1)) == 2);
}

TEST_CASE_FIXTURE(directory_fixture,
                  "strangers are forgotten, others are not") {
  settings.adverts_kept.unheld = 1;
  settings.configured = {id_of(1)};
  start();
  introduce(1);
  introduce(3);
  uut->handle_permanence(id_of(3), connection_permanence::permanent);
  CHECK(come(4) == "ok");
  uut->handle_advert(advert_of(4));
  for (std::size_t i = 5; i < 9; ++i)
    introduce(i);
  CHECK(uut->adverts().size() == 4);
  for (auto i : {1u, 3u, 4u, 8u})
    CHECK(uut->adverts().find(id_of(i)));
  rest(4);
  CHECK(uut->adverts().size() == 3);
  CHECK(want(5) == "unknown_node");
}

TEST_CASE_FIXTURE(directory_fixture,
                  "the own advert has ever higher versions") {
  CHECK(uut->advert()->version == 1);
  REQUIRE(uut->handle_local_addresses({}, 1, now));
  CHECK(uut->advert()->version == 2);
  REQUIRE(uut->handle_local_addresses({}, 100, now));
  CHECK(uut->advert()->version == 100);
  REQUIRE(uut->handle_overtaken({99}, now));
  CHECK(uut->advert()->version == 100);
  REQUIRE(uut->handle_overtaken({200}, now));
  CHECK(uut->advert()->version == 201);
  write();
  start();
  CHECK(uut->advert()->version == 202);
}

TEST_CASE_FIXTURE(directory_fixture,
                  "no advert follows one of the highest version") {
  constexpr auto highest = std::numeric_limits<std::uint64_t>::max();
  auto error = [](const auto& result) {
    REQUIRE_FALSE(result);
    return result.error();
  };
  CHECK(error(uut->handle_overtaken({highest}, now))
        == issue_error::no_version_left);
  CHECK(uut->advert()->version == 1);
  REQUIRE(uut->handle_overtaken({highest - 1}, now));
  CHECK(uut->advert()->version == highest);
  CHECK(error(uut->handle_local_addresses({}, 1, now))
        == issue_error::no_version_left);
  CHECK(error(uut->handle_overtaken({highest}, now))
        == issue_error::no_version_left);
  CHECK(uut->advert()->version == highest);
}

TEST_CASE_FIXTURE(directory_fixture,
                  "an advert that cannot be signed leaves the last "
                  "one") {
  std::vector<weighted_address> many(limits::advert_addresses + 1);
  auto result = uut->handle_local_addresses(many, 1, now);
  REQUIRE_FALSE(result);
  CHECK(result.error() == issue_error::bad_addresses);
  CHECK(uut->advert()->version == 1);
}

// -- who stands where ---------------------------------------------------------

TEST_CASE_FIXTURE(directory_fixture, "a peer stands as others speak for it") {
  using enum peer_standing;
  auto standing = [this](std::size_t index) {
    return served.at(id_of(index)).standing;
  };
  settings.admission.deny(id_of(9));
  settings.admission.deny(id_of(2));
  introduce(1);
  CHECK(want(1) == "ok");
  CHECK(standing(1) == introduced);
  CHECK(come(3) == "ok");
  CHECK(standing(3) == guest);
  CHECK(uut->handle_advert(advert_of(3, 2)));
  CHECK(standing(3) == guest);
  uut->handle_permanence(id_of(3), connection_permanence::permanent);
  act();
  CHECK(standing(3) == named);
  uut->handle_permanence(id_of(3), connection_permanence::ephemeral);
  act();
  CHECK(standing(3) == guest);
  introduce(3);
  CHECK(standing(3) == introduced);
}

TEST_CASE_FIXTURE(directory_fixture,
                  "who came by itself is known to the next process") {
  CHECK(come(1) == "ok");
  CHECK(uut->handle_advert(advert_of(1)));
  introduce(2);
  // Somebody who sends to a Node Proxy may introduce its peer to that alone.
  auto named_by_others = advert_of(2, 2);
  named_by_others.addrs = {{tcp_addr{ipv4{}, 1}, 1}};
  remember(id_of(2),
           [&](address_memory& x) { x.handle_introduction(named_by_others); });
  write();
  start();
  CHECK(want(1) == "ok");
  CHECK(want(2) == "ok");
  CHECK(served.at(id_of(1)).standing == peer_standing::known);
  CHECK(served.at(id_of(2)).standing == peer_standing::introduced);
  CHECK(uut->guests() == 0);
}

TEST_CASE_FIXTURE(directory_fixture,
                  "a stranger is sought as often as it has earned that") {
  CHECK(come(1) == "ok");
  CHECK(uut->handle_advert(advert_of(1)));
  leave(1);
  rest(1);
  wait(1h);
  CHECK(sought.empty());
  CHECK(come(1) == "ok");
  leave(1);
  rest(1);
  wait(3s);
  CHECK(sought.contains(id_of(1)));
  remember(id_of(1), [](address_memory& x) { x.handle_dial(); });
  rest(1);
  sought.clear();
  wait(1h);
  CHECK(sought.empty());
}

// -- what survives ------------------------------------------------------------

TEST_CASE_FIXTURE(directory_fixture,
                  "permanent peers and adverts survive a restart") {
  introduce(1);
  introduce(2);
  uut->handle_permanence(id_of(1), connection_permanence::permanent);
  uut->handle_permanence(id_of(2), connection_permanence::permanent);
  uut->handle_permanence(id_of(2), connection_permanence::ephemeral);
  write();
  start();
  REQUIRE(served.size() == 1);
  CHECK(served.at(id_of(1)).permanent);
  CHECK(served.at(id_of(1)).known->advert == advert_of(1));
  CHECK(uut->adverts().version(id_of(2)) == 1);
  CHECK_FALSE(uut->poll_changes(now.steady)->nodes.contains(id_of(1)));
}

TEST_CASE_FIXTURE(directory_fixture,
                  "a permanent peer that is denied is told of") {
  introduce(1);
  uut->handle_permanence(id_of(1), connection_permanence::permanent);
  write();
  settings.admission.deny(id_of(1));
  start();
  CHECK(served.empty());
  CHECK(denied == 1);
}

TEST_CASE_FIXTURE(directory_fixture, "what is forgotten is so on disk") {
  settings.adverts_kept.unheld = 1;
  start();
  introduce(1);
  CHECK(come(1) == "ok");
  leave(1);
  write();
  CHECK(stored.nodes.size() == 1);
  CHECK(stored.connected_peers.size() == 1);
  rest(1);
  introduce(2);
  write();
  REQUIRE(stored.nodes.size() == 1);
  CHECK(stored.nodes[0].advert.id == id_of(2));
  CHECK(stored.connected_peers.empty());
}

// -- who was lost -------------------------------------------------------------

TEST_CASE_FIXTURE(directory_fixture,
                  "the next process dials those who were connected") {
  for (std::size_t i = 1; i < 6; ++i) {
    introduce(i);
    CHECK(come(i) == "ok");
  }
  CHECK(come(6) == "ok"); // nobody knows where it is
  leave(1, control::goodbye_reason::idle);
  tell(id_of(2), peer_refused{});
  leave(3, close_reason::lost);
  uut->handle_shutdown();
  leave(4, control::goodbye_reason::shutdown);
  write();
  start();
  CHECK(served.empty());
  wait(comeback::dial_time);
  CHECK(sought == std::set{id_of(3), id_of(4), id_of(5)});
  CHECK(served.size() == 3);
}

TEST_CASE_FIXTURE(directory_fixture,
                  "a lost peer that becomes denied is given up") {
  introduce(1);
  CHECK(come(1) == "ok");
  write();
  settings.admission.deny(id_of(1));
  start();
  wait(1h);
  write();
  CHECK(sought.empty());
  CHECK(stored.connected_peers.empty());
}

TEST_CASE_FIXTURE(directory_fixture,
                  "one that is back brings the others back") {
  for (std::size_t i = 1; i < 6; ++i) {
    introduce(i);
    CHECK(come(i) == "ok");
  }
  for (std::size_t i = 1; i < 6; ++i) {
    leave(i);
    rest(i);
  }
  CHECK(sought.empty());
  wait(comeback::probe_interval * 3 / 2);
  CHECK_FALSE(sought.empty());
  CHECK(sought.size() < 3);
  tell(*sought.begin(), peer_connected{});
  wait(comeback::dial_time);
  CHECK(sought.size() == 5);
}

TEST_CASE_FIXTURE(directory_fixture,
                  "who was lost is searched when a visitor has left") {
  introduce(1);
  CHECK(come(1) == "ok");
  wait(comeback::way_back_interval);
  leave(1);
  rest(1);
  CHECK(come(2) == "ok");
  wait(comeback::dial_time);
  CHECK(sought == std::set{id_of(1)});
  // That was in vain.
  rest(1);
  sought.clear();
  wait(1min);
  CHECK(sought.empty());
  SUBCASE("in good order") {
    leave(2, control::goodbye_reason::idle);
  }
  SUBCASE("without a word, and nobody knows where it is") {
    leave(2);
  }
  rest(2);
  wait(comeback::probe_interval * 3 / 2);
  CHECK(sought == std::set{id_of(1)});
}

TEST_CASE_FIXTURE(directory_fixture, "those that try anyhow are not to wait") {
  introduce(1);
  CHECK(want(1) == "ok");
  auto admitted = uut->handle_request(id_of(2), now.steady);
  CHECK(arrive(id_of(2), admitted) == "ok");
  uut->handle_event(id_of(2), peer_connected{}, now.steady);
  auto action = uut->poll_action();
  REQUIRE(action);
  CHECK(std::get<hurry_peer>(*action).id == id_of(1));
  CHECK_FALSE(uut->poll_action());
}

// -- who goes before strangers ------------------------------------------------

TEST_CASE_FIXTURE(directory_fixture, "a peer that somebody named is known") {
  CHECK_FALSE(ask(1).known);
  SUBCASE("by its advert") {
    introduce(1);
  }
  SUBCASE("by a wish to keep it connected") {
    uut->handle_permanence(id_of(1), connection_permanence::permanent);
  }
  SUBCASE("by a list of those who may come") {
    settings.admission.allow(id_of(1));
  }
  CHECK(ask(1).known);
}

TEST_CASE_FIXTURE(directory_fixture, "a peer that only comes is a stranger") {
  REQUIRE(come(1) == "ok");
  CHECK_FALSE(ask(1).known);
  CHECK(uut->handle_advert(advert_of(1)));
  CHECK_FALSE(ask(1).known);
  write();
  start();
  CHECK_FALSE(ask(1).known);
}

TEST_CASE_FIXTURE(directory_fixture,
                  "a peer that must not come is a stranger") {
  introduce(1);
  settings.admission.deny(id_of(1));
  CHECK_FALSE(ask(1).known);
}
