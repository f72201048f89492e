// What those who come by themselves can have a node dial.

#include <chrono>
#include <vector>

#include <node_proxy/actors/caf/sending.hpp>
#include <node_proxy/protocol/wire/address_range.hpp>
#include <node_proxy/protocol/wire/address_text.hpp>

#include "actors/node_fixture.hpp"
#include "actors/proxy/raw_peer.hpp"
#include "actors/router/stranger.hpp"

using namespace test;
using namespace std::chrono_literals;

namespace {

using clock_type = std::chrono::steady_clock;

struct fixture {
  explicit fixture(node_config config = local_config())
    : uut(std::move(config)) {}

  [[nodiscard]] tcp_addr address() const {
    return std::get<tcp_addr>(uut.node.addresses().front());
  }

  /// Somebody calls, and it is known where he says that he is.
  stranger call(const std::vector<transport_address>& named,
                const tcp_addr& from = local_host(0)) {
    stranger result{address(), uut.node.id(), named, from};
    await_advert(result.id());
    return result;
  }

  void await_advert(const node_id& of) {
    while (uut.next_event<advert_event>().node != of)
      continue;
  }

  /// He is gone, and there is something for him.
  void leave_for(stranger& x) {
    x.leave();
    while (uut.next_event<disconnected_event>().node != x.id())
      continue;
    send_message(&*uut.self, uut.node.router(),
                 uut.message_to(x.id(), "inbox", {}));
  }

  test_node uut;
};

/// Whoever names addresses of this host is dialled there.
struct open_fixture : fixture {
  static node_config config() {
    auto result = local_config();
    result.settings.dial_ranges = {parse_ip_range("127.0.0.0/8").value()};
    return result;
  }

  open_fixture() : fixture(config()) {}
};

} // namespace

TEST_CASE_FIXTURE(fixture,
                  "nobody sends a node to other hosts of its network") {
  raw_listener canary{local_host(0)};
  raw_listener own{local_host(0, 2)};
  auto port = std::to_string(canary.address().port);
  std::vector<transport_address> named;
  for (auto host : {"127.0.0.1", "[::ffff:127.0.0.1]", "0.0.0.0", "127.0.0.3",
                    "[2002:7f00:1::]", "[64:ff9b::127.0.0.1]", "[::1]"})
    named.push_back(
      parse_address("tcp://" + std::string{host} + ":" + port).value());
  named.emplace_back(own.address());
  auto x = call(named, local_host(0, 2));
  // Each call earns a dial, and this is where they go.
  for (int i = 1; i < 4; ++i) {
    x.call();
    await_advert(x.id());
  }
  leave_for(x);
  for (int i = 0; i < 4; ++i)
    own.accept().close();
  CHECK_FALSE(canary.has_caller());
}

TEST_CASE_FIXTURE(fixture, "a stranger is dialled back") {
  raw_listener own{local_host(0)};
  auto x = call({own.address()});
  leave_for(x);
  auto back = own.accept();
  CHECK_FALSE(back.receive(1).empty());
}

TEST_CASE_FIXTURE(open_fixture, "black holes use up no descriptors") {
  // As many as come from different hosts, and are reported, at once.
  constexpr std::size_t count = 60;
  constexpr std::size_t of_strangers = 64;
  full_listener hole{tcp_addr{ipv4{}, 0}};
  auto before = open_descriptors();
  std::vector<stranger> all;
  for (unsigned i = 0; i < count; ++i) {
    std::vector<transport_address> named;
    for (unsigned n = 0; n < 4; ++n) {
      auto place = local_host(hole.address().port, 1 + i);
      std::get<ipv4>(place.ip).octets[2] = std::byte(1 + n);
      named.emplace_back(place);
    }
    all.push_back(call(named, local_host(0, 2 + i)));
    leave_for(all.back());
  }
  CHECK(open_descriptors() < before + of_strangers + 16);

  auto begun = clock_type::now();
  raw_listener own{local_host(0)};
  auto newcomer = call({own.address()});
  CHECK(clock_type::now() - begun < 1s);
  leave_for(newcomer);
  auto back = own.accept();
  CHECK_FALSE(back.receive(1).empty());
  CHECK(open_descriptors() < before + of_strangers + 16);
}

TEST_CASE_FIXTURE(open_fixture, "a dial ends at once when its peer comes") {
  full_listener hole;
  auto x = call({hole.address()});
  auto before = open_descriptors();
  leave_for(x);
  // One descriptor less, and one more.
  REQUIRE(comes_true([&] {
    return uut.ask<node_metrics>(get_node_metrics{})->peers.connection_attempts
           > 0;
  }));
  x.call();
  await_advert(x.id());
  CHECK(wait_for_descriptors(before));
}
