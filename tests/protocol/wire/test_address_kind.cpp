#include <node_proxy/protocol/wire/address_kind.hpp>

#include <doctest/doctest.h>

#include <node_proxy/protocol/wire/address_text.hpp>

using namespace node_proxy;
using namespace node_proxy::internal;

namespace {

std::string_view kind_of(std::string_view text) {
  auto ip = parse_ip_address(text);
  REQUIRE_MESSAGE(ip, text);
  return to_string(internal::kind_of(*ip));
}

transport_address address_of(std::string_view text) {
  auto address = parse_address(text);
  REQUIRE_MESSAGE(address, text);
  return *address;
}

bool dialled(std::string_view text) {
  return !objection_to_dial(address_of(text));
}

bool advertised(std::string_view text) {
  return !objection_to_advertise(address_of(text));
}

bool listened(std::string_view text) {
  return !objection_to_listen(address_of(text));
}

} // namespace

TEST_CASE("addresses are told apart by the hosts that they stand for") {
  for (auto text : {"0.0.0.0", "0.1.2.3", "::", "::ffff:0.0.0.0"})
    CHECK_MESSAGE(kind_of(text) == "unspecified", text);
  for (auto text : {"127.0.0.1", "127.255.0.9", "::1", "::ffff:127.0.0.1"})
    CHECK_MESSAGE(kind_of(text) == "loopback", text);
  for (auto text : {"169.254.169.254", "fe80::1", "febf::1", "fe80::1%3"})
    CHECK_MESSAGE(kind_of(text) == "link_local", text);
  for (auto text : {"10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
                    "fd00::1", "fc00::1", "::ffff:10.1.1.1"})
    CHECK_MESSAGE(kind_of(text) == "private_network", text);
  for (auto text : {"224.0.0.1", "239.255.255.255", "ff02::1"})
    CHECK_MESSAGE(kind_of(text) == "multicast", text);
  CHECK(kind_of("255.255.255.255") == "broadcast");
  for (auto text : {"1.1.1.1", "172.15.0.1", "172.32.0.1", "192.169.0.1",
                    "240.0.0.1", "2001:db8::1", "fec0::1", "::2"})
    CHECK_MESSAGE(kind_of(text) == "global", text);
}

TEST_CASE("one can only connect to one host at one port") {
  for (auto text : {"tcp://0.0.0.0:1", "tcp://[::]:1", "tcp://127.0.0.1:0",
                    "tcp://224.0.0.1:1", "tcp://255.255.255.255:1",
                    "tcp://[::ffff:0.0.0.0]:1", "udp://[ff02::1]:1"})
    CHECK_MESSAGE(!dialled(text), text);
  for (auto text : {"tcp://127.0.0.1:1", "tcp://[fe80::1]:1", "udp://1.1.1.1:9",
                    "tcp://10.0.0.1:65535"})
    CHECK_MESSAGE(dialled(text), text);
  ip_address any = ipv4{};
  ip_address one = *parse_ip_address("1.2.3.4");
  CHECK(objection_to_dial(quic_addr{{any, 443, "CA"}}));
  CHECK(objection_to_dial(tls_addr{{one, 0, "CA"}}));
  CHECK_FALSE(objection_to_dial(tls_addr{{one, 443, "CA"}}));
  CHECK(objection_to_dial(ip_addr{any}));
  CHECK_FALSE(objection_to_dial(ip_addr{one}));
}

TEST_CASE("others are told of nothing that only this host understands") {
  CHECK(advertised("tcp://[fe80::1]:1"));
  CHECK(advertised("tcp://10.0.0.1:1"));
  CHECK_FALSE(advertised("tcp://[fe80::1%2]:1"));
  CHECK_FALSE(advertised("tcp://[::ffff:0.0.0.0]:1"));
  CHECK_FALSE(advertised("tcp://10.0.0.1:0"));
}

TEST_CASE("one can listen at addresses of a host, or at any") {
  for (auto text : {"tcp://0.0.0.0:0", "tcp://[::]:4000", "tcp://127.0.0.1:0",
                    "tcp://[fe80::1%2]:1", "tcp://169.254.1.1:1"})
    CHECK_MESSAGE(listened(text), text);
  for (auto text : {"tcp://224.0.0.1:1", "tcp://255.255.255.255:1",
                    "tcp://[ff02::1]:1", "tcp://[fe80::1]:1",
                    "tcp://[::ffff:127.0.0.1]:1", "tcp://[::ffff:0.0.0.0]:0"})
    CHECK_MESSAGE(!listened(text), text);
}

TEST_CASE("the interface of an address is read and written") {
  auto address = parse_address("tcp://[fe80::1%12]:4000");
  REQUIRE(address);
  CHECK(std::get<ipv6>(std::get<tcp_addr>(*address).ip).scope == 12);
  CHECK(to_string(*address) == "tcp://[fe80::1%12]:4000");
  for (auto text :
       {"tcp://[fe80::1%]:1", "tcp://[fe80::1%eth0]:1", "tcp://[fe80::1%-1]:1",
        "tcp://[fe80::1%0]:1", "tcp://1.2.3.4%1:1", "tcp://[2001:db8::1%1]:1",
        "tcp://[::%1]:1"})
    CHECK_FALSE(parse_address(text));
}
