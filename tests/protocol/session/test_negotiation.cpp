#include <node_proxy/protocol/session/negotiation.hpp>

#include <doctest/doctest.h>

#include <node_proxy/protocol/crypto/identity.hpp>

#include "support/octets.hpp"

using namespace test;

namespace {

constexpr std::uint64_t max_version = 5;

/// The highest version that is in both ranges, by trying all.
std::optional<std::uint64_t> by_trial(version_range a, version_range b) {
  std::optional<std::uint64_t> result;
  for (std::uint64_t v = 0; v <= max_version; ++v)
    if (a.min <= v && v <= a.max && b.min <= v && v <= b.max)
      result = v;
  return result;
}

std::vector<version_range> all_ranges() {
  std::vector<version_range> result;
  for (std::uint64_t min = 0; min <= max_version; ++min)
    for (std::uint64_t max = 0; max <= max_version; ++max)
      result.push_back({min, max});
  return result;
}

const node_id& own_id() {
  static const auto result = identity::from_seed(numbered_key(1)).id();
  return result;
}

connect_request good_request() {
  connect_request result;
  result.proto_ver_min = 1;
  result.proto_ver_max = 1;
  result.src_node_id = identity::from_seed(numbered_key(2)).id();
  result.dst_node_id = own_id();
  return result;
}

std::string answer(const connect_request& request,
                   const connect_facts& facts = {}) {
  auto reply = answer_request(request, own_id(), facts);
  if (auto refused = std::get_if<connect_reply_error>(&reply.result))
    return std::string{to_string(*refused)};
  return "version "
         + std::to_string(std::get<connect_reply_ok>(reply.result).proto_ver);
}

std::optional<cipher_suite> chosen(std::vector<std::uint64_t> offered,
                                   bool have_aes) {
  return choose_cipher(offered, have_aes);
}

} // namespace

TEST_CASE("the highest common version of any two ranges") {
  for (auto a : all_ranges())
    for (auto b : all_ranges()) {
      INFO(a.min, "..", a.max, " and ", b.min, "..", b.max);
      CHECK(highest_common_version(a, b) == by_trial(a, b));
    }
}

TEST_CASE("a request is answered by the highest common version") {
  for (auto offered : all_ranges())
    for (auto supported : all_ranges()) {
      auto request = good_request();
      request.proto_ver_min = offered.min;
      request.proto_ver_max = offered.max;
      connect_facts facts;
      facts.versions = supported;
      auto version = by_trial(offered, supported);
      CHECK(
        answer(request, facts)
        == (version ? "version " + std::to_string(*version) : "incompatible"));
    }
}

TEST_CASE("the largest versions are compared as numbers") {
  CHECK(highest_common_version({0, ~0ull}, {~0ull, ~0ull}) == ~0ull);
  CHECK_FALSE(highest_common_version({0, ~0ull - 1}, {~0ull, ~0ull}));
}

TEST_CASE("aes256_gcm is chosen if both have it") {
  using enum cipher_suite;
  CHECK(chosen({2, 1}, true) == aes256_gcm);
  CHECK(chosen({1, 2}, true) == aes256_gcm);
  CHECK(chosen({2, 1}, false) == chacha20_poly1305);
  CHECK(chosen({1}, true) == chacha20_poly1305);
}

TEST_CASE("unknown ciphers are ignored, and chacha20_poly1305 is a must") {
  using enum cipher_suite;
  CHECK(chosen({0, 77, 1, ~0ull}, true) == chacha20_poly1305);
  CHECK_FALSE(chosen({2}, true));
  CHECK_FALSE(chosen({0, 3, 4}, true));
  CHECK_FALSE(chosen({}, true));
}

TEST_CASE("an accepted request tells the advert versions") {
  connect_facts facts;
  facts.advert_versions = {7, 8};
  auto reply = answer_request(good_request(), own_id(), facts);
  CHECK(std::get<connect_reply_ok>(reply.result)
        == connect_reply_ok{1, {7, 8}});
}

TEST_CASE("a request is of whoever has the key of the id that it names") {
  auto caller = identity::from_seed(test::numbered_key(1));
  auto other = identity::from_seed(test::numbered_key(2));
  connect_request request;
  request.src_node_id = caller.id();
  CHECK(is_of(request, caller.noise_public()));
  CHECK_FALSE(is_of(request, other.noise_public()));
  // No point of the curve.
  request.src_node_id.data.fill(std::byte{0xff});
  CHECK_FALSE(is_of(request, caller.noise_public()));
}

TEST_CASE("requests are refused for these reasons") {
  CHECK(answer(good_request()) == "version 1");
  auto wrong = good_request();
  wrong.dst_node_id.data[0] ^= std::byte{1};
  CHECK(answer(wrong) == "denied");
  auto own = good_request();
  own.src_node_id = own_id();
  CHECK(answer(own) == "denied");
  own.src_node_id.data[31] ^= std::byte{0x80};
  CHECK(answer(own) == "denied");
  connect_facts facts;
  facts.allowed = false;
  CHECK(answer(good_request(), facts) == "denied");
  facts = {};
  facts.twin_connected = true;
  CHECK(answer(good_request(), facts) == "denied");
  facts = {};
  facts.over_capacity = true;
  CHECK(answer(good_request(), facts) == "over_capacity");
}

TEST_CASE("of several reasons the most final one is told") {
  connect_facts facts;
  facts.allowed = false;
  facts.over_capacity = true;
  facts.versions = {2, 3};
  CHECK(answer(good_request(), facts) == "denied");
  facts.allowed = true;
  CHECK(answer(good_request(), facts) == "incompatible");
  facts.versions = supported_versions;
  CHECK(answer(good_request(), facts) == "over_capacity");
}
