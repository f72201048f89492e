#include "advert_json.hpp"
#include "messages/samples.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace node_proxy;
using namespace node_proxy::tools;

namespace {

std::string date(std::uint64_t minutes) {
  node_advert advert;
  advert.created = {minutes};
  return nlohmann::json::parse(to_json(advert))["created"];
}

/// The name of the issuer as one reads it again.
std::string issuer(std::string name) {
  node_advert advert;
  tls_addr address{{samples::ip4(), 443, std::move(name)}};
  advert.addrs = {{std::move(address), 1}};
  auto object = nlohmann::json::parse(to_json(advert));
  return object["addrs"][0]["address"]["tls_addr"]["address"]["cert_issuer"];
}

} // namespace

TEST_CASE("an advert is an object with a line for each field") {
  node_advert advert;
  advert.id = samples::alice();
  advert.addrs = {{tcp_addr{samples::ip4(), 4000}, 10}};
  advert.version = 7;
  advert.created = {1'522'119};
  CHECK(to_json(advert)
        == R"({
  "id": "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f",
  "addrs": [
    {
      "address": {
        "tcp_addr": {
          "ip": "192.0.2.1",
          "port": 4000
        }
      },
      "weight": 10
    }
  ],
  "version": 7,
  "created": "2026-11-23T00:39Z",
  "sig": ")" + std::string(128, '0')
             + "\"\n}");
}

TEST_CASE("each kind of address has its own fields") {
  auto addrs = nlohmann::json::parse(to_json(samples::advert()))["addrs"];
  REQUIRE(addrs.size() == 5);
  nlohmann::json tls{{"address",
                      {{"ip", "2001:db8::1"},
                       {"port", 443},
                       {"cert_issuer", samples::tls().cert_issuer}}}};
  CHECK(addrs[0]["address"] == nlohmann::json{{"quic_addr", tls}});
  CHECK(addrs[1]["address"] == nlohmann::json{{"tls_addr", tls}});
  CHECK(addrs[2]["address"].dump() == R"({"ip_addr":{"ip":"2001:db8::1"}})");
  CHECK(addrs[3]["address"].dump()
        == R"({"tcp_addr":{"ip":"192.0.2.1","port":4000}})");
  CHECK(addrs[4]["address"].dump()
        == R"({"udp_addr":{"ip":"2001:db8::1","port":4001}})");
  CHECK(addrs[4]["weight"] == 100);
  auto named = samples::advert();
  named.addrs = {{dns_addr{"host.name", 4002}, 1}};
  CHECK(nlohmann::json::parse(to_json(named))["addrs"][0]["address"].dump()
        == R"({"dns_addr":{"name":"host.name","port":4002}})");
}

TEST_CASE("an advert without addresses has an empty list") {
  CHECK(to_json(node_advert{}).find("\"addrs\": [],\n") != std::string::npos);
}

TEST_CASE("times are dates") {
  CHECK(date(0) == "2024-01-01T00:00Z");
  // 29 February.
  CHECK(date(59 * 24 * 60 + 23 * 60 + 59) == "2024-02-29T23:59Z");
  CHECK(date(4'194'970'559) == "9999-12-31T23:59Z");
  CHECK(date(4'194'970'560) == "4194970560 minutes after 2024-01-01T00:00Z");
}

TEST_CASE("text is escaped, and U+FFFD stands for what is not UTF-8") {
  CHECK(issuer("a\"\\\n\x01") == "a\"\\\n\x01");
  CHECK(issuer("a\xFFz") == "a\xEF\xBF\xBDz");
}

TEST_CASE("the name of an issuer cannot turn what is shown around") {
  std::string name = "a\u202Eb\x7F\u009B";
  CHECK(issuer(name) == name);
  node_advert advert;
  advert.addrs = {{tls_addr{{samples::ip4(), 443, name}}, 1}};
  CHECK(to_json(advert).find(R"("a\u202eb\u007f\u009b")") != std::string::npos);
}
