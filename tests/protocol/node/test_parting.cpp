// Peers that an operator wants disconnected or forgotten.

#include "directory_fixture.hpp"

using namespace test;

namespace {

struct fixture : directory_fixture {
  parting_result disconnection(std::size_t index) {
    return uut->disconnection(id_of(index), now.steady);
  }

  node_parting loss(std::size_t index) {
    return uut->loss(id_of(index), now.steady);
  }

  void forget(std::size_t index) {
    uut->handle_forgotten(id_of(index));
    act();
  }

  void answer_forget(std::size_t index, bool agreed) {
    uut->handle_forget_answer(id_of(index), agreed);
    act();
  }

  void set_permanent(std::size_t index) {
    uut->handle_permanence(id_of(index), connection_permanence::permanent);
    act();
  }

  bool is_stored(std::size_t index) {
    write();
    return std::ranges::any_of(stored.nodes, [&](const known_node& x) {
      return x.advert.id == id_of(index);
    });
  }
};

} // namespace

TEST_CASE_FIXTURE(fixture, "who is known may be disconnected, unless its "
                           "connection is to be kept up") {
  CHECK(disconnection(0) == parting_result::unknown);
  CHECK(disconnection(1) == parting_result::unknown);
  introduce(1);
  CHECK(disconnection(1) == parting_result::ok);
  CHECK(come(2) == "ok");
  CHECK(disconnection(2) == parting_result::ok);
  set_permanent(1);
  CHECK(disconnection(1) == parting_result::permanent);
}

TEST_CASE_FIXTURE(fixture, "what is lost with a peer is said before") {
  CHECK(loss(0).result == parting_result::unknown);
  CHECK(loss(1).result == parting_result::unknown);
  introduce(1);
  CHECK(loss(1) == node_parting{parting_result::ok, 0, 0, true, false, false});
  set_permanent(1);
  CHECK(loss(1).permanence);
  CHECK(come(2) == "ok");
  rest(2, record_of(7));
  CHECK(loss(2) == node_parting{parting_result::ok, 0, 0, false, false, true});
}

TEST_CASE_FIXTURE(fixture, "a peer that is not served is forgotten at once") {
  introduce(1);
  set_permanent(1);
  REQUIRE(come(1) == "ok");
  rest(1, record_of(7));
  REQUIRE(is_stored(1));
  forget(1);
  CHECK(loss(1).result == parting_result::unknown);
  CHECK_FALSE(uut->record(id_of(1), now.steady));
  CHECK_FALSE(uut->is_permanent(id_of(1)));
  CHECK_FALSE(is_stored(1));
  CHECK(stored.permanent_peers.empty());
  CHECK(stored.connected_peers.empty());
  CHECK(want(1) == "unknown_node");
  // Nor does the next process know it.
  start();
  CHECK(want(1) == "unknown_node");
}

TEST_CASE_FIXTURE(fixture, "whoever holds the advert does not keep it") {
  settings.admission.allow(id_of(1));
  introduce(1);
  forget(1);
  CHECK(uut->adverts().size() == 0);
  SUBCASE("but it is held when it comes again") {
    introduce(1);
    CHECK(uut->adverts().loose() == 0);
  }
}

TEST_CASE_FIXTURE(fixture, "a served peer is forgotten when it is no more") {
  introduce(1);
  REQUIRE(come(1) == "ok");
  forget(1);
  CHECK(uut->adverts().find(id_of(1)));
  leave(1, control::goodbye_reason::idle);
  SUBCASE("once that has ended") {
    rest(1, record_of(7));
    CHECK(loss(1).result == parting_result::unknown);
    CHECK_FALSE(is_stored(1));
  }
  SUBCASE("even if its record is lost") {
    rest(1);
    CHECK(loss(1).result == parting_result::unknown);
  }
  SUBCASE("unless it comes before") {
    tell(id_of(1), peer_connected{});
    rest(1, record_of(7));
    CHECK(loss(1).advert);
    CHECK(loss(1).record);
  }
  SUBCASE("unless somebody tells of it") {
    introduce(1);
    rest(1, record_of(7));
    CHECK(loss(1).advert);
  }
  SUBCASE("unless it is to be kept connected again") {
    set_permanent(1);
    rest(1, record_of(7));
    CHECK(loss(1).permanence);
  }
}

TEST_CASE_FIXTURE(fixture, "those who serve a peer are asked whether it may be "
                           "forgotten") {
  introduce(1);
  set_permanent(1);
  REQUIRE(come(1) == "ok");
  uut->handle_forget_question(id_of(1));
  SUBCASE("and agree") {
    answer_forget(1, true);
    CHECK_FALSE(uut->is_permanent(id_of(1)));
    rest(1, record_of(7));
    CHECK(loss(1).result == parting_result::unknown);
  }
  SUBCASE("and do not") {
    answer_forget(1, false);
    CHECK(uut->is_permanent(id_of(1)));
    rest(1, record_of(7));
    CHECK(loss(1).advert);
    CHECK(loss(1).record);
  }
  SUBCASE("and agree, but somebody tells of it meanwhile") {
    introduce(1);
    answer_forget(1, true);
    CHECK_FALSE(uut->is_permanent(id_of(1)));
    rest(1, record_of(7));
    CHECK(loss(1).advert);
    CHECK(loss(1).record);
  }
  SUBCASE("and agree, and it becomes permanent behind that") {
    answer_forget(1, true);
    set_permanent(1);
    rest(1, record_of(7));
    CHECK(loss(1).permanence);
    CHECK(loss(1).record);
  }
}

TEST_CASE_FIXTURE(fixture, "what a peer is told stays true") {
  REQUIRE(come(1) == "ok");
  SUBCASE("of one that is not served") {
    rest(1, record_of(7));
    auto told = uut->handle_request(id_of(1), now.steady);
    CHECK(loss(1).result == parting_result::under_way);
    uut->handle_request_end(id_of(1), told.epoch);
    CHECK(loss(1).result == parting_result::ok);
  }
  SUBCASE("of one that is about to be forgotten") {
    forget(1);
    auto told = uut->handle_request(id_of(1), now.steady);
    rest(1, record_of(told.epoch));
    CHECK(arrive(id_of(1), told) == "ok");
  }
}
