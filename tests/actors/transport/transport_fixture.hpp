// An actor system with a TCP transport.

#pragma once

#include <memory>

#include <node_proxy/actors/tcp/tcp_transport.hpp>

#include "actors/proxy/raw_peer.hpp"
#include "actors/system_fixture.hpp"
#include "held_end.hpp"

namespace test {

using namespace node_proxy;
using namespace node_proxy::internal;

struct transport_fixture : system_fixture {
  // That of the transport, and that of `held_end`.
  event_loops loops = event_loop::of(system, 2).value();
  transport_actor transport = spawn_tcp_transport(system, loops.front(), 256);

  ~transport_fixture() {
    caf::anon_send_exit(transport, caf::exit_reason::user_shutdown);
  }

  /// Returns when the transport has handled what was sent to it before.
  void settle() {
    auto answer =
      ask<listening_stopped>(transport, stop_listening{local_host(1)});
    CHECK(code_of(answer.error()) == errc::bad_address);
  }

  /// Listens, with the test as acceptor. Returns the address it got.
  tcp_addr listen_at(const tcp_addr& address, held_end& acceptor) {
    auto answer = must<listening>(
      transport, node_proxy::internal::listen{address, {acceptor.acceptor()}});
    return std::get<tcp_addr>(answer.address);
  }
};

/// Two ends of one connection: `near` has dialled `far`.
struct connected_fixture : transport_fixture {
  held_end near{system};
  held_end far{system};
  tcp_addr address = listen_at(local_host(0), far);

  connected_fixture() {
    auto error = near.dial_to(transport, {address});
    REQUIRE_FALSE(error);
    far.connection = far.next_inbound().connection;
  }
};

/// A connection with a plain socket at its other end.
struct raw_fixture : transport_fixture {
  held_end near{system};
  raw_peer peer{listen_at(local_host(0), near)};

  raw_fixture() { near.connection = near.next_inbound().connection; }
};

} // namespace test
