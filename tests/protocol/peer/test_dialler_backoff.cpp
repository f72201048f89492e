#include <doctest/doctest.h>

#include <node_proxy/protocol/peer/backoff.hpp>
#include <node_proxy/protocol/peer/dialler.hpp>

#include "support/octets.hpp"

using namespace test;
using namespace std::chrono_literals;

namespace {

transport_address address(std::uint16_t port) {
  return tcp_addr{ipv4{}, port};
}

std::uint16_t port_of(const std::optional<dialler::attempt>& attempt) {
  REQUIRE(attempt);
  return std::get<tcp_addr>(attempt->to.address).port;
}

peer_settings quick() {
  peer_settings result;
  result.attempt_delay = 250ms;
  result.backoff_base = 100ms;
  result.backoff_cap = 1s;
  return result;
}

/// Makes an attempt that fails.
/// @returns the port and whether all addresses have been tried now.
std::pair<std::uint16_t, bool> fail(dialler& uut, steady_time now,
                                    random_source& random) {
  auto made = uut.poll_attempt(now);
  auto port = port_of(made);
  uut.handle_dial_failed(made->id);
  return {port, uut.handle_failure(now, random)};
}

/// With three addresses.
struct handshaking_dialler {
  handshaking_dialler() {
    uut.handle_addresses({address(1), address(2), address(3)});
  }

  /// Dials, and has a handshake on the connection with that number.
  connection_id begin(connection_id connection, steady_time now) {
    auto made = uut.poll_attempt(now);
    REQUIRE(made);
    auto address = uut.handle_dialled(made->id, true);
    REQUIRE(address);
    uut.handle_handshake({connection, *address,
                          initiator_handshake{self, self.noise_public(),
                                              random.next_key(), hello{}},
                          now + 5s});
    return connection;
  }

  identity self = identity::from_seed(seeded(1).next_key());
  random_source random = seeded(11);
  dialler uut{quick()};
};

} // namespace

TEST_CASE("delays are drawn from a range that doubles up to the cap") {
  auto random = seeded(1);
  backoff uut{100ms, 1s};
  for (auto round = 0; round < 200; ++round) {
    for (duration ceiling : {100ms, 200ms, 400ms, 800ms, 1000ms, 1000ms}) {
      auto delay = uut.next(random);
      CHECK(delay >= 0s);
      CHECK(delay <= ceiling);
    }
    uut.reset();
  }
}

TEST_CASE("delays are spread over their whole range") {
  auto random = seeded(2);
  auto low = 0;
  auto high = 0;
  for (auto i = 0; i < 1'000; ++i) {
    backoff uut{100ms, 1s};
    auto delay = uut.next(random);
    low += delay < 50ms;
    high += delay >= 50ms;
  }
  CHECK(low > 400);
  CHECK(high > 400);
}

TEST_CASE("there is no attempt without an address") {
  dialler uut{quick()};
  CHECK_FALSE(uut.has_addresses());
  CHECK_FALSE(uut.poll_attempt(1s));
  CHECK_FALSE(uut.next_deadline(true));
  uut.handle_addresses({address(1)});
  CHECK(uut.has_addresses());
  CHECK(uut.next_deadline(true) == 0s);
  CHECK_FALSE(uut.next_deadline(false));
  CHECK(port_of(uut.poll_attempt(1s)) == 1);
}

TEST_CASE("one attempt at a time to one address") {
  dialler uut{quick()};
  uut.handle_addresses({address(1)});
  auto first = uut.poll_attempt(1s);
  CHECK(uut.busy());
  CHECK_FALSE(uut.poll_attempt(1h));
  CHECK_FALSE(uut.next_deadline(true));
  CHECK_FALSE(uut.poll_abandoned());
  uut.handle_end();
  CHECK_FALSE(uut.busy());
  CHECK(uut.poll_abandoned() == first->id);
  CHECK_FALSE(uut.poll_abandoned());
  CHECK(uut.poll_attempt(1h)->id != first->id);
}

TEST_CASE("addresses are tried in their order, then there is a delay") {
  auto random = seeded(3);
  dialler uut{quick()};
  uut.handle_addresses({address(2), address(1), address(3)});
  for (auto round = 0; round < 3; ++round) {
    auto now = uut.next_deadline(true).value() + 1s;
    CHECK(fail(uut, now, random) == std::pair{std::uint16_t{2}, false});
    CHECK(fail(uut, now, random) == std::pair{std::uint16_t{1}, false});
    CHECK(fail(uut, now, random) == std::pair{std::uint16_t{3}, true});
    CHECK(uut.next_deadline(true).value() >= now);
    CHECK(uut.next_deadline(true).value() <= now + 1s);
  }
}

TEST_CASE("an attempt waits until its time") {
  auto random = seeded(4);
  dialler uut{quick()};
  uut.handle_addresses({address(1)});
  for (auto i = 0; i < 20; ++i) {
    fail(uut, uut.next_deadline(true).value(), random);
    auto at = uut.next_deadline(true).value();
    if (at > 0s)
      CHECK_FALSE(uut.poll_attempt(at - 1ns));
  }
}

TEST_CASE("new addresses replace the old ones") {
  auto random = seeded(5);
  dialler uut{quick()};
  uut.handle_addresses({address(1), address(2), address(3)});
  CHECK(fail(uut, 1s, random).first == 1);
  auto second = uut.poll_attempt(1s);
  auto third = uut.poll_attempt(2s);
  uut.handle_addresses({address(4), address(3)});
  // What goes to an address that is no more is not waited for.
  CHECK(uut.poll_abandoned() == second->id);
  CHECK_FALSE(uut.poll_abandoned());
  CHECK(port_of(uut.poll_attempt(3s)) == 4);
  CHECK_FALSE(uut.poll_attempt(1h));
  CHECK_FALSE(uut.handle_dialled(second->id, true));
  auto at = uut.handle_dialled(third->id, true);
  CHECK((at && at->address == address(3)));
  uut.handle_addresses({});
  CHECK_FALSE(uut.busy());
  CHECK_FALSE(uut.poll_attempt(2h));
}

TEST_CASE("the next address is tried when an attempt takes long") {
  dialler uut{quick()};
  uut.handle_addresses({address(1), address(2), address(3)});
  auto first = uut.poll_attempt(1s);
  CHECK(uut.next_deadline(true) == 1250ms);
  CHECK_FALSE(uut.next_deadline(false));
  CHECK_FALSE(uut.poll_attempt(1250ms - 1ns));
  CHECK(port_of(uut.poll_attempt(1250ms)) == 2);
  CHECK_FALSE(uut.poll_abandoned());
  CHECK(uut.next_deadline(true) == 1500ms);
  CHECK(port_of(uut.poll_attempt(2s)) == 3);
  CHECK_FALSE(uut.next_deadline(true));
  CHECK(uut.handle_dialled(first->id, true));
}

TEST_CASE("a failed attempt is followed at once, whatever else goes on") {
  auto random = seeded(8);
  dialler uut{quick()};
  uut.handle_addresses({address(1), address(2), address(3)});
  auto first = uut.poll_attempt(1s);
  CHECK(fail(uut, 1250ms, random) == std::pair{std::uint16_t{2}, false});
  CHECK(fail(uut, 1250ms, random) == std::pair{std::uint16_t{3}, false});
  // The round ends with the last attempt under way.
  CHECK_FALSE(uut.next_deadline(true));
  CHECK(uut.busy());
  uut.handle_dial_failed(first->id);
  CHECK(uut.handle_failure(11s, random));
  CHECK_FALSE(uut.busy());
  CHECK(uut.next_deadline(true).value() >= 11s);
}

TEST_CASE_FIXTURE(handshaking_dialler, "a connection is not yet the peer") {
  auto first = begin(1, 0s);
  CHECK(uut.next_deadline(true) == 250ms);
  CHECK(uut.next_deadline(false) == 5s);
  auto second = begin(2, 250ms);
  CHECK(uut.busy());
  CHECK(port_of(uut.poll_attempt(500ms)) == 3);
  CHECK(uut.next_deadline(true) == 5s);
  CHECK(uut.tried().empty());
  // The peer is there: the first address has not had its turn.
  uut.handle_handshake_end(second);
  uut.handle_handshake_abandoned(first);
  CHECK(uut.tried() == std::vector{address(2)});
  CHECK(uut.handshakes().empty());
  CHECK_FALSE(uut.handle_failure(1s, random));
  CHECK(port_of(uut.poll_attempt(1s)) == 1);
}

TEST_CASE_FIXTURE(handshaking_dialler, "handshakes count as attempts") {
  uut.handle_addresses(
    {address(1), address(2), address(3), address(4), address(5)});
  for (std::size_t i = 0; i < dialler::max_attempts; ++i)
    begin(i + 1, i * 250ms);
  CHECK_FALSE(uut.poll_attempt(1h));
  CHECK(uut.next_deadline(true) == 5s);
  uut.handle_handshake_end(3);
  CHECK_FALSE(uut.handle_failure(5s, random));
  CHECK(port_of(uut.poll_attempt(5s)) == 5);
}

TEST_CASE_FIXTURE(handshaking_dialler, "a preference does not end the round") {
  CHECK(fail(uut, 0s, random).first == 1);
  auto second = begin(2, 0s);
  uut.handle_contact({address(2), address(1), address(3)});
  uut.handle_handshake_end(second);
  CHECK(uut.tried() == std::vector{address(2), address(1)});
  CHECK_FALSE(uut.handle_failure(1s, random));
  CHECK(port_of(uut.poll_attempt(1s)) == 3);
  // The next one begins with it.
  uut.handle_end();
  CHECK(port_of(uut.poll_attempt(2s)) == 2);
}

TEST_CASE("no more than a few attempts are under way") {
  auto random = seeded(9);
  dialler uut{quick()};
  std::vector<transport_address> addresses;
  for (std::uint16_t port = 0; port <= dialler::max_attempts; ++port)
    addresses.push_back(address(port));
  uut.handle_addresses(addresses);
  auto first = uut.poll_attempt(0s);
  for (std::size_t i = 1; i < dialler::max_attempts; ++i)
    CHECK(uut.poll_attempt(i * 250ms));
  CHECK_FALSE(uut.next_deadline(true));
  CHECK_FALSE(uut.poll_attempt(1h));
  uut.handle_dial_failed(first->id);
  CHECK_FALSE(uut.handle_failure(1h, random));
  CHECK(port_of(uut.poll_attempt(1h)) == dialler::max_attempts);
}

TEST_CASE("a connection that was not wanted leaves its address untried") {
  auto random = seeded(10);
  dialler uut{quick()};
  uut.handle_addresses({address(1), address(2)});
  auto first = uut.poll_attempt(0s);
  auto second = uut.poll_attempt(1s);
  uut.handle_dialled(second->id, true);
  uut.handle_dialled(first->id, false);
  CHECK_FALSE(uut.handle_failure(2s, random));
  CHECK(fail(uut, 2s, random) == std::pair{std::uint16_t{1}, true});
}

TEST_CASE("once there is a session, nothing is under way") {
  dialler uut{quick()};
  uut.handle_addresses({address(1), address(2)});
  auto first = uut.poll_attempt(0s);
  auto second = uut.poll_attempt(1s);
  uut.handle_dialled(second->id, true);
  CHECK(uut.busy());
  uut.handle_end();
  CHECK_FALSE(uut.busy());
  CHECK(uut.poll_abandoned() == first->id);
  // The next round begins with the first address.
  CHECK(port_of(uut.poll_attempt(2s)) == 1);
}

TEST_CASE("a lost connection is replaced at once or after a delay") {
  auto random = seeded(6);
  dialler uut{quick()};
  uut.handle_addresses({address(1), address(2)});
  uut.handle_loss(true, 5s, random);
  CHECK(uut.next_deadline(true) == 5s);
  auto delayed = 0;
  for (auto i = 0; i < 20; ++i) {
    uut.handle_loss(false, 5s, random);
    delayed += uut.next_deadline(true).value() > 5s;
  }
  CHECK(delayed > 15);
}

TEST_CASE("after a stable connection the delays begin anew") {
  auto random = seeded(7);
  dialler uut{quick()};
  uut.handle_addresses({address(1)});
  for (auto i = 0; i < 100; ++i) {
    uut.handle_refusal(0s, random);
    uut.handle_stable();
    uut.handle_loss(false, 5s, random);
    CHECK(uut.next_deadline(true).value() <= 5s + 100ms);
  }
}

TEST_CASE("a name is looked up anew in each round") {
  dialler uut{quick()};
  auto random = seeded(12);
  transport_address name = dns_addr{"a.test", 9};
  uut.handle_addresses({name, address(1)});
  for (auto now : {steady_time{1s}, steady_time{10s}}) {
    auto asked = uut.poll_attempt(now);
    REQUIRE(asked);
    CHECK(asked->to.address == name);
    REQUIRE(uut.looked_up(asked->id));
    CHECK(uut.looked_up(asked->id)->name == "a.test");
    CHECK(
      uut.handle_found(asked->id, {address(2), address(1), address(3)}, now));
    CHECK_FALSE(uut.looked_up(asked->id));
    // What was known anyway keeps its place.
    for (auto port : {2, 3, 1}) {
      auto made = uut.poll_attempt(now);
      CHECK(port_of(made) == port);
      CHECK(made->to.name == (port == 1 ? "" : "a.test"));
      CHECK_FALSE(uut.looked_up(made->id));
      uut.handle_dial_failed(made->id);
      CHECK(uut.handle_failure(now, random) == (port == 1));
    }
  }
}

TEST_CASE("while a name is looked up others are dialled") {
  dialler uut{quick()};
  uut.handle_addresses({dns_addr{"a.test", 9}, address(1)});
  auto asked = uut.poll_attempt(1s);
  REQUIRE(asked);
  CHECK_FALSE(uut.poll_attempt(1249ms));
  CHECK(port_of(uut.poll_attempt(1250ms)) == 1);
  SUBCASE("and it comes to nothing if it is not wanted any more") {
    uut.handle_unwanted();
    CHECK(uut.poll_abandoned() == asked->id);
    CHECK_FALSE(uut.handle_found(asked->id, {address(2)}, 2s));
  }
  SUBCASE("and it may lead to nothing new") {
    CHECK_FALSE(uut.handle_found(asked->id, {address(1)}, 2s));
    CHECK(uut.busy());
  }
}

TEST_CASE("what a name has led to stays with its name") {
  dialler uut{quick()};
  transport_address name = dns_addr{"a.test", 9};
  uut.handle_addresses({name, address(1)});
  auto asked = uut.poll_attempt(1s);
  REQUIRE(uut.handle_found(asked->id, {address(2), address(3)}, 1s));
  auto made = uut.poll_attempt(1s);
  REQUIRE(port_of(made) == 2);
  SUBCASE("as long as that is an address of the peer") {
    uut.handle_contact({address(1), name});
    CHECK_FALSE(uut.poll_abandoned());
    CHECK(port_of(uut.poll_attempt(2s)) == 1);
    CHECK(port_of(uut.poll_attempt(3s)) == 3);
    CHECK(uut.handle_dialled(made->id, true));
  }
  SUBCASE("or goes with it") {
    uut.handle_contact({address(1)});
    CHECK(uut.poll_abandoned() == made->id);
    CHECK(port_of(uut.poll_attempt(2s)) == 1);
    CHECK_FALSE(uut.poll_attempt(3s));
  }
  SUBCASE("or is an address of the peer by itself") {
    uut.handle_contact({address(2), address(1)});
    CHECK_FALSE(uut.poll_abandoned());
    CHECK(uut.handle_dialled(made->id, true));
  }
}
