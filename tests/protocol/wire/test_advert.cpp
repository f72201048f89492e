#include <node_proxy/protocol/wire/advert.hpp>

#include <algorithm>

#include <doctest/doctest.h>
#include <sodium/crypto_sign.h>

#include <node_proxy/protocol/crypto/octets.hpp>
#include <node_proxy/protocol/wire/bare.hpp>

#include "support/octets.hpp"

using namespace test;

namespace {

const identity& owner() {
  static const auto result = identity::from_seed(numbered_key(1));
  return result;
}

node_advert some_advert() {
  node_advert result;
  result.addrs.push_back(
    {tcp_addr{ipv4{{std::byte{127}, std::byte{0}, std::byte{0}, std::byte{1}}},
              4000},
     7});
  result.addrs.push_back({tls_addr{{ipv6{}, 443, "issuer"}}, 3});
  result.version = 1'700'000'000;
  result.created.minutes = 500;
  REQUIRE(sign_advert(owner(), result));
  return result;
}

std::string check_text(const node_advert& advert, const node_id& id,
                       std::uint64_t known) {
  auto result = check_advert(advert, id, known);
  return std::string{result ? "ok" : to_string(result.error())};
}

} // namespace

TEST_CASE("an advert is signed as PROTOCOL.md says") {
  auto advert = some_advert();
  CHECK(advert.id == owner().id());
  auto message = joined(to_bytes("node-proxy advert v1"),
                        hex("00" // end of context
                            "00"
                            + to_hex(owner().id().data) // id
                            + "02"                      // addrs
                              "03"
                              "00"
                              "7f000001"
                              "a00f"
                              "07" // tcp, weight
                              "01"
                              "01"
                              "00000000000000000000000000000000"
                              "bb01" // tls
                              "06"
                              "697373756572"
                              "03"         // issuer, weight
                              "80e2cfaa06" // version
                              "f403"));    // created
  CHECK(crypto_sign_verify_detached(octets(advert.sig.data.data()),
                                    octets(message.data()), message.size(),
                                    octets(advert.id.data.data()))
        == 0);
}

TEST_CASE("a signed advert is accepted") {
  auto advert = some_advert();
  CHECK(verify_advert(advert));
  CHECK(check_text(advert, owner().id(), 0) == "ok");
  CHECK(check_text(advert, owner().id(), advert.version - 1) == "ok");
}

TEST_CASE("an advert that was altered anywhere is refused") {
  auto encoded = encode(some_advert()).value();
  for (std::size_t i = 0; i < encoded.size(); ++i) {
    INFO("octet ", i);
    for (auto mask : {0x01, 0x02, 0x40, 0x80, 0xff}) {
      auto wrong = decode<node_advert>(altered(encoded, i, std::byte(mask)));
      CHECK_FALSE((wrong && check_advert(*wrong, wrong->id, 0)));
    }
  }
}

TEST_CASE("an advert is of its owner and newer than what is known") {
  auto advert = some_advert();
  auto other = identity::from_seed(numbered_key(2)).id();
  CHECK(check_text(advert, other, 0) == "wrong_node");
  CHECK(check_text(advert, owner().id(), advert.version) == "stale");
  CHECK(check_text(advert, owner().id(), advert.version + 1) == "stale");
  advert.version = 0;
  REQUIRE(sign_advert(owner(), advert));
  CHECK(check_text(advert, owner().id(), 0) == "stale");
}

TEST_CASE("cheap checks of an advert come first") {
  auto advert = some_advert();
  auto other = identity::from_seed(numbered_key(2)).id();
  advert.sig.data[0] ^= std::byte{1};
  CHECK(check_text(advert, owner().id(), 0) == "bad_signature");
  CHECK(check_text(advert, owner().id(), advert.version) == "stale");
  CHECK(check_text(advert, other, advert.version) == "wrong_node");
  advert.addrs.resize(limits::advert_addresses + 1, advert.addrs[0]);
  CHECK(check_text(advert, other, advert.version) == "too_large");
}

TEST_CASE("an advert that cannot be encoded is neither signed nor accepted") {
  auto advert = some_advert();
  SUBCASE("too many addresses") {
    advert.addrs.resize(limits::advert_addresses + 1, advert.addrs[0]);
    CHECK(sign_advert(owner(), advert).error() == bare_error::too_long);
    CHECK(check_text(advert, owner().id(), 0) == "too_large");
  }
  SUBCASE("text that is not UTF-8") {
    advert.addrs[1].address = tls_addr{{ipv4{}, 1, "\xff"}};
    CHECK(sign_advert(owner(), advert).error() == bare_error::bad_utf8);
    CHECK(check_text(advert, owner().id(), 0) == "bad_signature");
  }
  CHECK_FALSE(verify_advert(advert));
}

TEST_CASE("a name in an advert has one form on the wire") {
  transport_address good = dns_addr{"abc.d", 1};
  auto encoded = encode(good);
  REQUIRE(encoded);
  CHECK(decode<transport_address>(*encoded) == good);
  for (auto name :
       {"ABC.d", "a_c.d", "abc..", ".bc.d", "-bc.d", "ab-.d", "abc.1", "a c.d",
        "a/c.d", "a\nc.d", "1.2.3", "\xc3\xa4.de"}) {
    CAPTURE(name);
    auto text = to_bytes(name);
    text.resize(5);
    auto bad = *encoded;
    std::ranges::copy(text, bad.begin() + 2);
    auto decoded = decode<transport_address>(bad);
    REQUIRE_FALSE(decoded);
    CHECK(decoded.error() == bare_error::bad_value);
    auto advert = some_advert();
    advert.addrs = {{dns_addr{name, 1}, 1}};
    auto refused = sign_advert(owner(), advert);
    REQUIRE_FALSE(refused);
    CHECK(refused.error() == bare_error::bad_value);
  }
  auto empty = hex("05000100");
  CHECK_FALSE(decode<transport_address>(empty));
  std::string longest(253, 'a');
  for (std::size_t i = 50; i < longest.size(); i += 50)
    longest[i] = '.';
  CHECK(encode(transport_address{dns_addr{longest, 1}}));
  auto longer = encode(transport_address{dns_addr{longest + "a", 1}});
  REQUIRE_FALSE(longer);
  CHECK(longer.error() == bare_error::too_long);
}
