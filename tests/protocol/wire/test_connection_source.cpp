#include <node_proxy/protocol/wire/connection_source.hpp>

#include <string>

#include <doctest/doctest.h>

#include <node_proxy/protocol/wire/address_kind.hpp>
#include <node_proxy/protocol/wire/address_text.hpp>

using namespace node_proxy;
using namespace node_proxy::internal;

namespace {

connection_source from(const std::string& host) {
  return source_of(*host_of(parse_address("tcp://" + host + ":1").value()));
}

} // namespace

TEST_CASE("an IPv4 address is a source") {
  CHECK(from("192.0.2.1") == from("192.0.2.1"));
  CHECK(from("192.0.2.1") != from("192.0.2.2"));
}

TEST_CASE("a network of IPv6 addresses is a source") {
  CHECK(from("[2001:db8:0:1::1]") == from("[2001:db8:0:1:ffff::2]"));
  CHECK(from("[2001:db8:0:1::1]") != from("[2001:db8:0:2::1]"));
  // Nor is it of a link because of the IPv4 address in it.
  CHECK(from("[2002:a9fe:101:1::1]") == from("[2002:a9fe:101:1::2]"));
}

TEST_CASE("hosts of one link are several sources") {
  CHECK(from("[fe80::1]") != from("[fe80::2]"));
}

TEST_CASE("the two kinds of addresses have no source in common") {
  CHECK(from("0.0.0.1") != from("[0:0:0:1::1]"));
}
