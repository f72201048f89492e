// What peers cost that are connected for good and have nothing to say.

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

#include <malloc.h>
#include <unistd.h>

#include <node_proxy/actors/node.hpp>
#include <node_proxy/actors/node_status.hpp>
#include <node_proxy/protocol/crypto/identity.hpp>

#include "nodes/ask.hpp"
#include "nodes/setup.hpp"
#include "peers/others.hpp"
#include "support/advert_text.hpp"
#include "support/core_peer.hpp"
#include "support/cpu_time.hpp"
#include "support/descriptors.hpp"
#include "support/program.hpp"
#include "support/report.hpp"

namespace bench {

namespace {

using namespace node_proxy;
using namespace node_proxy::internal;

struct peers_options {
  /// None: an actor system of CAF without a node.
  std::size_t peers = 1000;
  /// More than one heartbeat interval, so that all that happens is in it.
  double seconds = 11;
};

/// What this process takes, in bytes: of main memory, and of the heap.
struct memory {
  std::int64_t resident = 0;
  std::int64_t heap = 0;
};

memory memory_now() {
  std::ifstream file{"/proc/self/statm"};
  std::int64_t all = 0;
  std::int64_t resident = 0;
  if (!(file >> all >> resident))
    throw std::runtime_error{"cannot read /proc/self/statm"};
  auto in_use = ::mallinfo2();
  return {resident * ::sysconf(_SC_PAGESIZE),
          static_cast<std::int64_t>(in_use.uordblks + in_use.hblkhd)};
}

/// For what a beginning leads to, such as the exchange of adverts by those who
/// connect, or CAF's threads, which look for work most eagerly at first.
void come_to_rest() {
  std::this_thread::sleep_for(std::chrono::seconds{1});
}

double idle_cpu_percent(double seconds) {
  auto before = cpu_seconds();
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  return 100 * (cpu_seconds() - before) / seconds;
}

json idle_line(const peers_options& options) {
  return {{"bench", "peers"},
          {"peers", options.peers},
          {"seconds", options.seconds},
          {"cpu_percent", idle_cpu_percent(options.seconds)}};
}

class peers_node {
public:
  explicit peers_node(const peers_options& options) : options_{options} {
    auto config = make_node_config();
    config.max_peers = options.peers;
    node_.emplace(value_of(spawn_node(system_, std::move(config))));
  }

  void measure(other_side& other) {
    auto before = memory_now();
    auto counted = options_.peers;
    connect(other, 1);
    if (counted > 1) {
      // The first one pays for what all have in common.
      before = memory_now();
      --counted;
      connect(other, options_.peers);
    }
    auto after = memory_now();
    auto per_peer = [&](std::int64_t memory::*what) {
      return (after.*what - before.*what) / static_cast<std::int64_t>(counted);
    };
    auto line = idle_line(options_);
    line["bytes_per_peer"] = per_peer(&memory::resident);
    line["heap_bytes_per_peer"] = per_peer(&memory::heap);
    line["status_ms"] = status_ms();
    if (connected_peers() != options_.peers)
      throw std::runtime_error{"a peer was lost"};
    print(line);
  }

private:
  /// Waits until so many peers are connected, for good on both ends.
  void connect(other_side& other, std::size_t count) {
    other.ask(std::to_string(count) + ' ' + to_text(node_->advert()));
    while (connected_peers() < count)
      std::this_thread::sleep_for(std::chrono::milliseconds{20});
    for (std::size_t i = 0; i < count; ++i) {
      auto id = identity::from_seed(numbered_seed(i)).id();
      ask<node_connect_reply>(self_, node_->router(),
                              node_connect_request{id, true});
    }
    come_to_rest();
  }

  /// How long the node takes to say how it stands with all of them.
  [[nodiscard]] double status_ms() {
    std::array<double, 9> times{};
    for (auto& x : times) {
      auto begin = std::chrono::steady_clock::now();
      auto status = ask<node_status>(self_, node_->router(), get_node_status{});
      x = std::chrono::duration<double, std::milli>(
            std::chrono::steady_clock::now() - begin)
            .count();
      if (status.peers.size() != options_.peers)
        throw std::runtime_error{"a peer has no status"};
    }
    std::ranges::sort(times);
    return times[times.size() / 2];
  }

  [[nodiscard]] std::size_t connected_peers() {
    return ask<node_metrics>(self_, node_->router(), get_node_metrics{})
      .connected_peers;
  }

  peers_options options_;
  node_system_config config_;
  caf::actor_system system_{config_};
  caf::scoped_actor self_{system_};
  std::optional<node> node_;
};

void measure(const peers_options& options, other_side& other) {
  if (options.peers > 0) {
    make_room_for(options.peers);
    peers_node{options}.measure(other);
  } else {
    node_system_config config;
    caf::actor_system system{config};
    come_to_rest();
    print(idle_line(options));
  }
}

int main(int argc, char** argv) {
  CLI::App app{"What peers cost that are connected and idle."};
  app.name("bench_peers");
  peers_options options;
  app
    .add_option("--peers", options.peers,
                "How many are connected; 0: CAF without a node")
    ->check(CLI::Range(0, 50'000))
    ->capture_default_str();
  app.add_option("--seconds", options.seconds, "How long to be idle")
    ->check(CLI::PositiveNumber)
    ->capture_default_str();
  return run_program(
    app, argc, argv,
    {[&options](other_side& other) { measure(options, other); },
     [&options] {
       be_others(options.peers);
     }});
}

} // namespace

} // namespace bench

int main(int argc, char** argv) {
  return bench::main(argc, argv);
}
