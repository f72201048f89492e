// Engines that take nothing cost the others of their node nothing. With as many
// messages as a longer run takes:
//
//     STUCK_MESSAGES=100000 test_stuck_engines

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <node_proxy/actors/error.hpp>
#include <node_proxy/actors/key_file.hpp>
#include <node_proxy/actors/node.hpp>

#include "receivers.hpp"

using namespace node_proxy;
using namespace node_proxy::testing;
using namespace std::chrono_literals;

namespace {

using clock_type = std::chrono::steady_clock;

constexpr int engines = 32; // of each kind
constexpr std::size_t batch_size = 512;
constexpr std::size_t batches_open = 16;

/// Messages to each engine that takes them.
std::size_t messages() {
  auto value = std::getenv("STUCK_MESSAGES");
  return value ? std::stoul(value) : 1'000;
}

// So many tell a tenth, on a machine on which each is off by that much.
constexpr std::size_t rounds = 45;

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

struct system_config : caf::actor_system_config {
  system_config() { init(*this); }
};

/// A node that sends to another one.
class sender {
  node_out_msg message(const std::string& engine, std::size_t size) const {
    node_out_msg result;
    result.expiry = rel_time{24 * 60 * 60};
    result.msg.sender.name = "sender";
    result.msg.target = {to_, engine};
    result.msg.msg = bytes(size);
    return result;
  }

  node_out_batch batch(std::size_t size) {
    node_out_batch result;
    for (std::size_t i = 0; i < size; ++i)
      result.msgs.push_back(
        message("ready" + std::to_string(next_++ % engines), 64));
    return result;
  }

  auto ask(std::size_t size) {
    return self_->request(node_->router(), 60s, batch(size));
  }

public:
  explicit sender(const node_advert& to) : to_(to.id) {
    node_config config;
    config.self = std::make_shared<identity>(make_identity());
    config.adverts = {to};
    auto result = spawn_node(system_, std::move(config));
    REQUIRE(result);
    node_.emplace(std::move(*result));
  }

  /// Leaves much for engines that take nothing.
  void fill_stuck() {
    for (int i = 0; i < engines; ++i)
      for (std::size_t n = 0; n < 200; ++n)
        caf::anon_send(node_->router(),
                       message("stuck" + std::to_string(i), 1'000));
  }

  /// Sends in batches that are for all engines that take messages, and waits
  /// for their outcomes.
  /// @returns messages in a second.
  double send_to_ready() {
    auto left = messages() * engines;
    auto begin = clock_type::now();
    auto total = static_cast<double>(left);
    std::deque<decltype(ask(1))> open;
    while (left > 0 || !open.empty()) {
      while (left > 0 && open.size() < batches_open) {
        auto size = std::min(left, batch_size);
        open.push_back(ask(size));
        left -= size;
      }
      open.front().receive(
        [](const batch_outcome& outcome) { CHECK(outcome.failures.empty()); },
        [](const caf::error& error) { FAIL(describe(error)); });
      open.pop_front();
    }
    std::chrono::duration<double> time = clock_type::now() - begin;
    return total / time.count();
  }

private:
  system_config config_;
  caf::actor_system system_{config_};
  caf::scoped_actor self_{system_};
  node_id to_;
  std::optional<node> node_;
  std::size_t next_ = 0;
};

} // namespace

TEST_CASE("half of the engines of a node take nothing") {
  receivers all{2, 60s};
  sender without{all.adverts()[0]};
  sender with{all.adverts()[1]};
  with.fill_stuck();
  // In turn, so that the machine is the same for both.
  std::vector<double> ratios;
  while (ratios.size() < rounds) {
    auto free = without.send_to_ready();
    ratios.push_back(with.send_to_ready() / free);
    MESSAGE(free, " messages a second, with stuck engines ", ratios.back(),
            " times as many");
  }
  CHECK(median(ratios) >= 0.9);
}
