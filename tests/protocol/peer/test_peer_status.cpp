// What a peer says of itself to operators.

#include <doctest/doctest.h>

#include "two_nodes.hpp"

using namespace simulation;

namespace {

struct fixture : two_nodes {
  peer_status status(node& of, node& other) {
    auto x = of.peer_of(other);
    REQUIRE(x);
    return x->status(net.now());
  }

  peer_status status() { return status(a, b); }

  void name(std::vector<transport_address> addresses) {
    b.reached_at = std::move(addresses);
    b.issue_advert(b.advert().version + 1);
    net.introduce(a, b);
  }
};

std::uint64_t count(const std::vector<reason_count>& all,
                    std::string_view reason) {
  for (const auto& x : all)
    if (x.reason == reason)
      return x.count;
  return 0;
}

} // namespace

TEST_CASE_FIXTURE(fixture, "a connected peer is seen from both ends") {
  a.set_permanent(b);
  connect();
  net.run_for(1min);
  auto there = status();
  CHECK(there.node == b.id());
  CHECK(there.state == peer_state::connected);
  CHECK(there.permanent);
  CHECK_FALSE(there.retry_ms);
  CHECK_FALSE(there.failure);
  REQUIRE(there.connection);
  CHECK(there.connection->direction == connection_direction::out);
  CHECK(there.connection->address == transport_address{b.address()});
  CHECK(there.connection->proto_ver == 1);
  CHECK(there.connection->cipher == "chacha20_poly1305");
  CHECK(there.connection->age_ms >= 60'000);
  CHECK(there.connection->age_ms < 61'000);
  auto here = status(b, a);
  CHECK(here.state == peer_state::connected);
  CHECK_FALSE(here.permanent);
  REQUIRE(here.connection);
  CHECK(here.connection->direction == connection_direction::in);
  // Where a call comes from is a host without a port.
  REQUIRE(here.connection->address);
  CHECK(std::holds_alternative<ip_addr>(*here.connection->address));
}

TEST_CASE_FIXTURE(fixture, "the round trip is that of the network") {
  net.prepare = [](connection_id, connection& x) {
    for (auto& way : x.directions)
      way.latency = 50ms;
  };
  a.connect(b);
  net.run_for(1s);
  REQUIRE(both_connected());
  // That of the handshake.
  auto first = status().connection->round_trip_us;
  REQUIRE(first);
  CHECK(*first >= 100'000);
  CHECK(*first < 110'000);
  CHECK(*status(b, a).connection->round_trip_us >= 100'000);
  // Messages count with the time of the engine, here 1 s.
  b.add_engine("slow", 1s);
  REQUIRE(wait_for(a.send(b, "slow", "x")));
  auto next = status().connection->round_trip_us;
  CHECK(*next > *first + 100'000);
  CHECK(*next < *first + 150'000);
}

TEST_CASE_FIXTURE(fixture, "messages are counted by direction and outcome") {
  REQUIRE(wait_for(a.send(b, "echo", "hello")));
  REQUIRE(wait_for(a.send(b, "nobody", "hello")));
  REQUIRE(wait_for(a.send(b, "echo", std::string(17u << 20, 'x'))));
  auto sent = status().traffic;
  CHECK(sent.messages_out == 2);
  CHECK(sent.delivered == 1);
  CHECK(count(sent.failed, "unknown_engine") == 1);
  // Refused before it was queued.
  CHECK(count(sent.failed, "too_large") == 1);
  auto received = status(b, a).traffic;
  CHECK(received.messages_in == 2);
  CHECK(received.bytes_in == sent.bytes_out);
  CHECK(received.bytes_in > 10);
  CHECK(received.rejected == 1);
}

TEST_CASE_FIXTURE(fixture, "what waits is counted by engine, with its age") {
  b.crash();
  a.send(b, "echo", "1");
  net.run_for(10s);
  a.send(b, "late", "2");
  a.send(b, "late", "3", {.ordering = transport_ordering::unordered});
  a.send(b, "late", "4", {.reliability = transport_reliability::unreliable});
  net.run_for(5s);
  auto x = status();
  CHECK(x.waiting.messages == 4);
  CHECK(x.waiting.oldest_ms == 15'000);
  CHECK(x.waiting.bytes > 3 * outbox::memory_overhead);
  REQUIRE(x.waiting_for.size() == 2);
  CHECK(x.waiting_for[0].engine == "late");
  CHECK(x.waiting_for[0].waiting.messages == 2);
  CHECK(x.waiting_for[0].waiting.oldest_ms == 5'000);
  CHECK(x.waiting_for[1].engine == "echo");
  CHECK(x.waiting_for[1].waiting.messages == 1);
  CHECK(x.waiting_for[1].waiting.oldest_ms == 15'000);
}

TEST_CASE_FIXTURE(fixture, "of many engines those are named that wait most") {
  b.crash();
  for (std::size_t i = 0; i < 2 * max_listed_engines; ++i)
    for (std::size_t n = 0; n <= i; ++n)
      a.send(b, "engine " + std::to_string(i), "x");
  auto x = status();
  REQUIRE(x.waiting_for.size() == max_listed_engines);
  CHECK(x.waiting_for[0].engine == "engine 31");
  CHECK(x.waiting_for[0].waiting.messages == 32);
  CHECK(x.waiting_for.back().waiting.messages == 17);
  CHECK(x.waiting.messages == 32 * 33 / 2);
}

TEST_CASE_FIXTURE(fixture, "what engines have not taken is counted here") {
  b.add_engine("slow", std::nullopt);
  a.send(b, "late", "1");
  a.send(b, "late", "2", {.reliability = transport_reliability::unreliable});
  net.run_for(10s);
  a.send(b, "late", "3", {.ordering = transport_ordering::unordered});
  a.send(b, "slow", "4");
  net.run_for(5s);
  auto there = status(b, a);
  CHECK(there.untaken == 4);
  // Of unreliable ones it is not told who has them.
  REQUIRE(there.untaken_by.size() == 2);
  CHECK(there.untaken_by[0].engine == "late");
  CHECK(there.untaken_by[0].waiting.messages == 2);
  CHECK(there.untaken_by[0].waiting.bytes > 2 * limits::message_overhead);
  CHECK(there.untaken_by[0].waiting.oldest_ms >= 14'900);
  CHECK(there.untaken_by[1].engine == "slow");
  CHECK(there.untaken_by[1].waiting.messages == 1);
  CHECK(there.untaken_by[1].waiting.oldest_ms < 5'100);
  // The peer may have it, but has not said that an engine took it.
  CHECK(status().waiting.messages == 3);
  b.take("late");
  b.take("late");
  auto rest = status(b, a).untaken_by;
  REQUIRE(rest.size() == 2);
  CHECK(rest[0].engine == "late");
  CHECK(rest[0].waiting.messages == 1);
  CHECK(rest[0].waiting.bytes < there.untaken_by[0].waiting.bytes);
  CHECK(rest[0].waiting.oldest_ms < 5'100);
  b.take("late");
  b.take("slow");
  net.run_for(1s);
  CHECK(status(b, a).untaken == 0);
  CHECK(status(b, a).untaken_by.empty());
  CHECK(status().waiting.messages == 0);
  CHECK(status().waiting.oldest_ms == 0);
}

TEST_CASE_FIXTURE(fixture, "who cannot be reached is dialled again") {
  name({b.address(route::refusing)});
  a.send(b, "echo", "hello");
  CHECK(status().state == peer_state::connecting);
  net.run_for(1min);
  auto seen = [this] {
    return status().state == peer_state::retrying;
  };
  REQUIRE(net.run_until(seen, 1min));
  auto x = status();
  REQUIRE(x.retry_ms);
  CHECK(*x.retry_ms <= 30'000);
  REQUIRE(x.failure);
  CHECK(x.failure->address == transport_address{b.address(route::refusing)});
  CHECK(x.failure->reason == "connection_refused");
  CHECK(x.failure->ago_ms <= 30'000);
  // It is told each round.
  auto told = net.take_transcript();
  CHECK(told.find("connect failed connection_refused")
        != told.rfind("connect failed connection_refused"));
  name({b.address()});
  REQUIRE(net.run_until([this] { return both_connected(); }, 1min));
  CHECK_FALSE(status().failure);
}

TEST_CASE_FIXTURE(fixture, "who has no address to dial is told of") {
  auto address = b.address();
  transport_address other = udp_addr{address.ip, address.port};
  name({other});
  net.take_transcript();
  a.set_permanent(b);
  auto failed = a.send(b, "echo", "hello");
  CHECK(a.outcome(failed) == "unknown_node");
  auto obstacle = status().obstacle;
  REQUIRE(obstacle);
  CHECK(obstacle->reason == obstacle_kind::undialled_addresses);
  CHECK(obstacle->addresses
        == std::vector<undialled_address>{
          {other, dial_objection::unsupported_transport}});
  net.run_for(10min);
  a.send(b, "echo", "hello");
  CHECK(status().state == peer_state::waiting);
  // Once, however often it is wanted.
  CHECK(net.take_transcript() == R"(0 a/b learned advert 2
0 a/b unreachable unsupported_transport
0 a/b failed 1 unknown_node
600000 a/b failed 2 unknown_node
)");
  name({tcp_addr{address.ip, 0}});
  net.run_for(1min);
  CHECK(status().obstacle->addresses[0].reason
        == dial_objection::no_single_host);
  name({address});
  REQUIRE(net.run_until([this] { return both_connected(); }, 1min));
  CHECK_FALSE(status().obstacle);
}

TEST_CASE_FIXTURE(fixture, "who accepts and says nothing is told apart") {
  name({b.address(route::mute)});
  a.send(b, "echo", "hello");
  net.run_for(10s);
  REQUIRE(status().failure);
  CHECK(status().failure->reason == "handshake_timeout");
  CHECK(status().failure->address == transport_address{b.address(route::mute)});
}

TEST_CASE_FIXTURE(fixture,
                  "a refusal is the last word until there is another") {
  b.deny(a);
  a.set_permanent(b);
  net.run_for(1s);
  auto x = status();
  CHECK(x.refusal == connect_reply_error::denied);
  CHECK(x.refused_by == refusing_side::peer);
  CHECK((x.state == peer_state::refused || x.state == peer_state::connecting));
  CHECK(x.retry_ms);
}

TEST_CASE_FIXTURE(fixture, "how a connection ended is remembered for a while") {
  connect();
  a.send(b, "late", "hello");
  net.run_for(1s);
  b.crash(true);
  net.run_for(35s);
  auto x = status();
  REQUIRE(x.last_end);
  CHECK(x.last_end->reason == "dead_peer");
  CHECK(x.last_end->ago_ms < 10'000);
  CHECK_FALSE(x.connection);
}

TEST_CASE_FIXTURE(fixture, "who may not be dialled has to call") {
  // B has nothing but the call of A, and what that has earned it.
  connect();
  auto token = b.send(a, "late", "hello");
  net.run_for(1s);
  a.crash();
  net.run_for(5min);
  CHECK(b.outcome(token) == "pending");
  CHECK(status(b, a).state == peer_state::waiting);
  CHECK_FALSE(status(b, a).retry_ms);
  REQUIRE(status(b, a).obstacle);
  CHECK(status(b, a).obstacle->reason == obstacle_kind::stranger);
}
