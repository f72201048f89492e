#include <doctest/doctest.h>

#include <node_proxy/protocol/wire/address_text.hpp>

using namespace node_proxy;

namespace {

/// What `text` reads as, written again.
std::string normalized(std::string_view text) {
  auto ip = parse_ip_address(text);
  return ip ? to_string(*ip) : "refused";
}

std::string error_of(std::string_view text) {
  auto address = parse_address(text);
  return address ? "accepted" : address.error();
}

} // namespace

TEST_CASE("addresses read back as they were written") {
  for (auto text :
       {"tcp://127.0.0.1:4000", "tcp://[::1]:4000", "udp://0.0.0.0:0",
        "udp://[::]:65535", "tcp://[2001:db8::1]:1",
        "tcp://[::ffff:192.0.2.1]:80", "tcp://255.255.255.255:1"}) {
    auto address = parse_address(text);
    REQUIRE_MESSAGE(address, text);
    CHECK(to_string(*address) == text);
  }
  CHECK(parse_address("tcp://127.0.0.1:4000")->index() == 3);
  CHECK(parse_address("udp://127.0.0.1:4000")->index() == 4);
}

TEST_CASE("addresses of the other kinds are written, too") {
  ip_address ip = *parse_ip_address("2001:db8::1");
  CHECK(to_string(transport_address{quic_addr{{ip, 443, "CA"}}})
        == "quic://[2001:db8::1]:443");
  CHECK(to_string(transport_address{tls_addr{{ip, 443, "CA"}}})
        == "tls://[2001:db8::1]:443");
  CHECK(to_string(transport_address{ip_addr{ip}}) == "ip://2001:db8::1");
}

TEST_CASE("IPv6 addresses have the canonical form of RFC 5952") {
  CHECK(normalized("2001:0DB8:0:0:0:0:0:0001") == "2001:db8::1");
  CHECK(normalized("2001:db8:0:1:1:1:1:1") == "2001:db8:0:1:1:1:1:1");
  CHECK(normalized("2001:0:0:1:0:0:0:1") == "2001:0:0:1::1");
  CHECK(normalized("2001:db8:0:0:1:0:0:1") == "2001:db8::1:0:0:1");
  CHECK(normalized("0:0:0:0:0:0:0:0") == "::");
  CHECK(normalized("1:0:0:0:0:0:0:0") == "1::");
  CHECK(normalized("1:2:3:4:5:6:7::") == "1:2:3:4:5:6:7:0");
  CHECK(normalized("::2:3:4:5:6:7:8") == "0:2:3:4:5:6:7:8");
  CHECK(normalized("::FFFF:c000:0201") == "::ffff:192.0.2.1");
  CHECK(normalized("64:ff9b::192.0.2.33") == "64:ff9b::c000:221");
  CHECK(normalized("1:2:3:4:5:6:1.2.3.4") == "1:2:3:4:5:6:102:304");
  // Nothing says that these hold an IPv4 address.
  CHECK(normalized("::1.2.3.4") == "::102:304");
  CHECK(normalized("::1:0") == "::1:0");
  CHECK(normalized("::FFFF") == "::ffff");
  CHECK(normalized("::FFFF:0:1:2") == "::ffff:0:1:2");
}

TEST_CASE("what is not a numeric address is refused") {
  for (auto text : {"",
                    "1",
                    "1.2.3",
                    "1.2.3.4.5",
                    "1.2.3.256",
                    "1.2.3.04",
                    "1.2.3.",
                    ".1.2.3",
                    "1.2..4",
                    "1.2.3.4 ",
                    " 1.2.3.4",
                    "+1.2.3.4",
                    "1.2.3.-4",
                    "0x1.2.3.4",
                    "010.2.3.4",
                    "00.2.3.4",
                    "1.2.3.4096",
                    "0001.2.3.4",
                    "::ffff:1.2.3.04",
                    "00001::",
                    "localhost",
                    ":",
                    ":::",
                    "1:2:3:4:5:6:7",
                    "1::2::3",
                    "1:2:3:4:5:6:7:8:9",
                    "1:2:3:4:5:6:7:8::",
                    "::1:2:3:4:5:6:7:8",
                    "12345::",
                    "g::",
                    "::1.2.3",
                    "1.2.3.4::",
                    "::1.2.3.4:5",
                    ":1:2::",
                    "::1:",
                    "1:2:3:4:5:6:7:1.2.3.4",
                    "fe80::1%eth0",
                    "fe80::1%02",
                    "[::1]"})
    CHECK_MESSAGE(!parse_ip_address(text), text);
  // A zero octet ends nothing.
  using namespace std::string_view_literals;
  for (auto text : {"1.2.3.4\0"sv, "1.2.3.4\0.5"sv, "::1\0"sv, "\0::1"sv})
    CHECK(!parse_ip_address(text));
}

TEST_CASE("errors name the address and what was expected") {
  CHECK(error_of("foo")
        == "bad address 'foo': expected tcp://HOST:PORT or udp://IP:PORT");
  CHECK(error_of("udp://localhost:4000")
        == "bad address 'udp://localhost:4000': expected an IPv4 address, or "
           "an IPv6 address in brackets, then a colon and a port");
  auto port = std::string{"expected a colon and a port from 0 to 65535 after "
                          "the host"};
  for (auto text : {"tcp://1.2.3.4", "tcp://1.2.3.4:", "tcp://1.2.3.4:65536",
                    "tcp://1.2.3.4:-1", "tcp://1.2.3.4:007", "tcp://1.2.3.4:1x",
                    "udp://[::1]:123456"})
    CHECK(error_of(text) == "bad address '" + std::string{text} + "': " + port);
  for (auto text : {"tcp://::1:4000", "tcp://[1.2.3.4]:4000", "tcp://[::1]",
                    "tcp://[]:1", "tcp://", "tcp://:4000"})
    CHECK(error_of(text).find("IPv6 address in brackets") != std::string::npos);
  for (auto text : {"", "tcp:/1.2.3.4:1", "TCP://1.2.3.4:1", "quic://[::1]:1"})
    CHECK(error_of(text).find("tcp://HOST:PORT") != std::string::npos);
}

TEST_CASE("a host may be given by its name, for TCP") {
  auto address = parse_address("tcp://a-1.Example.ORG:4000");
  REQUIRE(address);
  CHECK(*address == transport_address{dns_addr{"a-1.example.org", 4000}});
  CHECK(address->index() == 5);
  CHECK(to_string(*address) == "tcp://a-1.example.org:4000");
  CHECK(parse_address("tcp://localhost:1"));
  CHECK(parse_address("tcp://" + std::string(63, 'a') + ":1"));
  for (auto text :
       {"tcp://a_b:1", "tcp://-a:1", "tcp://a-:1", "tcp://a..b:1", "tcp://.a:1",
        "tcp://a.:1", "tcp://a b:1", "tcp://a/b:1", "tcp://user@a:1",
        "tcp://a%2e:1", "tcp://1.2.3:1", "tcp://a.1:1", "tcp://0x7f000001:1",
        "tcp://a.0x7f:1", "tcp://2130706433:1", "tcp://\xc3\xa4:1", "tcp://a",
        "udp://localhost:1"})
    CHECK_MESSAGE(!parse_address(text), text);
  CHECK_FALSE(parse_address("tcp://" + std::string(64, 'a') + ":1"));
}
