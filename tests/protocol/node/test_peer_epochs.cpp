// The epochs that peers are told, and what becomes of them.

#include "directory_fixture.hpp"

using namespace test;

TEST_CASE_FIXTURE(directory_fixture, "an epoch goes on with its record") {
  CHECK(come(1) == "ok");
  auto epoch = served.at(id_of(1)).record.epoch;
  CHECK(ask(1).epoch == epoch);
  leave(1);
  rest(1, record_of(epoch));
  CHECK(ask(1).epoch == epoch);
  SUBCASE("of who comes") {
    CHECK(come(1) == "ok");
  }
  SUBCASE("of who is wanted") {
    CHECK(want(1) == "ok");
  }
  CHECK(served.at(id_of(1)).record.last_established);
}

TEST_CASE_FIXTURE(directory_fixture, "who was told an epoch finds it") {
  CHECK(come(1) == "ok");
  auto epoch = served.at(id_of(1)).record.epoch;
  auto admitted = uut->handle_request(id_of(1), now.steady);
  leave(1);
  SUBCASE("though the peer had finished") {
    rest(1, finished_record(epoch));
  }
  SUBCASE("though it came to be old") {
    rest(1, record_of(epoch));
    now.steady += settings.peers_kept.lifetime;
  }
  SUBCASE("though there are too many others") {
    settings.peers_kept.records = 2;
    start();
    CHECK(come(1) == "ok");
    epoch = served.at(id_of(1)).record.epoch;
    admitted = uut->handle_request(id_of(1), now.steady);
    rest(1, record_of(epoch));
    for (unsigned i = 2; i < 6; ++i) {
      CHECK(come(i) == "ok");
      rest(i, record_of(i));
    }
  }
  CHECK(arrive(id_of(1), admitted) == "ok");
  CHECK(served.at(id_of(1)).record.epoch == epoch);
}

TEST_CASE_FIXTURE(directory_fixture,
                  "of two first requests at once both succeed") {
  auto one = uut->handle_request(id_of(1), now.steady);
  auto other = uut->handle_request(id_of(1), now.steady);
  CHECK(one.epoch == other.epoch);
  SUBCASE("and one in between") {
    auto vain = uut->handle_request(id_of(1), now.steady);
    uut->handle_request_end(id_of(1), vain.epoch);
  }
  SUBCASE("and the peer is wanted in between") {
    introduce(1);
    CHECK(want(1) == "ok");
  }
  CHECK(arrive(id_of(1), one) == "ok");
  SUBCASE("and the first one has finished before the other one comes") {
    rest(1, finished_record(one.epoch));
  }
  CHECK(arrive(id_of(1), other) == "ok");
  CHECK(served.at(id_of(1)).record.epoch == one.epoch);
}

TEST_CASE_FIXTURE(directory_fixture,
                  "a request that comes to nothing leaves nothing") {
  SUBCASE("of a peer that is not known") {
    auto first = uut->handle_request(id_of(1), now.steady);
    uut->handle_request_end(id_of(1), first.epoch);
    CHECK(ask(1).epoch != first.epoch);
  }
  SUBCASE("of one that has finished") {
    CHECK(come(1) == "ok");
    auto admitted = uut->handle_request(id_of(1), now.steady);
    leave(1);
    rest(1, finished_record(admitted.epoch));
    CHECK(uut->records(now.steady) == 1);
    uut->handle_request_end(id_of(1), admitted.epoch);
  }
  CHECK(uut->records(now.steady) == 0);
}

TEST_CASE_FIXTURE(directory_fixture,
                  "an epoch that is lost does not begin anew") {
  CHECK(come(1) == "ok");
  auto epoch = served.at(id_of(1)).record.epoch;
  auto admitted = uut->handle_request(id_of(1), now.steady);
  SUBCASE("when the peer comes") {
    rest(1);
  }
  SUBCASE("though the peer is served again") {
    rest(1);
    CHECK(come(1) == "ok");
  }
  CHECK(arrive(id_of(1), admitted) == "epoch_ended");
  CHECK(come(1) == "ok");
  CHECK(served.at(id_of(1)).record.epoch != epoch);
}
