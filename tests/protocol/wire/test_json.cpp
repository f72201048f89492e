#include "messages/samples.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <node_proxy/protocol/wire/json.hpp>

using namespace node_proxy;
using namespace node_proxy::internal;

namespace {

template <class T>
std::string line(const T& value) {
  return to_json(value, json_style::one_line);
}

} // namespace

TEST_CASE("all messages are valid JSON in both styles") {
  samples::for_each([](const std::string& name, const auto& value) {
    CAPTURE(name);
    auto parsed = nlohmann::json::parse(line(value), nullptr, false);
    CHECK(!parsed.is_discarded());
    CHECK(parsed == nlohmann::json::parse(to_json(value), nullptr, false));
    CHECK(line(value).find('\n') == std::string::npos);
  });
}

TEST_CASE("an engine message") {
  CHECK(to_json(samples::message()) == R"({
  "sender": {
    "node": "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f",
    "name": "printer"
  },
  "target": {
    "node": "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f",
    "name": "echo"
  },
  "mailbox": 9,
  "msg": "a0a1a2a3a4"
})");
}

TEST_CASE("addresses are text within an object that names their kind") {
  weighted_address tcp{tcp_addr{samples::ip4(), 4000}, 10};
  CHECK(line(tcp)
        == R"({"address": {"tcp_addr": {"ip": "192.0.2.1", "port": 4000}},)"
           R"( "weight": 10})");
  CHECK(line(transport_address{ip_addr{samples::ip6()}})
        == R"({"ip_addr": {"ip": "2001:db8::1"}})");
}

TEST_CASE("variants, enums and optionals") {
  CHECK(line(samples::reply_error(connect_reply_error::denied))
        == R"({"result": {"connect_reply_error": "denied"}})");
  CHECK(line(samples::prefs())
        == R"({"ordering": "unordered", "reliability": "unreliable",)"
           R"( "security": "direct"})");
  CHECK(line(engine_id{}) == R"({"node": null, "name": ""})");
  CHECK(line(std::vector<bool>{true, false}) == "[true, false]");
  CHECK(line(std::vector<std::uint64_t>{}) == "[]");
}

TEST_CASE("absolute times are dates") {
  CHECK(line(expiry_time{abs_time{1'522'119}})
        == R"({"abs_time": "2026-11-23T00:39Z"})");
  CHECK(line(abs_time{0}) == R"("2024-01-01T00:00Z")");
  // 29 February.
  CHECK(line(abs_time{59 * 24 * 60 + 23 * 60 + 59})
        == R"("2024-02-29T23:59Z")");
  CHECK(line(abs_time{4'194'970'559}) == R"("9999-12-31T23:59Z")");
  CHECK(line(abs_time{4'194'970'560})
        == R"("4194970560 minutes after 2024-01-01T00:00Z")");
}

TEST_CASE("text is escaped, and U+FFFD stands for what is not UTF-8") {
  CHECK(line(std::string{"a\"\\\n\x01"}) == R"("a\"\\\n\u0001")");
  CHECK(line(std::string{"a\xFFz"}) == "\"a\xEF\xBF\xBDz\"");
}
