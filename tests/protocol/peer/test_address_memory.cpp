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
  std::vector allowed{*parse_ip_range("127.0.0.1")};
  CHECK(uut.best_first({{local, 1}}, {allowed, {}}) == std::vector{local});
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

TEST_CASE_FIXTURE(fixture, "a name is dialled as the addresses it stands for") {
  dns_addr name{"a.test", 7};
  weighted_address told{name, 1};
  auto found = [&](std::initializer_list<std::string_view> hosts,
                   std::vector<ip_range> allowed = {}) {
    std::vector<ip_address> all;
    for (auto text : hosts)
      all.push_back(*parse_ip_address(text));
    std::string result;
    for (const auto& x : uut.addresses_of(name, all, {allowed, {}}))
      result += (result.empty() ? "" : " ") + to_string(x);
    return result;
  };
  CHECK(uut.best_first({told}, {}) == std::vector{told.address});
  CHECK(found({"1.1.1.1", "::ffff:1.1.1.1", "2606:4700::1111"})
        == "tcp://1.1.1.1:7 tcp://[2606:4700::1111]:7");
  // Whoever has a name can have it stand for anything.
  CHECK(found({"127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fe80::1",
               "fd00::1", "0.0.0.0", "224.0.0.1", "::ffff:127.0.0.1",
               "64:ff9b::7f00:1", "2002:7f00:1::1"})
        == "");
  CHECK(found({"127.0.0.1", "10.0.0.1"}, {*parse_ip_range("10.0.0.0/8")})
        == "tcp://10.0.0.1:7");
  SUBCASE("where the peer was met") {
    uut.handle_call(parse_ip_address("10.0.0.1"));
    CHECK(found({"127.0.0.1", "10.0.0.1"}) == "tcp://10.0.0.1:7");
  }
  SUBCASE("an operator may name any host") {
    node_advert advert;
    advert.addrs = {told};
    uut.handle_introduction(advert);
    CHECK(found({"127.0.0.1", "10.0.0.1", "0.0.0.0", "224.0.0.1"})
          == "tcp://127.0.0.1:7 tcp://10.0.0.1:7");
    // At the port that he named.
    name.port = 22;
    CHECK(found({"127.0.0.1"}) == "");
  }
  SUBCASE("and a name at which no peer was met vouches for no host") {
    uut.handle_contact(parse_address("tcp://1.1.1.1:7").value(), {});
    CHECK(found({"127.0.0.1"}) == "");
  }
}

TEST_CASE_FIXTURE(fixture, "of the hosts of a name a few are dialled") {
  std::vector<ip_address> all;
  for (unsigned number = 1; number <= 100; ++number)
    all.push_back(host(number));
  CHECK(uut.addresses_of({"a.test", 1}, all, {}).size()
        == address_memory::max_hosts_of_name);
}

TEST_CASE_FIXTURE(fixture, "a name with port 0 is not looked up") {
  CHECK(uut.best_first({{dns_addr{"a.test", 0}, 1}}, {}).empty());
}
