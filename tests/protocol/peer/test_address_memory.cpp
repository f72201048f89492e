#include <node_proxy/protocol/peer/address_memory.hpp>

#include <algorithm>
#include <string>

#include <doctest/doctest.h>

#include <node_proxy/protocol/wire/address_text.hpp>
#include <node_proxy/protocol/wire/bare.hpp>

using namespace node_proxy;
using namespace node_proxy::internal;

namespace {

/// Somewhere on the Internet.
transport_address address(unsigned port, unsigned host = 1) {
  return tcp_addr{
    ipv4{{std::byte{1}, std::byte{1}, std::byte{1}, std::byte(host)}},
    static_cast<std::uint16_t>(port)};
}

ip_address host(unsigned number) {
  return std::get<tcp_addr>(address(1, number)).ip;
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
    for (const auto& x : uut.best_first(weighted(advertised), {}))
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
    uut.best_first({{address(1), 5}, {address(2), 9}, {address(3), 5}}, {});
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

TEST_CASE_FIXTURE(fixture, "each address is dialled once, in whatever form") {
  auto parse = [](std::string_view text) {
    return parse_address(text).value();
  };
  auto plain = parse("tcp://1.1.1.1:1");
  auto mapped = parse("tcp://[::ffff:1.1.1.1]:1");
  node_advert advert;
  advert.addrs = {{mapped, 1}, {plain, 1}};
  uut.handle_introduction(advert);
  CHECK(uut.best_first({{mapped, 2}, {plain, 1}, {mapped, 0}}, {})
        == std::vector{plain});
  uut.handle_contact(plain, {});
  CHECK(uut.best_first({{mapped, 2}}, {}) == std::vector{plain});
}

TEST_CASE_FIXTURE(fixture, "what cannot be dialled is left out") {
  auto udp = parse_address("udp://1.1.1.1:1").value();
  auto none = parse_address("tcp://1.1.1.1:0").value();
  node_advert advert;
  advert.addrs = {{udp, 1}, {none, 1}, {ip_addr{host(1)}, 1}};
  uut.handle_introduction(advert);
  CHECK(uut.best_first(advert.addrs, {}).empty());
}

TEST_CASE_FIXTURE(fixture, "only others may say that a peer is on this host") {
  auto local = parse_address("tcp://127.0.0.1:1").value();
  CHECK(uut.best_first({{local, 1}}, {}).empty());
  CHECK(uut.best_first({{local, 1}}, std::vector{*parse_ip_range("127.0.0.1")})
        == std::vector{local});
  SUBCASE("an operator") {
    node_advert advert;
    advert.addrs = {{local, 1}};
    uut.handle_introduction(advert);
    CHECK(uut.best_first({}, {}) == std::vector{local});
  }
  SUBCASE("its own call") {
    uut.handle_call(parse_ip_address("::ffff:127.0.0.1"));
  }
  SUBCASE("a dial that led to it") {
    uut.handle_contact(parse_address("tcp://127.0.0.1:2").value(), {});
  }
  auto all = uut.best_first({{local, 1}}, {});
  CHECK(std::ranges::find(all, local) != all.end());
}

TEST_CASE_FIXTURE(fixture, "from where a peer calls it is dialled first") {
  std::vector<weighted_address> advertised{
    {address(1, 1), 9}, {address(2, 2), 2}, {address(3, 3), 1}};
  uut.handle_call(host(3));
  CHECK(uut.best_first(advertised, {}).front() == address(3, 3));
  uut.handle_call(std::nullopt);
  CHECK(uut.best_first(advertised, {}).front() == address(3, 3));
  // It is nowhere but where it says it is.
  for (unsigned number = 10; number < 10 + address_memory::max_callers;
       ++number)
    uut.handle_call(host(number));
  CHECK(uut.best_first(advertised, {}).front() == address(1, 1));
}

TEST_CASE_FIXTURE(fixture, "calls earn dials, though not for ever") {
  CHECK(uut.earned() == 0);
  uut.handle_call(host(1));
  CHECK(uut.earned() == 1);
  uut.handle_dial();
  uut.handle_dial();
  CHECK(uut.earned() == 0);
  uut.handle_wish();
  uut.handle_wish();
  CHECK(uut.earned() == 1);
  uut.handle_contact(address(1), {});
  CHECK(uut.earned() == 2);
  for (int i = 0; i < 10; ++i)
    uut.handle_call(host(1));
  CHECK(uut.earned() == address_memory::max_earned);
}

TEST_CASE_FIXTURE(fixture, "memory survives on disk") {
  introduce(5, {1, 2});
  meet(3);
  uut.handle_call(host(2));
  auto encoded = encode(uut);
  REQUIRE(encoded);
  auto decoded = decode<address_memory>(*encoded);
  REQUIRE(decoded);
  CHECK(*decoded == uut);
}
