// Every message survives encoding and decoding, and the octets are those that
// an independent implementation of BARE writes.

#include "messages/samples.hpp"
#include "vectors/golden.hpp"

#include <doctest/doctest.h>

using namespace node_proxy;
using namespace node_proxy::internal;

TEST_CASE("every message decodes to what was encoded") {
  samples::for_each([]<class T>(const std::string& name, const T& value) {
    CAPTURE(name);
    auto encoded = encode(value);
    REQUIRE(encoded);
    auto decoded = decode<T>(*encoded);
    REQUIRE(decoded);
    CHECK(*decoded == value);
  });
}

TEST_CASE("every message has the octets of an independent implementation") {
  auto expected_octets = golden("bare/messages.json");
  samples::for_each([&](const std::string& name, const auto& value) {
    compare_with_golden(expected_octets, name, value);
  });
  // Nothing in the file is left untested.
  CHECK(expected_octets.empty());
}

TEST_CASE("an alternative whose tag is reserved has no encoding") {
  CHECK(encode(router_msg{reserved_tag<1>{}}).error() == bare_error::bad_tag);
  CHECK(encode(router_msg{reserved_tag<4>{}}).error() == bare_error::bad_tag);
  for (auto tag : {std::byte{1}, std::byte{4}, std::byte{5}})
    CHECK(decode<router_msg>(bytes{tag}).error() == bare_error::bad_tag);
}

TEST_CASE("lengths beyond the limits are refused both ways") {
  engine_id engine{std::nullopt, std::string(limits::engine_name, 'x')};
  auto longest = encode(engine);
  REQUIRE(longest);
  CHECK(decode<engine_id>(*longest) == engine);
  engine.name += 'x';
  CHECK(encode(engine).error() == bare_error::too_long);
  // The same, written by hand: no node, 256 characters.
  bytes octets{std::byte{0}, std::byte{0x80}, std::byte{0x02}};
  octets.resize(octets.size() + 256, std::byte{'x'});
  CHECK(decode<engine_id>(octets).error() == bare_error::too_long);

  auto advert = samples::advert();
  advert.addrs.resize(limits::advert_addresses);
  CHECK(encode(advert));
  advert.addrs.resize(limits::advert_addresses + 1);
  CHECK(encode(advert).error() == bare_error::too_long);

  auto tls = samples::tls();
  tls.cert_issuer.assign(limits::cert_issuer + 1, 'x');
  CHECK(encode(tls).error() == bare_error::too_long);
}

TEST_CASE("text that is not UTF-8 is refused both ways") {
  CHECK(encode(engine_id{std::nullopt, "\xFF"}).error()
        == bare_error::bad_utf8);
  bytes octets{std::byte{0}, std::byte{1}, std::byte{0xFF}};
  CHECK(decode<engine_id>(octets).error() == bare_error::bad_utf8);
}
