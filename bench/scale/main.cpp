// How much more several event loops do than one: pairs of nodes in one process,
// each with a connection of its own.

#include <algorithm>
#include <future>
#include <vector>

#include <CLI/CLI.hpp>

#include <node_proxy/actors/node.hpp>

#include "nodes/ask.hpp"
#include "nodes/senders.hpp"
#include "nodes/setup.hpp"
#include "support/cpu_time.hpp"
#include "support/program.hpp"
#include "support/report.hpp"
#include "support/transfer_options.hpp"

namespace bench {

namespace {

using namespace node_proxy;
using namespace node_proxy::internal;

struct scale_options : transfer_options {
  std::size_t pairs = 8;
  /// 0 for as many as there are processors.
  std::size_t loops = 0;
};

/// What arrives is taken; nothing is done with it.
caf::behavior sink() {
  return {
    [](const engine_msg&) {},
    [](const engine_msg_batch&) {},
  };
}

node_config make_scale_config(const scale_options& options) {
  auto result = make_node_config();
  result.event_loops = options.loops;
  return result;
}

/// A node that sends to another one.
class pair {
public:
  pair(caf::actor_system& system, caf::scoped_actor& self,
       const scale_options& options)
    : to_{value_of(spawn_node(system, make_scale_config(options)))},
      from_{value_of(spawn_node(system, sender_config(options)))} {
    ask<engine_registered>(
      self, to_.router(),
      register_engine{"sink", system.spawn(sink), options.mode == "batch"});
    auto found =
      ask<node_proxy_found>(self, from_.router(), lookup_node_proxy{to_.id()});
    plan_.self = from_.id();
    plan_.targets = {{found.proxy, {{to_.id(), "sink"}}}};
    plan_.size = options.size;
    plan_.batch = options.mode == "batch" ? batch_for(options.size) : 0;
    plan_.outstanding = std::max(
      outstanding_for(options.size, outstanding_singles), 2 * plan_.batch);
  }

  /// What it is to send for some time.
  [[nodiscard]] send_plan plan(bench_clock::duration how_long) const {
    auto result = plan_;
    result.how_long = how_long;
    return result;
  }

private:
  node_config sender_config(const scale_options& options) {
    auto result = make_scale_config(options);
    result.adverts.push_back(to_.advert());
    return result;
  }

  node to_;
  node from_;
  send_plan plan_;
};

/// All pairs send at once.
throughput run(caf::actor_system& system, const std::vector<pair>& pairs,
               bench_clock::duration how_long) {
  std::vector<std::future<throughput>> results;
  for (const auto& x : pairs)
    results.push_back(
      std::async(std::launch::async, [&system, plan = x.plan(how_long)] {
        return run_senders(system, plan);
      }));
  throughput total;
  for (auto& result : results) {
    auto one = result.get();
    total.messages += one.messages;
    total.size = one.size;
    total.took = std::max(total.took, one.took);
  }
  return total;
}

void measure(const scale_options& options) {
  node_system_config config;
  caf::actor_system system{config};
  caf::scoped_actor self{system};
  std::vector<pair> pairs;
  pairs.reserve(options.pairs);
  for (std::size_t i = 0; i < options.pairs; ++i)
    pairs.emplace_back(system, self, options);
  // Connections are made and buffers have grown when it counts.
  static_cast<void>(run(system, pairs, options.warm_up()));
  auto before = cpu_seconds();
  auto result = run(system, pairs, options.how_long());
  json line{{"bench", "scale"},
            {"mode", options.mode},
            {"pairs", options.pairs},
            {"loops", options.loops},
            {"cpu_seconds", cpu_seconds() - before}};
  add(line, result);
  print(line);
}

int main(int argc, char** argv) {
  CLI::App app{"Pairs of nodes in one process, with some event loops."};
  app.name("bench_scale");
  scale_options options;
  add_transfer_options(app, options, {"batch", "single"});
  app.add_option("--pairs", options.pairs, "Pairs of nodes")
    ->check(CLI::Range(1, 1'000))
    ->capture_default_str();
  app
    .add_option("--loops", options.loops,
                "Event loops; 0: as many as there are processors")
    ->check(CLI::Range(std::size_t{0}, node_config::max_event_loops))
    ->capture_default_str();
  return run_program(app, argc, argv, [&options] { measure(options); });
}

} // namespace

} // namespace bench

int main(int argc, char** argv) {
  return bench::main(argc, argv);
}
