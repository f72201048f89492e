// The TCP transport: listening and dialling. Connections themselves:
// test_tcp_connection.cpp.

#include <optional>
#include <vector>

#include <sys/resource.h>
#include <unistd.h>

#include <node_proxy/actors/tcp/tcp_transport.hpp>
#include <node_proxy/protocol/wire/address_text.hpp>

#include "actors/proxy/raw_peer.hpp"
#include "actors/transport/transport_fixture.hpp"

namespace node_proxy::internal {

namespace {

using namespace test;

/// An address where nobody listens.
tcp_addr vacant_address(transport_fixture& fixture) {
  held_end acceptor{fixture.system};
  auto address = fixture.listen_at(local_host(0), acceptor);
  fixture.must<listening_stopped>(fixture.transport, stop_listening{address});
  return address;
}

/// Dials and waits, until it is told to end.
caf::behavior dialler(caf::event_based_actor* self,
                      const transport_actor& transport, tcp_addr address) {
  self
    ->request(transport, caf::infinite, dial{address, std::chrono::minutes{1}})
    .then([](const dialled&) {}, [](const caf::error&) {});
  return {[](caf::ok_atom ok) {
    return ok;
  }};
}

} // namespace

TEST_CASE_FIXTURE(transport_fixture, "a listener says which port it got") {
  held_end acceptor{system};
  auto first = listen_at(local_host(0), acceptor);
  auto second = listen_at(local_host(0), acceptor);
  CHECK(first.port != 0);
  CHECK(second.port != 0);
  CHECK(first.port != second.port);
  CHECK(first.ip == local_host(0).ip);

  raw_peer one{first};
  static_cast<void>(acceptor.next_inbound());
  raw_peer two{second};
  static_cast<void>(acceptor.next_inbound());
}

TEST_CASE_FIXTURE(transport_fixture, "a listener for IPv6") {
  held_end acceptor{system};
  ipv6 loopback;
  loopback.octets.back() = std::byte{1};
  auto answer = ask<listening>(
    transport, listen{tcp_addr{loopback, 0}, {acceptor.acceptor()}});
  // Not every machine has IPv6.
  if (!answer) {
    CHECK(code_of(answer.error()) == errc::bad_address);
    return;
  }
  held_end near{system};
  CHECK_FALSE(near.dial_to(transport, {answer->address}));
  static_cast<void>(acceptor.next_inbound());
}

TEST_CASE_FIXTURE(transport_fixture, "errors of listening name the address") {
  held_end acceptor{system};
  auto taken_address = listen_at(local_host(0), acceptor);
  auto again =
    ask<listening>(transport, listen{taken_address, {acceptor.acceptor()}});
  REQUIRE_FALSE(again);
  CHECK(code_of(again.error()) == errc::address_in_use);
  CHECK(
    context_of(again.error()).find(to_string(transport_address{taken_address}))
    != std::string::npos);

  // TEST-NET-1 (RFC 5737) is nobody's.
  tcp_addr foreign{ipv4{{std::byte{192}, {}, std::byte{2}, std::byte{1}}},
                   4000};
  auto wrong =
    ask<listening>(transport, listen{foreign, {acceptor.acceptor()}});
  REQUIRE_FALSE(wrong);
  CHECK(code_of(wrong.error()) == errc::bad_address);
  CHECK(context_of(wrong.error()).find("tcp://192.0.2.1:4000")
        != std::string::npos);
  CHECK(context_of(wrong.error()).find("expected an address of this host")
        != std::string::npos);

  auto other = ask<listening>(
    transport, listen{udp_addr{local_host(0).ip, 0}, {acceptor.acceptor()}});
  REQUIRE_FALSE(other);
  CHECK(code_of(other.error()) == errc::bad_address);
}

TEST_CASE_FIXTURE(transport_fixture,
                  "after stop_listening the address is free at once") {
  held_end acceptor{system};
  auto address = listen_at(local_host(0), acceptor);
  raw_peer peer{address};
  auto inbound = acceptor.next_inbound();
  must<listening_stopped>(transport, stop_listening{address});
  CHECK(
    code_of(ask<listening_stopped>(transport, stop_listening{address}).error())
    == errc::bad_address);

  held_end near{system};
  auto error = near.dial_to(transport, {address});
  REQUIRE(error);
  CHECK(code_of(*error) == errc::connection_refused);
  CHECK(listen_at(address, acceptor) == address);

  // What was accepted before is still there.
  near.connection = inbound.connection;
  near.read_one();
  CHECK(peer.send(as_bytes({"\x03\0\0\0abc", 7})));
  CHECK(near.next_body() == to_bytes("abc"));
}

TEST_CASE_FIXTURE(transport_fixture, "errors of dialling name the address") {
  auto address = vacant_address(*this);
  held_end near{system};
  auto refused = near.dial_to(transport, {address});
  REQUIRE(refused);
  CHECK(code_of(*refused) == errc::connection_refused);
  CHECK(context_of(*refused).find(to_string(transport_address{address}))
        != std::string::npos);

  auto nowhere = near.dial_to(transport, {local_host(0)});
  REQUIRE(nowhere);
  CHECK(code_of(*nowhere) == errc::bad_address);

  auto other = near.dial_to(transport, {ip_addr{local_host(0).ip}});
  REQUIRE(other);
  CHECK(code_of(*other) == errc::bad_address);
}

TEST_CASE_FIXTURE(transport_fixture, "dialling has a timeout of its own") {
  auto before = open_descriptors();
  {
    full_listener silent;
    held_end near{system};
    auto error = near.dial_to(
      transport, {silent.address(), std::chrono::milliseconds{50}});
    REQUIRE(error);
    CHECK(code_of(*error) == errc::timed_out);
  }
  CHECK(wait_for_descriptors(before));
}

TEST_CASE_FIXTURE(transport_fixture,
                  "a dial is given up when nobody waits for it") {
  auto before = open_descriptors();
  full_listener silent;
  auto with_listener = open_descriptors();
  auto requester = system.spawn(dialler, transport, silent.address());
  must<caf::ok_atom>(requester, caf::ok_atom_v);
  settle();
  CHECK(open_descriptors() > with_listener);
  caf::anon_send_exit(requester, caf::exit_reason::user_shutdown);
  CHECK(wait_for_descriptors(with_listener));
  CHECK(with_listener > before);
}

TEST_CASE_FIXTURE(transport_fixture,
                  "it is known where connections come from") {
  held_end acceptor{system};
  auto address = listen_at(local_host(0), acceptor);
  raw_peer peer{address, local_host(0, 2)};
  CHECK(acceptor.next_inbound().from == local_host(0, 2).ip);
}

TEST_CASE_FIXTURE(transport_fixture, "a listener ends with its acceptor") {
  std::optional<held_end> acceptor{std::in_place, system};
  auto address = listen_at(local_host(0), *acceptor);
  raw_peer peer{address};
  acceptor->next_inbound();
  acceptor.reset();
  // So does the connection that nobody has taken over.
  CHECK(peer.sees_end());
  held_end next{system};
  // The address is free as soon as the transport has noticed.
  CHECK(comes_true([&] {
    return bool{ask<listening>(transport, listen{address, {next.acceptor()}})};
  }));
}

// The undefined behaviour sanitizer, which comes with this one, needs a
// descriptor for some of its checks.
#ifndef __SANITIZE_ADDRESS__
TEST_CASE_FIXTURE(transport_fixture,
                  "accepting goes on after descriptors ran out") {
  held_end acceptor{system};
  auto address = listen_at(local_host(0), acceptor);
  rlimit usual{};
  REQUIRE(getrlimit(RLIMIT_NOFILE, &usual) == 0);
  // Room for the near end of the connection only. (The directory that
  // `open_descriptors` reads is a descriptor, too.)
  std::vector<int> fillers;
  auto tight = usual;
  tight.rlim_cur = open_descriptors() + 8;
  REQUIRE(setrlimit(RLIMIT_NOFILE, &tight) == 0);
  for (int fd = dup(0); fd >= 0; fd = dup(0))
    fillers.push_back(fd);
  close(fillers.back());
  fillers.pop_back();

  raw_peer peer{address};
  // The listener cannot accept. When it can again, it does.
  CHECK(acceptor.next_inbound_within(std::chrono::milliseconds{0})
        == std::nullopt);
  for (auto fd : fillers)
    close(fd);
  REQUIRE(setrlimit(RLIMIT_NOFILE, &usual) == 0);
  acceptor.connection = acceptor.next_inbound().connection;
  acceptor.read_one();
  CHECK(peer.send(as_bytes({"\x02\0\0\0ok", 6})));
  CHECK(acceptor.next_body() == to_bytes("ok"));
}
#endif

TEST_CASE_FIXTURE(transport_fixture,
                  "a peer that never reads does not keep the transport") {
  held_end near{system};
  raw_peer peer{listen_at(local_host(0), near)};
  near.connection = near.next_inbound().connection;
  near.write_raw(bytes(32 * 1024 * 1024));
  near.shut_down();
  settle();
  auto begin = std::chrono::steady_clock::now();
  caf::anon_send_exit(transport, caf::exit_reason::user_shutdown);
  self->wait_for(transport);
  // A peer of a transport that goes on has more time.
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds{2});
  CHECK(peer.sees_end());
}

TEST_CASE_FIXTURE(transport_fixture, "the transport ends while dialling") {
  full_listener silent;
  held_end near{system};
  std::optional<caf::error> error;
  caf::scoped_actor other{system};
  auto pending =
    other->request(transport, patience, dial{silent.address(), patience});
  caf::anon_send_exit(transport, caf::exit_reason::user_shutdown);
  pending.receive([](const dialled&) { FAIL("connected"); },
                  [&](caf::error& reason) { error = std::move(reason); });
  REQUIRE(error);
  CHECK(code_of(*error) == errc::shutting_down);
}

} // namespace node_proxy::internal
