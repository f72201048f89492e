#include <node_proxy/actors/tcp/own_networks.hpp>

#include <algorithm>

#include <doctest/doctest.h>

#include <node_proxy/protocol/wire/address_range.hpp>
#include <node_proxy/protocol/wire/address_text.hpp>

using namespace node_proxy;
using namespace node_proxy::internal;

TEST_CASE("this host is in its own network") {
  auto all = own_networks();
  auto is_in_one = [&all](const char* ip) {
    return std::ranges::any_of(all, [ip](const ip_range& x) {
      return contains(x, *parse_ip_address(ip));
    });
  };
  CHECK(is_in_one("127.0.0.1"));
  CHECK(is_in_one("127.1.2.3"));
  // No network of a host is that wide.
  CHECK_FALSE((is_in_one("1.1.1.1") && is_in_one("200.1.1.1")));
}
