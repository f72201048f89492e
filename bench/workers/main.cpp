// What a second worker brings: two peers send to a node whose connections are
// in one worker, or in two. Each worker has an engine for them.

#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <node_proxy/actors/caf/remoting.hpp>
#include <node_proxy/actors/key_file.hpp>
#include <node_proxy/actors/node.hpp>
#include <node_proxy/protocol/wire/address_text.hpp>
#include <node_proxy/protocol/wire/advert.hpp>

#include "nodes/ask.hpp"
#include "nodes/senders.hpp"
#include "nodes/setup.hpp"
#include "support/core_peer.hpp"
#include "support/program.hpp"
#include "support/transfer_options.hpp"

namespace bench {

namespace {

using namespace node_proxy;

constexpr std::size_t peer_count = 2;

struct workers_options : transfer_options {
  std::size_t workers = 2;
  /// Of the coordinator: this is a worker.
  std::uint16_t port = 0;
  std::string engine;
};

std::shared_ptr<const identity> node_key() {
  return std::make_shared<identity>(identity::from_seed(numbered_seed(1)));
}

/// A process of the node, or a peer: all have one event loop.
node_config quiet_config() {
  auto result = make_node_config();
  result.event_loops = 1;
  // Standard output is for results.
  result.logger = nullptr;
  return result;
}

struct peer_config : caf::actor_system_config {
  peer_config() { init(*this); }
};

/// CAF with the middleman.
struct process_config : caf::actor_system_config {
  process_config() {
    load_middleman(*this);
    init(*this);
  }
};

struct process {
  process_config config;
  caf::actor_system system{config};
  caf::scoped_actor self{system};
};

caf::behavior sink() {
  return {[](const engine_msg_batch&) {
  }};
}

void be_worker(const workers_options& options) {
  process here;
  auto mine = quiet_config();
  mine.self = node_key();
  auto found = here.system.middleman().remote_actor<router_actor>("127.0.0.1",
                                                                  options.port);
  if (!found)
    throw std::runtime_error{describe(found.error())};
  mine.coordinator = *found;
  auto node = value_of(spawn_node(here.system, std::move(mine)));
  auto engine = here.system.spawn(sink);
  ask<engine_registered>(here.self, node.router(),
                         register_engine{options.engine, engine, true});
  say(to_string(node.addresses().front()));
  serve_requests([](const std::string&) { return std::string{}; });
  node.shutdown();
  caf::anon_send_exit(engine, caf::exit_reason::kill);
}

/// A peer that knows of one worker, and sends to the engine there.
class sending_peer {
public:
  sending_peer(const std::string& address, std::string engine)
    : engine_(std::move(engine)) {
    node_advert target;
    target.version = 1;
    target.addrs = {{parse_address(address).value(), 1}};
    if (!internal::sign_advert(*node_key(), target))
      throw std::runtime_error{"an advert cannot be signed"};
    auto mine = quiet_config();
    mine.adverts = {target};
    node_.emplace(value_of(spawn_node(system_, std::move(mine))));
    proxy_ = ask<node_proxy_found>(self_, node_->router(),
                                   lookup_node_proxy{target.id})
               .proxy;
    target_ = {target.id, engine_};
  }

  [[nodiscard]] throughput send(const workers_options& options,
                                bench_clock::duration how_long) {
    send_plan plan;
    plan.self = node_->id();
    plan.targets = {{proxy_, {target_}}};
    plan.size = options.size;
    plan.batch = batch_for(options.size);
    plan.outstanding = outstanding_for(options.size, 64 * plan.batch);
    plan.how_long = how_long;
    return run_senders(system_, plan);
  }

private:
  std::string engine_;
  peer_config config_;
  caf::actor_system system_{config_};
  caf::scoped_actor self_{system_};
  std::optional<node> node_;
  node_proxy_actor proxy_;
  engine_id target_;
};

throughput send_all(std::vector<std::unique_ptr<sending_peer>>& peers,
                    const workers_options& options,
                    bench_clock::duration how_long) {
  std::vector<std::future<throughput>> all;
  for (auto& x : peers)
    all.push_back(std::async(std::launch::async,
                             [&] { return x->send(options, how_long); }));
  throughput result;
  result.size = options.size;
  for (auto& x : all) {
    auto one = x.get();
    result.messages += one.messages;
    result.took = std::max(result.took, one.took);
  }
  return result;
}

void measure(const workers_options& options) {
  process here;
  node_config mine;
  mine.self = node_key();
  mine.max_workers = options.workers;
  mine.event_loops = 1;
  auto coordinator = value_of(spawn_node(here.system, std::move(mine)));
  auto port =
    here.system.middleman().publish(coordinator.router(), 0, "127.0.0.1");
  if (!port)
    throw std::runtime_error{describe(port.error())};
  std::vector<std::unique_ptr<other_side>> workers;
  std::vector<std::string> addresses;
  for (std::size_t i = 0; i < options.workers; ++i) {
    workers.push_back(std::make_unique<other_side>(std::vector<std::string>{
      "--worker", std::to_string(*port), "--engine", std::to_string(i)}));
    addresses.push_back(workers.back()->next_line());
  }
  std::vector<std::unique_ptr<sending_peer>> peers;
  for (std::size_t i = 0; i < peer_count; ++i) {
    auto at = i % options.workers;
    peers.push_back(
      std::make_unique<sending_peer>(addresses[at], std::to_string(at)));
  }
  static_cast<void>(send_all(peers, options, options.warm_up()));
  json line{{"bench", "workers"}, {"workers", options.workers}};
  add(line, send_all(peers, options, options.how_long()));
  print(line);
  peers.clear();
  for (auto& x : workers)
    x->finish();
}

int main(int argc, char** argv) {
  CLI::App app{"What a second worker of a node brings."};
  app.name("bench_workers");
  workers_options options;
  add_transfer_options(app, options, {"batch"});
  app.add_option("--workers", options.workers, "How many there are")
    ->check(CLI::Range(1, 2))
    ->capture_default_str();
  app.add_option("--worker", options.port)->group("");
  app.add_option("--engine", options.engine)->group("");
  return run_program(app, argc, argv, [&options] {
    if (options.port != 0)
      be_worker(options);
    else
      measure(options);
  });
}

} // namespace

} // namespace bench

int main(int argc, char** argv) {
  return bench::main(argc, argv);
}
