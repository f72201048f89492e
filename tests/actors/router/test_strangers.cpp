// Those who want to be connected do not hold up those who are.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "actors/node_fixture.hpp"
#include "actors/proxy/raw_peer.hpp"
#include "protocol/session/handshake_pair.hpp"

using namespace test;

namespace {

using clock_type = std::chrono::steady_clock;

/// Strangers who come all the time, many at once. Each begins a handshake with
/// the same first message, which costs the node as much as any.
class strangers {
public:
  static constexpr std::size_t at_once = 128;

  strangers(tcp_addr to, bytes first_frame)
    : to_{to}, first_frame_{std::move(first_frame)} {}

  strangers(const strangers&) = delete;
  strangers& operator=(const strangers&) = delete;

  ~strangers() {
    stopping_ = true;
    thread_.join();
  }

private:
  void come() const {
    while (!stopping_) {
      std::vector<raw_peer> all;
      all.reserve(at_once);
      for (std::size_t i = 0; i < at_once; ++i)
        all.emplace_back(to_).send(first_frame_);
      for (auto& x : all)
        static_cast<void>(x.receive(1));
    }
  }

  tcp_addr to_;
  bytes first_frame_;
  std::atomic<bool> stopping_ = false;
  std::thread thread_{[this] {
    come();
  }};
};

/// Alice is connected to Bob, whom strangers call.
struct fixture {
  static node_config config_of_bob() {
    auto result = local_config();
    result.self = std::make_shared<identity>(bob());
    return result;
  }

  static node_config config_of_alice(const node_advert& bobs) {
    auto result = local_config();
    result.adverts = {bobs};
    return result;
  }

  fixture() {
    bobs.add_engine("sink", bobs.system.spawn([]() -> caf::behavior {
      return {[](const engine_msg&) {
      }};
    }));
    delay();
  }

  /// How long it takes until a message of Alice's is delivered.
  clock_type::duration delay() {
    auto begun = clock_type::now();
    REQUIRE(alices.send(alices.message_to(bobs.node.id(), "sink", bytes(64))));
    return clock_type::now() - begun;
  }

  clock_type::duration median_delay() {
    std::vector<clock_type::duration> all(100);
    std::ranges::generate(all, [this] { return delay(); });
    auto middle = all.begin() + 50;
    std::ranges::nth_element(all, middle);
    return *middle;
  }

  test_node bobs{config_of_bob()};
  test_node alices{config_of_alice(bobs.node.advert())};
};

/// What both ends of a handshake compute.
clock_type::duration time_of_handshake() {
  auto begun = clock_type::now();
  handshake_pair pair;
  REQUIRE(pair.init() == "ok");
  REQUIRE(pair.reply() == "ok");
  return clock_type::now() - begun;
}

} // namespace

TEST_CASE_FIXTURE(fixture, "a message does not wait for handshakes of others") {
  strangers crowd{std::get<tcp_addr>(bobs.node.addresses().front()),
                  handshake_pair{}.initiator.write_init().value()};
  // Behind a crowd of them it would be ten times as long. Now and then
  // something else takes the time of this machine.
  auto limit = 2 * time_of_handshake();
  auto rounds = 40;
  while (median_delay() > limit)
    REQUIRE(--rounds > 0);
}
