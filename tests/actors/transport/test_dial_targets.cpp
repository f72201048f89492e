#include <node_proxy/actors/transport/dial_targets.hpp>

#include <algorithm>
#include <fstream>
#include <optional>
#include <string>

#include <doctest/doctest.h>

#include <node_proxy/base/hex.hpp>
#include <node_proxy/protocol/wire/address_text.hpp>

#include "transport_fixture.hpp"

using namespace test;

namespace {

tcp_addr address_of(std::string_view text) {
  return std::get<tcp_addr>(*parse_address(text));
}

/// A link-local address of this host, if it has one (proc(5)).
std::optional<ipv6> own_address() {
  std::ifstream all{"/proc/net/if_inet6"};
  std::string octets;
  std::string interface;
  std::string line;
  while (all >> octets >> interface && std::getline(all, line)) {
    if (!octets.starts_with("fe80"))
      continue;
    ipv6 result;
    auto ip = from_hex(octets);
    REQUIRE(ip);
    std::ranges::copy(*ip, result.octets.begin());
    result.scope = static_cast<std::uint32_t>(std::stoul(interface, {}, 16));
    return result;
  }
  return std::nullopt;
}

} // namespace

TEST_CASE("an address that says where it is leads there") {
  for (auto text : {"tcp://127.0.0.1:1", "tcp://169.254.0.1:1",
                    "tcp://[2001:db8::1]:1", "tcp://[fe80::1%7]:1"}) {
    auto address = address_of(text);
    CHECK(dial_targets(address) == std::vector{address});
  }
}

TEST_CASE("a link-local address may be on each link") {
  auto address = address_of("tcp://[fe80::1]:1");
  auto targets = dial_targets(address);
  CHECK(targets.size() <= max_dial_targets);
  CHECK(targets.empty() == !own_address());
  for (auto target : targets) {
    auto& ip = std::get<ipv6>(target.ip);
    CHECK(ip.scope != 0);
    ip.scope = 0;
    CHECK(target == address);
  }
}

TEST_CASE_FIXTURE(transport_fixture,
                  "a link-local address is dialled without its interface") {
  auto ip = own_address();
  if (!ip) {
    MESSAGE("this host has no link-local address");
    return;
  }
  held_end far{system};
  auto address = listen_at({*ip, 0}, far);
  CHECK(std::get<ipv6>(address.ip).scope == ip->scope);
  auto as_advertised = address;
  std::get<ipv6>(as_advertised.ip).scope = 0;
  // Of strangers only one at a time is dialled there.
  dial target{as_advertised, patience, peer_standing::introduced};
  held_end near{system};
  CHECK_FALSE(near.dial_to(transport, target));
  far.connection = far.next_inbound().connection;

  // Nobody listens there.
  must<listening_stopped>(transport, stop_listening{address});
  held_end late{system};
  auto error = late.dial_to(transport, target);
  REQUIRE(error);
  CHECK(code_of(*error) == errc::connection_refused);
}

TEST_CASE_FIXTURE(transport_fixture,
                  "to listen at a link-local address takes an interface") {
  held_end acceptor{system};
  auto refused = ask<listening>(
    transport, node_proxy::internal::listen{address_of("tcp://[fe80::1]:0"),
                                            {acceptor.acceptor()}});
  REQUIRE_FALSE(refused);
  CHECK(code_of(refused.error()) == errc::bad_address);
  CHECK(context_of(refused.error()).find("expected the interface")
        != std::string::npos);
}
