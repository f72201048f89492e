#include <node_proxy/protocol/peer/address_memory.hpp>

#include <string>

#include <doctest/doctest.h>

#include <node_proxy/protocol/wire/bare.hpp>

using namespace node_proxy;
using namespace node_proxy::internal;

namespace {

transport_address address(unsigned port) {
  return tcp_addr{ipv4{}, static_cast<std::uint16_t>(port)};
}

/// The best address has the highest weight.
std::vector<weighted_address> weighted(std::initializer_list<unsigned> ports) {
  std::vector<weighted_address> result;
  for (auto weight = ports.size(); auto port : ports)
    result.push_back({address(port), weight--});
  return result;
}

struct fixture {
  void introduce(std::uint64_t version, std::initializer_list<unsigned> ports) {
    node_advert advert;
    advert.addrs = weighted(ports);
    advert.version = version;
    uut.handle_introduction(advert);
  }

  void meet(unsigned port, std::initializer_list<unsigned> tried = {}) {
    std::vector<transport_address> all;
    for (auto x : tried)
      all.push_back(address(x));
    uut.handle_contact(address(port), all);
  }

  /// The ports, if the newest advert names these.
  std::string best_first(std::initializer_list<unsigned> advertised = {}) {
    std::string result;
    for (const auto& x : uut.best_first(weighted(advertised)))
      result += std::to_string(std::get<tcp_addr>(x).port);
    return result;
  }

  address_memory uut;
};

} // namespace

TEST_CASE_FIXTURE(fixture, "where a peer was met comes first") {
  CHECK(best_first() == "");
  CHECK(best_first({1, 2}) == "12");
  introduce(1, {3, 2, 4});
  CHECK(best_first({1, 2}) == "1234");
  CHECK(best_first() == "324");
  meet(2);
  CHECK(best_first({1, 2}) == "2134");
  meet(5);
  CHECK(best_first({1, 2}) == "52134");
  meet(2);
  CHECK(best_first() == "2534");
}

TEST_CASE("of two addresses the one with the higher weight comes first") {
  address_memory uut;
  auto all =
    uut.best_first({{address(1), 5}, {address(2), 9}, {address(3), 5}});
  CHECK(all == std::vector{address(2), address(1), address(3)});
}

TEST_CASE_FIXTURE(fixture, "an introduction lasts until a newer one names "
                           "something") {
  introduce(5, {1, 2});
  introduce(6, {});
  CHECK(best_first() == "12");
  introduce(4, {3});
  CHECK(best_first() == "12");
  introduce(6, {3});
  CHECK(best_first() == "3");
}

TEST_CASE_FIXTURE(fixture, "what fails while another one works is forgotten") {
  meet(1);
  meet(2);
  meet(3, {2, 3});
  CHECK(best_first() == "31");
  // It may still be advertised.
  CHECK(best_first({2}) == "312");
}

TEST_CASE_FIXTURE(fixture, "a peer that moves leaves few traces") {
  for (unsigned port = 1; port <= 8; ++port)
    meet(port);
  CHECK(best_first() == "8765");
}

TEST_CASE_FIXTURE(fixture, "memory survives on disk") {
  introduce(5, {1, 2});
  meet(3);
  auto encoded = encode(uut);
  REQUIRE(encoded);
  auto decoded = decode<address_memory>(*encoded);
  REQUIRE(decoded);
  CHECK(*decoded == uut);
}
