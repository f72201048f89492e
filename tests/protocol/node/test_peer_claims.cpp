#include <doctest/doctest.h>

#include <node_proxy/protocol/node/peer_claims.hpp>
#include <node_proxy/protocol/node/process_link.hpp>
#include <node_proxy/protocol/node/worker_peers.hpp>

#include "directory_fixture.hpp"

using namespace test;

namespace {

struct two_workers {
  peer_claims uut;
  worker_id a = uut.handle_join(true);
  worker_id b = uut.handle_join(true);
  node_id peer = id_of(1);
};

} // namespace

TEST_CASE_FIXTURE(two_workers, "a peer is served by who it has called first") {
  CHECK(uut.may_serve(peer, a));
  CHECK(uut.may_serve(peer, b));
  CHECK(uut.may_serve(peer, coordinator));
  uut.handle_served(peer, a);
  CHECK(uut.may_serve(peer, a));
  CHECK_FALSE(uut.may_serve(peer, b));
  CHECK_FALSE(uut.may_serve(peer, coordinator));
  CHECK(uut.load(a) == 1);
}

TEST_CASE_FIXTURE(two_workers, "a peer is given back if all is handled") {
  auto number = uut.handle_served(peer, a);
  uut.handle_sent(peer);
  uut.handle_sent(peer);
  CHECK_FALSE(uut.handle_offer(a, peer, number, 1));
  CHECK_FALSE(uut.handle_offer(b, peer, number, 2));
  CHECK_FALSE(uut.handle_offer(a, peer, number + 1, 2));
  CHECK(uut.handle_offer(a, peer, number, 2));
  CHECK(uut.find(peer) == nullptr);
  CHECK(uut.load(a) == 0);
  SUBCASE("what is said late of an earlier time is no news") {
    auto next = uut.handle_served(peer, a);
    CHECK(next != number);
    CHECK_FALSE(uut.handle_offer(a, peer, number, 0));
    CHECK_FALSE(uut.handle_end(a, peer, number));
    CHECK(uut.find(peer)->number == next);
    CHECK(uut.handle_end(a, peer, next));
  }
}

TEST_CASE_FIXTURE(two_workers, "a lost worker loses what it held") {
  auto other = id_of(2);
  auto number = uut.handle_served(peer, a);
  uut.handle_served(other, b);
  CHECK(uut.handle_lost(a) == std::vector{peer});
  CHECK(uut.handle_lost(a).empty());
  CHECK_FALSE(uut.may_serve(peer, a));
  CHECK(uut.may_serve(peer, b));
  CHECK(uut.find(other)->holder == b);
  CHECK_FALSE(uut.handle_offer(a, peer, number, 0));
  // One that comes back is another one.
  auto again = uut.handle_join(true);
  CHECK(again != a);
  CHECK(uut.may_serve(peer, again));
}

TEST_CASE_FIXTURE(two_workers, "who leaves keeps its peers, and gets no more") {
  uut.handle_served(peer, a);
  uut.handle_drain(a);
  CHECK(uut.may_serve(peer, a));
  CHECK_FALSE(uut.may_serve(id_of(2), a));
  for (std::size_t i = 2; i < 20; ++i)
    CHECK(uut.choose(id_of(i)) == b);
  uut.handle_drain(b);
  CHECK(uut.choose(id_of(2)) == coordinator);
}

TEST_CASE("whom nobody serves goes to the worker that has less to do") {
  peer_claims uut;
  CHECK(uut.choose(id_of(1)) == coordinator);
  std::vector<worker_id> workers;
  for (int i = 0; i < 4; ++i)
    workers.push_back(uut.handle_join(true));
  for (std::size_t i = 1; i <= 64; ++i) {
    auto chosen = uut.choose(id_of(i));
    CHECK(uut.choose(id_of(i)) == chosen);
    uut.handle_served(id_of(i), chosen);
  }
  for (auto x : workers)
    CHECK(uut.load(x) > 8);
}

TEST_CASE("callers are spread, though all begin with the same address") {
  peer_claims uut;
  uut.handle_listening(false);
  std::vector<worker_id> workers{uut.handle_join(true), uut.handle_join(true),
                                 uut.handle_join(true)};
  for (std::size_t i = 1; i <= 120; ++i)
    for (auto x : workers)
      if (!uut.handle_call(id_of(i), x)) {
        uut.handle_served(id_of(i), x);
        break;
      }
  std::size_t sum = 0;
  for (auto x : workers) {
    CHECK(uut.load(x) >= 25);
    sum += uut.load(x);
  }
  CHECK(sum == 120);
  SUBCASE("who reaches one address only is served there in the end") {
    for (std::size_t i = 200; i < 240; ++i) {
      auto calls = 1;
      for (; uut.handle_call(id_of(i), workers[0]); ++calls)
        CHECK(calls <= 3);
      uut.handle_served(id_of(i), workers[0]);
    }
    CHECK(uut.load(workers[0]) >= 65);
  }
}

TEST_CASE("what a worker holds goes on in its order") {
  worker_peers<int> uut;
  using enum worker_peers<int>::way;
  auto peer = id_of(1);
  CHECK(uut.way_to(peer) == away);
  uut.handle_serve(peer, 7);
  CHECK(uut.way_to(peer) == held);
  CHECK_FALSE(uut.handle_rest(peer));
  CHECK_FALSE(uut.handle_held(peer, 1, 1));
  CHECK_FALSE(uut.handle_held(peer, 2, 1));
  CHECK_FALSE(uut.poll_released());
  CHECK(uut.handle_order(peer, 7));
  CHECK_FALSE(uut.poll_released());
  uut.handle_fence(peer, 7);
  CHECK(uut.way_to(peer) == here);
  CHECK(uut.poll_released()->second == 1);
  CHECK(uut.poll_released()->second == 2);
  CHECK_FALSE(uut.poll_released());
  auto offer = uut.handle_rest(peer);
  REQUIRE(offer);
  CHECK(offer->number == 7);
  CHECK(offer->handled == 1);
  CHECK_FALSE(uut.handle_held(peer, 3, 1));
  SUBCASE("to the coordinator") {
    CHECK_FALSE(uut.handle_retire(peer, 6));
    CHECK(uut.handle_retire(peer, 7));
    CHECK(uut.way_to(peer) == away);
  }
  SUBCASE("to the Node Proxy, if an order withdraws the offer") {
    CHECK_FALSE(uut.handle_order(peer, 6));
    CHECK(uut.handle_order(peer, 7));
    CHECK(uut.way_to(peer) == here);
    CHECK_FALSE(uut.handle_retire(peer, 7));
  }
  SUBCASE("to the coordinator, if the Node Proxy has failed") {
    CHECK(uut.handle_failure(peer) == 7u);
    CHECK(uut.way_to(peer) == away);
    CHECK_FALSE(uut.handle_order(peer, 7));
  }
  CHECK(uut.poll_released()->second == 3);
}

TEST_CASE("no more is held than there is room for") {
  held_queue<int> uut;
  auto peer = id_of(1);
  std::size_t half = held_queue<int>::max_bytes / 2;
  CHECK_FALSE(uut.handle_held(peer, 1, half));
  CHECK_FALSE(uut.handle_held(id_of(2), 2, half));
  CHECK(uut.handle_held(peer, 3, 1) == 3);
  uut.handle_release(peer);
  CHECK_FALSE(uut.find(peer));
  // It is there until somebody has taken it.
  CHECK(uut.handle_held(peer, 3, 1) == 3);
  CHECK(uut.poll_released()->second == 1);
  CHECK_FALSE(uut.poll_released());
  CHECK_FALSE(uut.handle_held(peer, 4, 1));
  CHECK(uut.find(peer)->size() == 1);
  SUBCASE("by number, too") {
    std::size_t held = 2;
    while (!uut.handle_held(peer, 5, 0))
      ++held;
    CHECK(held == held_queue<int>::max_items);
  }
}

TEST_CASE("what is under way between two processes is bounded") {
  process_link sender{10s, 1s};
  process_link receiver{10s, 1s};
  std::uint64_t sent = 0;
  for (; sender.has_room(); ++sent)
    sender.handle_sent(1);
  CHECK(sent == process_link::max_messages);
  CHECK_FALSE(receiver.poll_sign(1s));
  for (std::uint64_t i = 0; i < sent / 4; ++i)
    receiver.handle_received(1);
  auto taken = receiver.poll_sign(1s);
  REQUIRE(taken);
  CHECK(taken->messages == sent / 4);
  CHECK_FALSE(receiver.poll_sign(1s));
  sender.handle_taken(*taken);
  CHECK(sender.has_room());
  SUBCASE("by octets, too") {
    sender.handle_sent(process_link::max_bytes);
    CHECK_FALSE(sender.has_room());
  }
}

TEST_CASE("an end that is silent is lost") {
  process_link uut{8s, 1s};
  CHECK(uut.poll_timeout() == 2s);
  CHECK(uut.poll_sign(2s));
  CHECK_FALSE(uut.poll_sign(2s));
  uut.handle_life(5s);
  CHECK_FALSE(uut.lost(12s));
  CHECK(uut.lost(13s));
}
