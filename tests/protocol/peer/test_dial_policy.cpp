#include <node_proxy/protocol/peer/dial_policy.hpp>

#include <initializer_list>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include <node_proxy/protocol/wire/address_text.hpp>

using namespace node_proxy;
using namespace node_proxy::internal;

namespace {

struct fixture {
  bool dials(std::string_view told) const {
    return may_dial(parse_address(told).value(), met, {allowed, own});
  }

  void meet(std::string_view ip) { met.push_back(*parse_ip_address(ip)); }

  void allow(std::string_view range) {
    allowed.push_back(parse_ip_range(range).value());
  }

  std::vector<ip_address> met;
  void be_in(std::string_view range) {
    own.push_back(parse_ip_range(range).value());
  }

  std::vector<ip_range> allowed;
  std::vector<ip_range> own;
};

constexpr std::initializer_list<const char*> never{
  "tcp://0.0.0.0:9",
  "tcp://0.1.2.3:9",
  "tcp://169.254.169.254:80",
  "tcp://224.0.0.1:9",
  "tcp://239.1.1.1:9",
  "tcp://255.255.255.255:9",
  "tcp://192.0.2.1:9",
  "tcp://198.51.100.1:9",
  "tcp://203.0.113.1:9",
  "tcp://[::]:9",
  "tcp://[fe80::1]:9",
  "tcp://[ff02::1]:9",
  "tcp://[2001:db8::1]:9",
  "tcp://[3fff::1]:9",
  "tcp://[::ffff:0.0.0.0]:9",
  "tcp://[::ffff:169.254.169.254]:9",
  "tcp://[2002:a9fe:a9fe::]:9",
  "tcp://[64:ff9b::169.254.169.254]:9",
  "tcp://[64:ff9b::224.0.0.1]:9",
  "tcp://[2002:e000:1::]:9",
  "tcp://[64:ff9b:1::169.254.169.254]:9",
  "tcp://[::169.254.169.254]:9",
  "tcp://1.1.1.1:0",
  "tcp://[2606:4700::1]:0"};

constexpr std::initializer_list<const char*> here{
  "tcp://127.0.0.1:22",
  "tcp://10.0.0.1:9",
  "tcp://172.16.0.1:9",
  "tcp://192.168.1.7:9",
  "tcp://100.64.0.1:9",
  "tcp://198.18.0.1:9",
  "tcp://240.0.0.1:9",
  "tcp://[::1]:9",
  "tcp://[fd00::1]:9",
  "tcp://[::127.0.0.1]:9",
  "tcp://[::ffff:127.0.0.1]:9",
  "tcp://[2002:7f00:1::]:9",
  "tcp://[64:ff9b::10.0.0.1]:9",
  "tcp://[64:ff9b:1::1.1.1.1]:9",
  "tcp://[100::1]:9",
  "tcp://[2001:0:7f00:1::]:9"};

} // namespace

TEST_CASE_FIXTURE(fixture, "anybody may say that he is on the Internet") {
  for (auto text : {"tcp://1.1.1.1:1", "tcp://[2606:4700::1111]:65535",
                    "tcp://[::ffff:1.1.1.1]:9", "tcp://[2002:101:101::1]:9",
                    "tcp://[64:ff9b::1.1.1.1]:9"})
    CHECK_MESSAGE(dials(text), text);
}

TEST_CASE_FIXTURE(fixture, "nobody has this node search its own network") {
  for (auto text : here)
    CHECK_MESSAGE(!dials(text), text);
}

TEST_CASE_FIXTURE(fixture, "an operator may allow ranges") {
  allow("0.0.0.0/0");
  allow("::/0");
  for (auto text : here)
    CHECK_MESSAGE(dials(text), text);
}

TEST_CASE_FIXTURE(fixture, "nobody is sent where no single host is") {
  allow("0.0.0.0/0");
  allow("::/0");
  for (auto text : never) {
    auto address = parse_address(text).value();
    std::visit(
      [this](const auto& x) {
        if constexpr (requires { x.ip; })
          met.push_back(x.ip);
      },
      address);
  }
  for (auto text : never)
    CHECK_MESSAGE(!dials(text), text);
}

TEST_CASE_FIXTURE(fixture, "whom we met at a host may be there, at any port") {
  meet("127.0.0.1");
  meet("192.168.1.7");
  meet("fd00::7");
  CHECK(dials("tcp://127.0.0.1:1"));
  CHECK(dials("tcp://[::ffff:127.0.0.1]:65535"));
  CHECK(dials("tcp://192.168.1.7:9"));
  CHECK(dials("tcp://[fd00::7]:9"));
  CHECK_FALSE(dials("tcp://127.0.0.2:1"));
  CHECK_FALSE(dials("tcp://192.168.1.8:9"));
  CHECK_FALSE(dials("tcp://[fd00::8]:9"));
  CHECK_FALSE(dials("tcp://[2002:7f00:1::]:9"));
}

TEST_CASE_FIXTURE(fixture, "the network of this host is not the Internet") {
  be_in("1.1.1.0/24");
  be_in("2606:4700:0:1::/64");
  for (auto text : {"tcp://1.1.1.7:9", "tcp://[::ffff:1.1.1.7]:9",
                    "tcp://[2606:4700:0:1::7]:9"})
    CHECK_MESSAGE(!dials(text), text);
  CHECK(dials("tcp://1.1.2.7:9"));
  CHECK(dials("tcp://[2606:4700:0:2::7]:9"));
  SUBCASE("but for whom we met there") {
    meet("1.1.1.7");
    CHECK(dials("tcp://1.1.1.7:9"));
    CHECK_FALSE(dials("tcp://1.1.1.8:9"));
  }
  SUBCASE("and where the operator allows it") {
    allow("1.1.1.0/24");
    CHECK(dials("tcp://1.1.1.7:9"));
  }
}
