#include <node_proxy/protocol/node/peer_book.hpp>

#include <doctest/doctest.h>

#include "support/octets.hpp"

using namespace node_proxy;
using namespace node_proxy::internal;
using namespace std::chrono_literals;

namespace {

node_id id_of(unsigned number) {
  node_id result;
  result.data[0] = std::byte(number & 0xff);
  result.data[1] = std::byte(number >> 8);
  return result;
}

peer_record record_of(std::uint64_t epoch, std::size_t rejects = 0,
                      std::size_t unfinished = 0) {
  peer_record result{epoch};
  result.in = inbox_record{1, 2};
  result.in->used = true;
  // Of several channels.
  for (; rejects > 0; --rejects)
    result.in->channels.push_back({{}, {{rejects, {}}}, {}});
  if (unfinished > 0) {
    incoming_channel::partial half{1, 2 * unfinished};
    half.numbers.push_back({1, 1});
    half.data.reserve(unfinished);
    result.in->channels.push_back({{}, {}, half});
  }
  return result;
}

constexpr auto guest = peer_standing::guest;
constexpr auto named = peer_standing::named;

/// A book, and a clock that goes on by a second each time.
struct fixture {
  open_requests requests;
  peer_book uut{{3, 5, 3'000, 1h}, requests};
  steady_time now = 1s;

  void add(unsigned number, peer_standing standing = peer_standing::guest,
           std::size_t rejects = 0, std::size_t unfinished = 0) {
    add(number, standing, record_of(number, rejects, unfinished));
  }

  void add(unsigned number, peer_standing standing, const peer_record& record) {
    now += 1s;
    uut.handle_dormant(id_of(number), record, standing, now);
  }

  /// A stranger that has called from there.
  void add_from(unsigned number, std::uint8_t host) {
    auto record = record_of(number);
    record.called_from = ipv4{{std::byte{1}, {}, {}, std::byte{host}}};
    add(number, peer_standing::guest, record);
  }

  const incoming_channel::partial* part_of(unsigned number) {
    auto record = uut.find(id_of(number), now);
    REQUIRE(record);
    REQUIRE(record->in);
    return &*record->in->channels.back().unfinished;
  }

  /// What has arrived in part of a message of that peer.
  std::size_t bytes_of(unsigned number) {
    return part_of(number)->data.capacity();
  }

  bool knows(unsigned number) { return uut.find(id_of(number), now); }

  /// Who of the first nine is remembered.
  std::string known() {
    std::string result;
    for (unsigned i = 1; i < 10; ++i)
      if (knows(i))
        result += std::to_string(i);
    return result;
  }
};

} // namespace

TEST_CASE_FIXTURE(fixture, "a record is there until it is taken") {
  add(1);
  add(2);
  REQUIRE(uut.find(id_of(1), now));
  CHECK(uut.find(id_of(1), now)->epoch == 1);
  auto taken = uut.take(id_of(1), now);
  REQUIRE(taken);
  CHECK(taken->epoch == 1);
  CHECK(taken->in == record_of(1).in);
  CHECK(known() == "2");
  CHECK_FALSE(uut.take(id_of(1), now));
  CHECK(uut.size(now) == 1);
  uut.erase(id_of(1));
  CHECK(known() == "2");
  uut.erase(id_of(2));
  CHECK(uut.size(now) == 0);
}

TEST_CASE_FIXTURE(fixture, "of too many the oldest one goes") {
  for (auto i : {1u, 2u, 3u, 4u})
    add(i);
  CHECK(known() == "234");
  // Who came back is not old.
  REQUIRE(uut.take(id_of(2), now));
  add(2);
  add(5);
  CHECK(known() == "245");
}

TEST_CASE_FIXTURE(fixture, "who has less standing goes first") {
  add(1, named);
  add(2);
  add(3, peer_standing::introduced);
  add(4, peer_standing::known);
  CHECK(known() == "134");
  add(5, named);
  CHECK(known() == "135");
  add(6, named);
  CHECK(known() == "156");
  add(7);
  CHECK(known() == "156");
  add(8, named);
  CHECK(known() == "568");
}

TEST_CASE_FIXTURE(fixture, "empty identities drive nobody out with whom a "
                           "message was exchanged") {
  add(1);
  peer_record sent{2};
  sent.out.next = 1;
  add(2, guest, sent);
  for (unsigned i = 100; i < 200; ++i)
    add(i, i % 2 == 0 ? guest : peer_standing::known, peer_record{i});
  CHECK(known() == "12");
  CHECK(uut.size(now) == 3);
}

TEST_CASE_FIXTURE(fixture, "who has many identities at one host drives out "
                           "his own") {
  add_from(1, 1);
  add_from(2, 2);
  for (unsigned i = 100; i < 200; ++i)
    add_from(i, 3);
  CHECK(known() == "12");
}

TEST_CASE_FIXTURE(fixture, "nobody is remembered for too long") {
  add(1, named);
  add(2);
  now += 1h - 2s;
  CHECK(known() == "12");
  now += 1s;
  CHECK(known() == "2");
  now += 1s;
  CHECK(uut.size(now) == 0);
  CHECK_FALSE(uut.take(id_of(2), now));
}

TEST_CASE_FIXTURE(fixture, "rejects have a bound of their own") {
  add(1, guest, 3);
  add(2, guest, 3);
  // With its numbers its epoch is forgotten: what it does not know to have been
  // taken would come again under the same ones.
  CHECK(known() == "2");
  REQUIRE(uut.take(id_of(2), now));
  add(3, named, 5);
  CHECK(known() == "3");
  // Those with more standing stay, and those without rejects.
  add(4, guest);
  add(5, guest, 1);
  CHECK(known() == "34");
}

TEST_CASE_FIXTURE(fixture, "what was given up counts as rejects do") {
  add(1);
  auto record = record_of(2);
  record.out.channels.push_back({{}, {{1, 2, 1}, {3, 4, 1}, {5, 6, 1}}});
  add(2, guest, record);
  add(3, guest, 2);
  CHECK(uut.find(id_of(2), now));
  add(4, guest, 1);
  CHECK_FALSE(uut.find(id_of(2), now));
  CHECK(uut.find(id_of(3), now));
}

TEST_CASE_FIXTURE(fixture, "rejects of whom has an open request stay until it "
                           "is over") {
  requests.handle_answer(id_of(1), 1);
  add(1, guest, 6);
  add(2, guest, 1);
  CHECK(known() == "1");
  CHECK(uut.find(id_of(1), now)->in == record_of(1, 6).in);
  requests.handle_end(id_of(1), 1);
  uut.handle_request_end(id_of(1));
  CHECK(known().empty());
}

TEST_CASE_FIXTURE(fixture, "messages in part have a bound of their own") {
  add(1, named, 0, 1'600);
  add(2, guest, 0, 1'401);
  // They have to come again, under numbers that are kept.
  CHECK(bytes_of(2) == 0);
  CHECK(uut.find(id_of(2), now)->in->next == 2);
  CHECK(part_of(2)->missing() == 1);
  CHECK(bytes_of(1) == 1'600);
  // One that is smaller finds room.
  add(2, guest, 0, 600);
  CHECK(bytes_of(2) == 600);
  add(3, named, 0, 700);
  CHECK(bytes_of(3) == 700);
  CHECK(bytes_of(2) == 0);
  REQUIRE(uut.take(id_of(1), now));
  add(4, guest, 0, 600);
  CHECK(bytes_of(4) == 600);
}

TEST_CASE_FIXTURE(fixture, "what is left of messages in part is bounded, too") {
  peer_book many{{100, 5, 3'000, 1h}, requests};
  requests.handle_answer(id_of(1), 1);
  for (unsigned i = 1; i <= 100; ++i)
    many.handle_dormant(id_of(i), record_of(i, 0, 10), guest, now);
  CHECK(many.size(now) > 5);
  CHECK(many.size(now) * sizeof(inbox_record::channel) < 3'000);
  CHECK(many.find(id_of(1), now));
  CHECK_FALSE(many.find(id_of(2), now));
  CHECK(many.find(id_of(100), now));
}

TEST_CASE_FIXTURE(fixture, "who is forgotten makes room for others") {
  add(1, guest, 5, 500);
  SUBCASE("because there are too many") {
    for (auto i : {2u, 3u, 4u})
      add(i);
  }
  SUBCASE("because it was long ago") {
    now += 1h;
  }
  REQUIRE_FALSE(knows(1));
  add(5, guest, 5, 500);
  CHECK(uut.find(id_of(5), now)->in);
}

TEST_CASE_FIXTURE(fixture, "a later record takes the place of an earlier one") {
  add(1, guest, 5, 500);
  uut.handle_dormant(id_of(1), record_of(9, 5, 500), named, now);
  CHECK(uut.size(now) == 1);
  CHECK(uut.find(id_of(1), now)->epoch == 9);
  CHECK(uut.find(id_of(1), now)->in);
}

TEST_CASE_FIXTURE(fixture, "who has an open request stays beyond all bounds") {
  for (auto i : {1u, 2u})
    requests.handle_answer(id_of(i), i);
  for (auto i : {1u, 2u, 3u, 4u, 5u})
    add(i);
  CHECK(known() == "125");
  now += 1h;
  CHECK(known() == "12");
  requests.handle_end(id_of(1), 1);
  uut.handle_request_end(id_of(1));
  CHECK(known() == "2");
}

TEST_CASE_FIXTURE(fixture, "who asks while there is room for none is forgotten "
                           "after that") {
  peer_book none{{0, 0, 0, 1h}, requests};
  requests.handle_answer(id_of(1), 1);
  requests.handle_answer(id_of(1), 1);
  none.handle_dormant(id_of(1), record_of(1), guest, now);
  requests.handle_end(id_of(1), 1);
  CHECK(none.size(now) == 1);
  requests.handle_end(id_of(1), 1);
  none.handle_request_end(id_of(1));
  CHECK(none.size(now) == 0);
}

TEST_CASE_FIXTURE(fixture,
                  "what has finished stays for an open request alone") {
  auto finished = record_of(1);
  finished.finished = true;
  uut.handle_dormant(id_of(1), finished, guest, now);
  CHECK(known().empty());
  requests.handle_answer(id_of(1), 1);
  uut.handle_dormant(id_of(1), finished, guest, now);
  CHECK(known() == "1");
  requests.handle_end(id_of(1), 1);
  uut.handle_request_end(id_of(1));
  CHECK(known().empty());
}

TEST_CASE("a million peers leave no more than the bound") {
  open_requests requests;
  peer_book uut{{}, requests};
  steady_time now = 1s;
  for (unsigned i = 0; i < 1'000'000; ++i) {
    auto id = id_of(i & 0xffff);
    id.data[2] = std::byte(i >> 16);
    uut.handle_dormant(id, record_of(i), guest, now += 1ms);
  }
  CHECK(uut.size(now) == 65'536);
}
