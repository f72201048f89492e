// What waits for strangers, and unreliable messages of theirs, all together.

#include <node_proxy/protocol/delivery/stranger_budget.hpp>

#include <list>
#include <memory>

#include <node_proxy/protocol/delivery/unreliable.hpp>

#include "outbox_fixture.hpp"

using namespace test;

namespace {

constexpr auto spared = stranger_backlog::spared;
constexpr std::uint64_t all = 8'000'000;
const deadline never = steady_time{1h};

std::shared_ptr<stranger_budget> new_budget() {
  return std::make_shared<stranger_budget>(all, 1'000);
}

/// An outbox for a stranger.
struct answers {
  explicit answers(std::shared_ptr<stranger_budget> budget)
    : uut(holding(100'000'000), {}, std::move(budget)) {
    uut.handle_standing(true);
  }

  bool send(std::size_t size) {
    return uut.handle_send(0, ordered_to("a"), split(bytes(size)), never,
                           at(0s));
  }

  /// @returns how many messages of this size found room.
  std::uint64_t fill(std::size_t size) {
    std::uint64_t result = 0;
    while (send(size))
      ++result;
    return result;
  }

  outbox uut;
};

struct unread_messages {
  explicit unread_messages(std::shared_ptr<stranger_budget> budget)
    : uut(100'000'000, std::move(budget)) {
    uut.handle_standing(true);
  }

  std::uint64_t fill(std::size_t size) {
    std::uint64_t result = 0;
    while (
      uut.handle_send(0, ordered_to("a"), split(bytes(size)), never, at(0s)))
      ++result;
    return result;
  }

  unreliable_outbox uut;
};

/// A stranger that sends unreliable messages.
struct unreliable_stranger {
  explicit unreliable_stranger(std::shared_ptr<stranger_budget> budget)
    : account(std::move(budget)) {
    account.set_counts(true);
  }

  bool whole(std::string_view target, std::size_t size) {
    return uut.handle_chunk(engine_name{target}, true, bytes(size)).has_value();
  }

  void part(std::string_view target, std::size_t size) {
    CHECK_FALSE(uut.handle_chunk(engine_name{target}, false, bytes(size)));
  }

  std::uint64_t fill(std::string_view target, std::size_t size) {
    std::uint64_t result = 0;
    while (whole(target, size))
      ++result;
    return result;
  }

  stranger_account account;
  unreliable_inbox uut{100'000'000, 1'000'000, account};
};

} // namespace

TEST_CASE("what waits for strangers leaves half to what comes of them") {
  auto budget = new_budget();
  std::list<answers> those;
  for (int i = 0; i < 100; ++i)
    CHECK(those.emplace_back(budget).fill(10'000) > 0);
  CHECK(budget->used() > all / 3);
  CHECK(budget->used() <= all / 2);
  CHECK(budget->free_for_backlog() >= 0);
  those.clear();
  CHECK(budget->used() == 0);
}

TEST_CASE("the first stranger that takes no answers leaves half to others") {
  auto budget = new_budget();
  answers first{budget};
  auto its = first.fill(10'000);
  CHECK(its * (10'000 + outbox::memory_overhead) <= all / 4 + spared);
  answers second{budget};
  CHECK(second.fill(10'000) >= its / 3);
}

TEST_CASE("some answers find room whoever else takes none") {
  auto budget = new_budget();
  budget->add(all);
  answers uut{budget};
  CHECK(uut.fill(1'000) == spared / (1'000 + outbox::memory_overhead));
  CHECK(budget->used() == all);
}

TEST_CASE("what waits counts until it is taken") {
  auto budget = new_budget();
  answers uut{budget};
  CHECK(uut.send(1'000'000));
  CHECK(budget->used() == 1'000'000 + outbox::memory_overhead - spared);
  SUBCASE("or has failed") {
    uut.uut.handle_failure(send_error::shutting_down,
                           send_failure::unconfirmed_cause::shutting_down);
  }
  SUBCASE("or the peer is a stranger no more") {
    uut.uut.handle_standing(false);
    CHECK(budget->used() == 0);
    CHECK(uut.send(all));
    CHECK(budget->used() == 0);
    uut.uut.handle_standing(true);
    CHECK(budget->used() > all);
    CHECK_FALSE(uut.send(1));
    uut.uut.handle_standing(false);
  }
  SUBCASE("or expires") {
    uut.uut.handle_timeout(at(2h), send_error::expired);
  }
  CHECK(budget->used() == 0);
}

TEST_CASE("the size that never finds room is known before") {
  auto budget = new_budget();
  answers uut{budget};
  CHECK(uut.uut.max_size() == all / 4);
  CHECK_FALSE(uut.send(all / 4 - outbox::memory_overhead + 1));
  CHECK(uut.send(all / 4 - outbox::memory_overhead));
  unread_messages other{budget};
  CHECK(other.uut.max_size() == all / 4 - stranger_budget::message_memory);
  uut.uut.handle_standing(false);
  CHECK(uut.uut.max_size() == 50'000'000);
}

TEST_CASE("unreliable messages that wait for strangers count as well") {
  auto budget = new_budget();
  constexpr auto each =
    limits::message_overhead + 1'000 + stranger_budget::message_memory;
  unread_messages uut{budget};
  auto most = uut.fill(1'000);
  CHECK(budget->used() == most * each - spared);
  CHECK(budget->used() <= all / 4);
  CHECK(uut.uut.poll_transmit(0, 2'000));
  CHECK(budget->used() == (most - 1) * each - spared);
  uut.uut.handle_failure(send_error::shutting_down);
  CHECK(budget->used() == 0);
}

TEST_CASE("unreliable messages that engines do not take count as well") {
  auto budget = new_budget();
  constexpr auto each =
    limits::message_overhead + 100 + stranger_budget::message_memory;
  std::list<unreliable_stranger> those;
  for (int i = 0; i < 100; ++i)
    CHECK(those.emplace_back(budget).fill("stuck", 100) > 0);
  // What each is spared is theirs; another engine has room.
  auto stuck = static_cast<std::uint64_t>(*budget->of_engine("stuck"));
  CHECK(budget->used() <= all / 2);
  CHECK(stuck <= all / 2 + 100 * stranger_account::spared);
  CHECK(those.back().whole("other", 1'000));
  auto& first = those.front();
  CHECK_FALSE(first.whole("stuck", 100));
  first.uut.handle_finished(0, true);
  CHECK(static_cast<std::uint64_t>(*budget->of_engine("stuck"))
        == stuck - each);
  for (auto& x : those) {
    CHECK_FALSE(x.account.poll_excess());
    x.account.set_counts(false);
    x.uut.handle_standing();
  }
  CHECK(*budget->of_engine("stuck") == 0);
  CHECK(budget->used() == 0);
}

TEST_CASE("parts of unreliable messages count as well") {
  auto budget = new_budget();
  unreliable_stranger x{budget};
  for (int i = 0; i < 10; ++i)
    x.part("a", 16'000);
  CHECK(*budget->of_engine("a") == 160'000);
  SUBCASE("until the connection is gone") {
    x.uut.handle_disconnect();
  }
  SUBCASE("until they are left out") {
    x.part("b", 16'000);
    CHECK(*budget->of_engine("b") == 16'000);
    x.uut.handle_disconnect();
  }
  SUBCASE("until an engine has the whole") {
    auto whole = x.uut.handle_chunk("a", true, bytes(5));
    REQUIRE(whole);
    CHECK(*budget->of_engine("a")
          == 160'005 + limits::message_overhead
               + stranger_budget::message_memory);
    x.uut.handle_finished(whole->number, true);
  }
  CHECK(*budget->of_engine("a") == 0);
  CHECK(*budget->of_engine("b") == 0);
}

TEST_CASE("a part of an unreliable message without room is dropped") {
  auto budget = new_budget();
  budget->add(all);
  unreliable_stranger x{budget};
  for (int i = 0; i < 20; ++i)
    x.part("a", 16'000);
  CHECK(*budget->of_engine("a") == 0);
  CHECK_FALSE(x.whole("a", 5));
  CHECK(x.uut.dropped() == 1);
  CHECK(x.whole("a", 5));
}
