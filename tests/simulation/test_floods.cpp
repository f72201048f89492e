// Strangers that come in masses and prove nothing, while others want to be
// connected.

#include <memory>
#include <vector>

#include <doctest/doctest.h>

#include "identities.hpp"
#include "network.hpp"
#include "raw_client.hpp"
#include "support/octets.hpp"

using namespace simulation;

namespace {

ip_address host_number(std::uint64_t number) {
  ipv4 result;
  for (auto& octet : result.octets) {
    octet = std::byte(number);
    number >>= 8;
  }
  return result;
}

/// A hub that strangers call, as far away as the others.
struct flooded_hub {
  explicit flooded_hub(std::size_t sources) {
    net.prepare = [this, sources](connection_id, connection& x) {
      if (comes_from_stranger)
        x.from = host_number(next_source++ % sources);
      for (auto& way : x.directions)
        way.latency = 100ms;
    };
    hub.add_engine("echo");
    net.introduce(newcomer, hub);
    net.introduce(known, hub);
    hub.handle_advert(known.advert());
  }

  /// So many come in so much time. What they say is `octets`.
  void come(std::size_t count, duration time,
            const std::vector<bytes>& octets) {
    for (std::size_t i = 0; i < count; ++i) {
      comes_from_stranger = true;
      strangers.push_back(std::make_unique<raw_client>(net, hub));
      comes_from_stranger = false;
      if (!octets.empty())
        strangers.back()->write(octets[i % octets.size()]);
      net.run_for(time / count);
    }
  }

  /// First frames of as many strangers.
  std::vector<bytes> first_frames(std::size_t count) {
    std::vector<bytes> result;
    for (std::size_t i = 0; i < count; ++i) {
      auto who = identity_of(100 + i);
      hello offer;
      offer.request = {1, 1, who->id(), hub.id(), 0, 0};
      offer.ciphers = {1};
      auto key = test::seeded(i).next_key();
      result.push_back(
        initiator_handshake{*who, hub.self()->noise_public(), key, offer}
          .write_init()
          .value());
    }
    return result;
  }

  /// Both are connected at their first attempt, while more and more come.
  void check_open(const std::vector<bytes>& octets) {
    come(1'000, 1s, octets);
    for (auto* who : {&newcomer, &known}) {
      who->connect(hub);
      come(500, 500ms, octets);
      CHECK(who->connected(hub));
      CHECK(who->attempts() == 1);
    }
    CHECK(hub.unproven() <= hub.max_unproven);
  }

  network net;
  node& hub = net.add("hub");
  node& newcomer = net.add("newcomer");
  node& known = net.add("known");
  bool comes_from_stranger = false;
  std::uint64_t next_source = 0;
  std::vector<std::unique_ptr<raw_client>> strangers;
};

} // namespace

TEST_CASE("strangers in masses keep nobody out") {
  std::size_t sources = 1;
  SUBCASE("from one source") {}
  SUBCASE("from many sources") {
    sources = 200;
  }
  SUBCASE("from more sources than there are places") {
    sources = 100'000;
  }
  flooded_hub uut{sources};
  SUBCASE("who are silent") {
    uut.check_open({});
  }
  SUBCASE("who have begun a frame") {
    uut.check_open({bytes(7, std::byte{1})});
  }
  SUBCASE("who go half of the way") {
    uut.check_open(uut.first_frames(100));
  }
}
