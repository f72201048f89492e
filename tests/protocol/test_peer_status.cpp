// The state of a peer in words.

#include <doctest/doctest.h>

#include <node_proxy/protocol/peer_status.hpp>
#include <node_proxy/protocol/wire/address_text.hpp>

using namespace node_proxy;

namespace {

constexpr std::uint64_t second = 1'000'000;

const transport_address somewhere =
  parse_address("tcp://127.0.0.1:4000").value();

std::string text_of(peer_state state) {
  peer_status x;
  x.state = state;
  return describe(x);
}

} // namespace

TEST_CASE("durations are told in the unit that suits them") {
  CHECK(duration_text(0) == "0 s");
  CHECK(duration_text(40) == "0.0 ms");
  CHECK(duration_text(50) == "0.1 ms");
  CHECK(duration_text(1'449) == "1.4 ms");
  CHECK(duration_text(9'951) == "10.0 ms");
  CHECK(duration_text(12'900) == "12 ms");
  CHECK(duration_text(second) == "1 s");
  CHECK(duration_text(119 * second) == "119 s");
  CHECK(duration_text(120 * second) == "2 min");
  CHECK(duration_text(2 * 3'600 * second) == "2 h");
  CHECK(duration_text(50 * 3'600 * second) == "2 d");
  CHECK(duration_text(std::uint64_t(-1)) == "213503982 d");
}

TEST_CASE("a connected peer is so for some time") {
  peer_status x;
  x.state = peer_state::connected;
  x.connection = connection_status{};
  x.connection->age_ms = 3 * 3'600'000;
  CHECK(describe(x) == "connected for 3 h");
  x.connection.reset();
  CHECK(describe(x) == "connected for 0 s");
}

TEST_CASE("whoever is dialled again is told why") {
  peer_status x;
  x.state = peer_state::retrying;
  x.retry_ms = 12'345;
  CHECK(describe(x) == "retrying in 12 s");
  x.failure = failed_attempt{somewhere, std::nullopt, "connection_refused", 0};
  CHECK(describe(x)
        == "retrying in 12 s: connection refused by tcp://127.0.0.1:4000");
  x.failure->reason = "handshake_timeout";
  CHECK(describe(x)
        == "retrying in 12 s: handshake timeout at tcp://127.0.0.1:4000");
  x.state = peer_state::connecting;
  CHECK(describe(x) == "connecting: handshake timeout at tcp://127.0.0.1:4000");
  x.failure->address.reset();
  CHECK(describe(x) == "connecting: handshake timeout");
}

TEST_CASE("names of hosts are told with what they led to") {
  peer_status x;
  x.state = peer_state::connecting;
  x.failure = failed_attempt{somewhere, "host.name", "connection_refused", 0};
  CHECK(describe(x)
        == "connecting: connection refused by tcp://127.0.0.1:4000 "
           "(host.name)");
  x.failure = failed_attempt{dns_addr{"host.name", 4000}, std::nullopt,
                             "unknown_name", 0};
  CHECK(describe(x) == "connecting: could not resolve host.name: unknown name");
}

TEST_CASE("a refusal is told with what comes after it") {
  peer_status x;
  x.state = peer_state::refused;
  CHECK(describe(x) == "refused");
  x.refusal = connect_reply_error::denied;
  x.refused_by = refusing_side::here;
  CHECK(describe(x) == "refused by this node: denied");
  x.refused_by = refusing_side::peer;
  CHECK(describe(x) == "refused by the peer: denied");
  x.refusal = connect_reply_error::over_capacity;
  x.retry_ms = 5'000;
  CHECK(describe(x)
        == "refused by the peer: over capacity; this node asks again in 5 s");
}

TEST_CASE("why a peer has to call is told") {
  peer_status x;
  x.state = peer_state::waiting;
  x.obstacle = dial_obstacle{};
  CHECK(describe(x) == "waiting for it to call: no address of it is known");
  x.obstacle->reason = obstacle_kind::stranger;
  CHECK(describe(x)
        == "waiting for it to call: nobody here has vouched for it, so it is "
           "not dialled");
  x.state = peer_state::idle;
  CHECK(describe(x) == "idle: comes back with the next message");
  x.obstacle =
    dial_obstacle{obstacle_kind::undialled_addresses,
                  {{somewhere, dial_objection::outside_dial_ranges},
                   {ip_addr{ipv4{}}, dial_objection::unsupported_transport}}};
  CHECK(describe(x)
        == "idle: none of its addresses is dialled: tcp://127.0.0.1:4000 "
           "(outside dial ranges), ip://0.0.0.0 (unsupported transport)");
}

TEST_CASE("other states need no more than themselves") {
  CHECK(text_of(peer_state::idle) == "idle: comes back with the next message");
  CHECK(text_of(peer_state::waiting) == "waiting for it to call");
  CHECK(text_of(peer_state::connecting) == "connecting");
  CHECK(text_of(peer_state::stopping) == "this node stops");
  CHECK(text_of(static_cast<peer_state>(99)) == "unknown");
}
