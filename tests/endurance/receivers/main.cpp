// Nodes with an engine `inbox` each, in a process of their own:
//
//     endurance_receivers FOLDER NODES DEAD_PEER_LIMIT
//
// Each has also engines `ready0` and so on, which take what comes, and `stuck0`
// and so on, which take nothing: 32 of each. The limit is in milliseconds.
// FOLDER gets an advert of each node, 0.advert and so on, before the first line
// is written. Then each line that is read is an order:
//
//     slow    from now on an engine takes 100 messages a second
//     fast    from now on an engine takes what comes
//     count   answers a line "MESSAGES SUM DISORDERED" for each node: how many
//             numbered messages came, the sum of their numbers, and how many
//             were not above the one before

#include <atomic>
#include <chrono>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <node_proxy/actors/advert_file.hpp>
#include <node_proxy/actors/key_file.hpp>
#include <node_proxy/actors/node.hpp>

#include "support/scheduler_threads.hpp"

namespace {

using namespace node_proxy;

std::atomic<bool> slow = false;

/// How long a slow engine takes for a message.
constexpr std::chrono::milliseconds slow_time{10};

struct engine_count {
  std::atomic<std::uint64_t> messages = 0;
  std::atomic<std::uint64_t> sum = 0;
  std::atomic<std::uint64_t> disordered = 0;
  std::uint64_t lowest = 0; // that may come next
};

void take(engine_count& count, const engine_msg& msg) {
  if (slow)
    std::this_thread::sleep_for(slow_time);
  auto number = std::stoull(std::string{as_text(msg.msg.view())});
  count.disordered += number < count.lowest;
  count.lowest = number + 1;
  count.sum += number;
  ++count.messages;
}

caf::behavior counting_engine(caf::event_based_actor*,
                              std::shared_ptr<engine_count> count) {
  return {[count](const engine_msg_batch& batch) {
            for (const auto& msg : batch.msgs)
              take(*count, msg);
          },
          [count](const engine_msg& msg) {
            take(*count, msg);
          }};
}

caf::behavior ready_engine(caf::event_based_actor*) {
  return {[](const engine_msg_batch&) {
            // nop
          },
          [](const engine_msg&) {
            // nop
          }};
}

caf::behavior stuck_engine(caf::event_based_actor* self) {
  self->set_default_handler(caf::skip);
  return {[](int) {
    // nop
  }};
}

struct system_config : caf::actor_system_config {
  system_config() {
    init(*this);
    use_sharing_scheduler(*this);
    test::set_scheduler_threads(*this, 2);
  }
};

/// Engines that are slow take a thread of their own and one message at a time.
caf::actor spawn_engine(caf::actor_system& system, bool own_thread,
                        std::shared_ptr<engine_count> count) {
  if (own_thread)
    return system.spawn<caf::detached>(counting_engine, std::move(count));
  return system.spawn(counting_engine, std::move(count));
}

node start_node(caf::actor_system& system, const peer_settings& settings,
                const caf::actor& engine, bool batches) {
  node_config config;
  config.self = std::make_shared<identity>(make_identity());
  ipv4 loopback{{std::byte{127}, std::byte{0}, std::byte{0}, std::byte{1}}};
  config.listen = {tcp_addr{loopback, 0}};
  config.settings = settings;
  config.engines = {{"inbox", engine, batches}};
  for (int i = 0; i < 32; ++i) {
    auto number = std::to_string(i);
    config.engines.push_back(
      {"ready" + number, system.spawn(ready_engine), true});
    config.engines.push_back(
      {"stuck" + number, system.spawn(stuck_engine), false});
  }
  auto result = spawn_node(system, std::move(config));
  if (!result)
    throw std::runtime_error{describe(result.error())};
  return std::move(*result);
}

void serve(const std::string& folder, std::size_t count,
           const peer_settings& settings) {
  system_config config;
  caf::actor_system system{config};
  std::vector<std::shared_ptr<engine_count>> counts;
  std::vector<node> nodes;
  for (std::size_t i = 0; i < count; ++i) {
    counts.push_back(std::make_shared<engine_count>());
    auto alone = count == 1;
    auto engine = spawn_engine(system, alone, counts.back());
    nodes.push_back(start_node(system, settings, engine, !alone));
    auto path = folder + '/' + std::to_string(i) + ".advert";
    if (!save_advert(path, nodes.back().advert()))
      throw std::runtime_error{"cannot write " + path};
  }
  std::cout << "ready" << std::endl;
  for (std::string order; std::getline(std::cin, order);) {
    if (order == "count")
      for (const auto& x : counts)
        std::cout << x->messages << ' ' << x->sum << ' ' << x->disordered
                  << std::endl;
    else
      slow = order == "slow";
  }
  slow = false;
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 4)
    return 2;
  // It goes where the answers go.
  try {
    node_proxy::peer_settings settings;
    settings.dead_peer_limit = std::chrono::milliseconds{std::stoul(argv[3])};
    settings.heartbeat_interval = settings.dead_peer_limit / 4;
    serve(argv[1], std::stoul(argv[2]), settings);
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
