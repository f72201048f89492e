// What Node Proxies say, on its way to another process.

#include <doctest/doctest.h>

#include <node_proxy/actors/router/worker_events.hpp>

#include "actors/system_fixture.hpp"

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
  CHECK(same(peer_disconnected{"idle"}).reason == "idle");
  CHECK(same(peer_refused{connect_reply_error::incompatible}).reason
        == connect_reply_error::incompatible);
  CHECK(same(peer_key_shared{true}).is_own);
  transport_address address = tcp_addr{ipv4{{std::byte{10}}}, 7};
  destination place{address, "host.name"};
  auto unreachable = same(peer_unreachable{"timed_out", place, true});
  CHECK(unreachable.reason == "timed_out");
  CHECK(unreachable.place == place);
  CHECK(unreachable.undialled);
  CHECK_FALSE(same(peer_unreachable{"unreachable"}).place);
  auto failed = same(peer_connect_failed{address, "timed_out"});
  CHECK(failed.address == address);
  CHECK(failed.reason == "timed_out");
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

TEST_CASE("names of reasons last, and are bounded") {
  std::string text = "some reason";
  auto name = lasting_name(text);
  text = "another one";
  CHECK(name == "some reason");
  CHECK(lasting_name("some reason").data() == name.data());
  CHECK(lasting_name(std::string(65, 'x')) == "other");
  std::size_t others = 0;
  for (int i = 0; i < 1'000; ++i)
    others += lasting_name(std::to_string(i)) == "other";
  CHECK(others >= 744);
  CHECK(lasting_name("some reason") == "some reason");
}
