// What Node Proxies say, on its way to another process.

#include <doctest/doctest.h>

#include <node_proxy/actors/router/worker_events.hpp>

#include "actors/system_fixture.hpp"
#include "support/end_reasons.hpp"

using namespace test;

namespace {

node_id some_id() {
  node_id result;
  result.data.fill(std::byte{7});
  return result;
}

/// As the other process has it.
proxy_event crossed(const proxy_event& x) {
  auto told = event_to_tell(x);
  REQUIRE(told);
  bytes octets;
  REQUIRE(message_to_bare(worker_report{*told}, octets));
  worker_report arrived;
  REQUIRE(message_from_bare(octets, arrived));
  return event_told(std::get<told_event>(arrived.what));
}

template <class T>
T same(T x) {
  auto result = crossed({some_id(), peer_event{x}});
  CHECK(result.remote == some_id());
  return std::get<T>(std::get<peer_event>(result.what));
}

} // namespace

TEST_CASE("events of peers are told as they are") {
  auto connected = same(peer_connected{3, connection_role::responder});
  CHECK(connected.proto_ver == 3);
  CHECK(connected.role == connection_role::responder);
  CHECK(same(peer_connected{1, connection_role::initiator}).role
        == connection_role::initiator);
  CHECK(same(peer_resumed{5}).resent == 5);
  for (const end_reason& reason : all_end_reasons())
    CHECK(same(peer_disconnected{reason}).reason == reason);
  CHECK(same(peer_refused{connect_reply_error::incompatible}).reason
        == connect_reply_error::incompatible);
  CHECK(same(peer_key_shared{true}).is_own);
  transport_address address = tcp_addr{ipv4{{std::byte{10}}}, 7};
  destination place{address, "host.name"};
  auto unreachable = same(peer_unreachable{dial_error::timed_out, place});
  CHECK(unreachable.reason == peer_unreachable{dial_error::timed_out}.reason);
  CHECK(unreachable.place == place);
  CHECK_FALSE(unreachable.undialled());
  CHECK_FALSE(same(peer_unreachable{}).place);
  auto undialled = same(peer_unreachable{obstacle_kind::stranger});
  CHECK(undialled.reason == peer_unreachable{obstacle_kind::stranger}.reason);
  CHECK(undialled.undialled());
  auto objection =
    same(peer_unreachable{dial_objection::no_single_host, place});
  CHECK(objection.reason
        == peer_unreachable{dial_objection::no_single_host}.reason);
  CHECK(objection.undialled());
  auto failed = same(peer_connect_failed{address, dial_error::timed_out});
  CHECK(failed.address == address);
  CHECK(failed.reason == end_reason{dial_error::timed_out});
}

TEST_CASE("what is learned of peers is told") {
  auto advert =
    crossed({some_id(), learned_advert{{some_id(), {}, 9, {}, {}}}});
  CHECK(std::get<learned_advert>(advert.what).advert.version == 9);
  address_memory memory;
  memory.handle_call(ip_address{ipv4{{std::byte{10}}}});
  auto addresses = crossed({some_id(), learned_addresses{memory}});
  CHECK(std::get<learned_addresses>(addresses.what).memory == memory);
  auto overtaken = crossed({some_id(), overtaken_advert{8}});
  CHECK(std::get<overtaken_advert>(overtaken.what).version == 8);
  auto kept = crossed({some_id(), connection_permanence::permanent});
  CHECK(std::get<connection_permanence>(kept.what)
        == connection_permanence::permanent);
}

TEST_CASE("numbers and records go other ways") {
  CHECK_FALSE(event_to_tell({some_id(), proxy_metrics{}}));
  CHECK_FALSE(event_to_tell({some_id(), peer_record{}}));
}
