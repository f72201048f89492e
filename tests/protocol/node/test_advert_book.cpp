#include <node_proxy/protocol/node/advert_book.hpp>

#include <string>

#include <doctest/doctest.h>

using namespace node_proxy;
using namespace node_proxy::internal;

namespace {

node_id id_of(unsigned number) {
  node_id result;
  result.data[0] = std::byte(number & 0xff);
  result.data[1] = std::byte(number >> 8);
  return result;
}

/// This host, which only others may name.
ipv6 here() {
  ipv6 result;
  result.octets.back() = std::byte{1};
  return result;
}

/// An advert of about 100 bytes, and 20 more for each address.
node_advert advert_of(unsigned number, std::uint64_t version = 1,
                      std::size_t addresses = 0) {
  node_advert result;
  result.id = id_of(number);
  result.version = version;
  result.addrs.assign(addresses, {tcp_addr{here(), 1}, 1});
  return result;
}

struct fixture {
  advert_book uut{{3, 800}};

  void add(unsigned number, std::uint64_t version = 1,
           std::size_t addresses = 0) {
    uut.handle_advert(advert_of(number, version, addresses));
  }

  /// Whose adverts of the first nine are known.
  std::string known() const {
    std::string result;
    for (unsigned i = 1; i < 10; ++i)
      if (uut.find(id_of(i)))
        result += std::to_string(i);
    return result;
  }

  /// Who was forgotten since this was asked last.
  std::string forgotten() {
    std::string result;
    while (auto id = uut.poll_forgotten())
      result += std::to_string(std::to_integer<int>(id->data[0]));
    return result;
  }
};

} // namespace

TEST_CASE_FIXTURE(fixture, "an advert is known until another one comes") {
  CHECK(uut.version(id_of(1)) == 0);
  add(1, 5);
  REQUIRE(uut.find(id_of(1)));
  CHECK(uut.find(id_of(1))->advert == advert_of(1, 5));
  add(1, 6);
  CHECK(uut.version(id_of(1)) == 6);
  CHECK(uut.size() == 1);
  CHECK(forgotten().empty());
}

TEST_CASE_FIXTURE(fixture, "of too many strangers the oldest one goes") {
  for (auto i : {1u, 2u, 3u, 4u})
    add(i);
  CHECK(known() == "234");
  // Who says something new is not old.
  add(2, 2);
  add(5);
  CHECK(known() == "245");
  CHECK(forgotten() == "13");
}

TEST_CASE_FIXTURE(fixture, "adverts that nobody holds have a bound in bytes") {
  add(1);
  add(2, 1, 16);
  CHECK(known() == "12");
  add(3, 1, 16);
  CHECK(known() == "3");
  CHECK(forgotten() == "12");
  // One that cannot be encoded is not taken.
  add(4, 1, 50);
  CHECK(known() == "3");
}

TEST_CASE_FIXTURE(fixture, "who is held stays, and does not count") {
  uut.handle_hold(id_of(1), advert_hold::configured);
  uut.handle_hold(id_of(2), advert_hold::served);
  for (auto i : {1u, 2u, 3u, 4u, 5u})
    add(i);
  CHECK(known() == "12345");
  add(6);
  CHECK(known() == "12456");
  // Who is held no more is a young stranger.
  uut.handle_hold(id_of(2), advert_hold::permanent);
  uut.handle_release(id_of(2), advert_hold::served);
  uut.handle_release(id_of(2), advert_hold::served);
  CHECK(known() == "12456");
  uut.handle_release(id_of(2), advert_hold::permanent);
  CHECK(known() == "1256");
  add(7);
  add(8);
  CHECK(known() == "1278");
  uut.handle_release(id_of(9), advert_hold::served);
  CHECK(forgotten() == "3456");
}

TEST_CASE("a hundred thousand strangers leave no more than the bound") {
  advert_book uut;
  for (unsigned i = 0; i < 100'000; ++i) {
    auto advert = advert_of(i & 0xffff);
    advert.id.data[2] = std::byte(i >> 16);
    uut.handle_hold(advert.id, advert_hold::served);
    uut.handle_advert(advert);
    uut.handle_release(advert.id, advert_hold::served);
    while (uut.poll_forgotten()) {
    }
  }
  CHECK(uut.size() == advert_book_limits{}.unheld);
}

TEST_CASE_FIXTURE(fixture, "an introduction lasts as long as the advert") {
  add(1);
  CHECK(uut.standing(id_of(1)) == peer_standing::guest);
  CHECK_FALSE(uut.handle_introduction(advert_of(1)));
  CHECK(uut.standing(id_of(1)) == peer_standing::introduced);
  add(1, 2);
  CHECK(uut.standing(id_of(1)) == peer_standing::introduced);
  // Strangers do not drive it out.
  for (auto i : {2u, 3u, 4u})
    add(i);
  CHECK(forgotten() == "2");
  for (auto i : {5u, 6u, 7u})
    uut.handle_introduction(advert_of(i));
  CHECK(forgotten() == "341");
  add(1, 3);
  CHECK(uut.standing(id_of(1)) == peer_standing::guest);
  CHECK(forgotten() == "1");
  CHECK(known() == "567");
}

TEST_CASE_FIXTURE(fixture,
                  "who was known before a restart stays before guests") {
  uut.handle_stored({advert_of(1), {}});
  for (auto i : {2u, 3u, 4u, 5u})
    add(i);
  CHECK(known() == "145");
}

TEST_CASE_FIXTURE(fixture, "who has many identities at one host drives out "
                           "his own") {
  auto add_from = [this](unsigned number, std::uint8_t host) {
    address_memory memory;
    memory.handle_call(ipv4{{std::byte{1}, {}, {}, std::byte{host}}});
    add(number);
    uut.handle_addresses(id_of(number), memory);
  };
  add_from(1, 1);
  for (auto i : {2u, 3u, 4u, 5u, 6u})
    add_from(i, 2);
  CHECK(known().starts_with("1"));
}

TEST_CASE_FIXTURE(fixture, "of those who were introduced the oldest goes, "
                           "wherever they call from") {
  for (auto i : {1u, 2u, 3u, 4u}) {
    CHECK(uut.handle_introduction(advert_of(i)));
    auto memory = uut.find(id_of(i))->addresses;
    memory.handle_call(ipv4{{std::byte{1}, {}, {}, std::byte(i > 1)}});
    uut.handle_addresses(id_of(i), memory);
  }
  CHECK(known() == "234");
}

TEST_CASE_FIXTURE(fixture, "an advert that names nothing hides no address") {
  uut.handle_advert(advert_of(1, 5));
  CHECK(uut.handle_introduction(advert_of(1, 4, 2)));
  CHECK_FALSE(uut.handle_introduction(advert_of(1, 4, 2)));
  auto known = uut.find(id_of(1));
  REQUIRE(known);
  CHECK(known->advert == advert_of(1, 5));
  CHECK(known->addresses.best_first({}, {}).size() == 1);
  uut.handle_advert(advert_of(1, 6));
  CHECK(uut.version(id_of(1)) == 6);
  CHECK(known->addresses.best_first({}, {}).size() == 1);
  // A newer one is taken as such, too.
  CHECK(uut.handle_introduction(advert_of(1, 7)));
  CHECK(uut.version(id_of(1)) == 7);
}

TEST_CASE_FIXTURE(fixture, "addresses that are remembered count as well") {
  address_memory memory;
  for (std::uint16_t port = 1; port <= address_memory::max_reached; ++port)
    memory.handle_contact(tcp_addr{here(), port}, {});
  uut.handle_addresses(id_of(1), memory);
  CHECK(uut.size() == 0);
  uut.handle_stored({advert_of(1, 1, 13), memory});
  CHECK(uut.standing(id_of(1)) == peer_standing::known);
  CHECK(uut.find(id_of(1))->addresses == memory);
  uut.handle_stored({advert_of(2, 1, 13), {}});
  CHECK(known() == "2");
  add(3);
  uut.handle_addresses(id_of(3), memory);
  CHECK(known() == "23");
}
