#include <node_proxy/protocol/wire/address_kind.hpp>

#include <algorithm>
#include <string>

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

namespace {

/// The first and the last address of a block, and what they are.
struct block {
  const char* first;
  const char* last;
  std::string_view kind;
};

// https://www.iana.org/assignments/iana-ipv4-special-registry, and what is
// between its blocks.
constexpr block v4_blocks[] = {
  {"0.0.0.0", "0.255.255.255", "unspecified"},
  {"1.0.0.0", "9.255.255.255", "global"},
  {"10.0.0.0", "10.255.255.255", "private_network"},
  {"11.0.0.0", "100.63.255.255", "global"},
  {"100.64.0.0", "100.127.255.255", "private_network"},
  {"100.128.0.0", "126.255.255.255", "global"},
  {"127.0.0.0", "127.255.255.255", "loopback"},
  {"128.0.0.0", "169.253.255.255", "global"},
  {"169.254.0.0", "169.254.255.255", "link_local"},
  {"169.255.0.0", "172.15.255.255", "global"},
  {"172.16.0.0", "172.31.255.255", "private_network"},
  {"172.32.0.0", "191.255.255.255", "global"},
  {"192.0.0.0", "192.0.0.255", "reserved"},
  {"192.0.1.0", "192.0.1.255", "global"},
  {"192.0.2.0", "192.0.2.255", "documentation"},
  {"192.0.3.0", "192.88.98.255", "global"},
  {"192.88.99.0", "192.88.99.255", "reserved"},
  {"192.88.100.0", "192.167.255.255", "global"},
  {"192.168.0.0", "192.168.255.255", "private_network"},
  {"192.169.0.0", "198.17.255.255", "global"},
  {"198.18.0.0", "198.19.255.255", "reserved"},
  {"198.20.0.0", "198.51.99.255", "global"},
  {"198.51.100.0", "198.51.100.255", "documentation"},
  {"198.51.101.0", "203.0.112.255", "global"},
  {"203.0.113.0", "203.0.113.255", "documentation"},
  {"203.0.114.0", "223.255.255.255", "global"},
  {"224.0.0.0", "239.255.255.255", "multicast"},
  {"240.0.0.0", "255.255.255.254", "reserved"},
  {"255.255.255.255", "255.255.255.255", "broadcast"},
};

// https://www.iana.org/assignments/iana-ipv6-special-registry, and what is
// beside its blocks; but for those with an IPv4 address in them.
constexpr block v6_blocks[] = {
  {"::", "::", "unspecified"},
  {"::1", "::1", "loopback"},
  {"0:0:0:1::", "63:ffff::", "reserved"},
  {"64:ff9b:2::", "ff:ffff::", "reserved"},
  {"100::", "100::ffff:ffff:ffff:ffff", "reserved"},
  {"100:0:0:1::", "1fff:ffff::", "reserved"},
  {"2000::", "2000:ffff::", "global"},
  {"2001::", "2001:0:ffff::", "reserved"}, // Teredo
  {"2001:1::", "2001:2:ffff::", "reserved"},
  {"2001:3::", "2001:3:ffff::", "global"},
  {"2001:4::", "2001:4:111:ffff::", "reserved"},
  {"2001:4:112::", "2001:4:112:ffff::", "global"},
  {"2001:4:113::", "2001:1f:ffff::", "reserved"},
  {"2001:20::", "2001:3f:ffff::", "global"},
  {"2001:40::", "2001:1ff:ffff::", "reserved"},
  {"2001:200::", "2001:db7:ffff::", "global"},
  {"2001:db8::", "2001:db8:ffff::", "documentation"},
  {"2001:db9::", "2001:ffff::", "global"},
  {"2003::", "3ffe:ffff::", "global"},
  {"3fff::", "3fff:fff:ffff::", "documentation"},
  {"3fff:1000::", "3fff:ffff::", "global"},
  {"4000::", "fbff:ffff::", "reserved"}, // 5f00::/16 among them
  {"fc00::", "fdff:ffff::", "private_network"},
  {"fe00::", "fe7f:ffff::", "reserved"},
  {"fe80::", "febf:ffff::", "link_local"},
  {"fec0::", "feff:ffff::", "private_network"},
  {"ff00::", "ffff:ffff::", "multicast"},
};

/// An IPv4 address inside of an IPv6 address.
std::string with_prefix(std::string_view prefix, const char* text) {
  return std::string{prefix} + text;
}

std::string as_6to4(const char* text) {
  auto ip = std::get<ipv4>(*parse_ip_address(text)).octets;
  ipv6 result;
  result.octets[0] = std::byte{0x20};
  result.octets[1] = std::byte{0x02};
  std::ranges::copy(ip, result.octets.begin() + 2);
  result.octets.back() = std::byte{1};
  return to_string(ip_address{result});
}

/// What a form makes of it that leads nowhere, or only here.
std::string_view at_best(std::string_view best, std::string_view kind) {
  return kind == "global" ? best : kind;
}

} // namespace

TEST_CASE("IPv4 addresses are what the registry says") {
  for (const auto& x : v4_blocks)
    for (auto text : {x.first, x.last})
      CHECK_MESSAGE(kind_of(text) == x.kind, text);
}

TEST_CASE("IPv6 addresses are what the registry says") {
  for (const auto& x : v6_blocks)
    for (auto text : {x.first, x.last})
      CHECK_MESSAGE(kind_of(text) == x.kind, text);
  CHECK(kind_of("fe80::1%3") == "link_local");
}

TEST_CASE("an IPv6 address with an IPv4 address in it is what that one is") {
  for (const auto& x : v4_blocks)
    for (auto text : {x.first, x.last}) {
      INFO(text);
      CHECK(kind_of(with_prefix("::ffff:", text)) == x.kind);
      CHECK(kind_of(with_prefix("64:ff9b::", text)) == x.kind);
      CHECK(kind_of(as_6to4(text)) == x.kind);
      CHECK(kind_of(with_prefix("64:ff9b:1::", text))
            == at_best("private_network", x.kind));
      CHECK(kind_of(with_prefix("::ffff:0:", text))
            == at_best("reserved", x.kind));
    }
  // Two of these are no IPv4 addresses, see above.
  CHECK(kind_of("::127.0.0.1") == "loopback");
  CHECK(kind_of("::169.254.169.254") == "link_local");
  CHECK(kind_of("::224.0.0.1") == "multicast");
  CHECK(kind_of("::1.1.1.1") == "reserved");
  CHECK(kind_of("::2") == "unspecified");
}

TEST_CASE("an IPv4-mapped address is the IPv4 address") {
  auto same = [](std::string_view text) {
    return to_string(canonical(address_of(text)));
  };
  CHECK(same("tcp://[::ffff:10.0.0.1]:9") == "tcp://10.0.0.1:9");
  CHECK(same("udp://[::ffff:10.0.0.1]:9") == "udp://10.0.0.1:9");
  CHECK(same("tcp://[64:ff9b::a00:1]:9") == "tcp://[64:ff9b::a00:1]:9");
  CHECK(same("tcp://10.0.0.1:9") == "tcp://10.0.0.1:9");
  ip_address mapped = *parse_ip_address("::ffff:10.0.0.1");
  CHECK(canonical(quic_addr{{mapped, 443, "CA"}})
        == transport_address{
          quic_addr{{*parse_ip_address("10.0.0.1"), 443, "CA"}}});
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

TEST_CASE("names are looked up, and nobody listens at one") {
  CHECK_FALSE(objection_to_dial(dns_addr{"a.test", 1}));
  CHECK_FALSE(objection_to_advertise(dns_addr{"a.test", 1}));
  CHECK(objection_to_dial(dns_addr{"a.test", 0}));
  CHECK(objection_to_listen(dns_addr{"a.test", 1}));
  CHECK(host_of(dns_addr{"a.test", 1}) == nullptr);
  CHECK(port_of(dns_addr{"a.test", 1}) == 1);
}
