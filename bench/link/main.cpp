// This module from engine to engine, between two processes.

#include <future>
#include <optional>
#include <stdexcept>
#include <vector>

#include <CLI/CLI.hpp>

#include <node_proxy/actors/node.hpp>

#include "link/options.hpp"
#include "link/ping.hpp"
#include "link/receiver.hpp"
#include "nodes/ask.hpp"
#include "nodes/senders.hpp"
#include "nodes/setup.hpp"
#include "support/advert_text.hpp"
#include "support/program.hpp"
#include "support/report.hpp"

namespace bench {

namespace {

using namespace node_proxy;
using namespace node_proxy::internal;

/// The line of a result, but for the figures.
json begin_line(const link_options& options) {
  return {{"bench", "link"},
          {"mode", options.mode},
          {"peers", options.peers},
          {"engines", options.engines},
          {"bulk", options.bulk},
          {"busy_poll", options.busy_poll},
          {"loops", options.loops},
          {"senders", options.senders},
          {"batch", options.batch},
          {"outstanding", options.outstanding},
          {"cipher", cipher_name(options)},
          {"scheduler", options.sharing ? "sharing" : "default"},
          {"counting", options.count_allocations}};
}

/// The node that sends, and whom it knows.
class sender_node {
public:
  sender_node(const link_options& options, const json& adverts)
    : options_{options}, config_{options.sharing}, system_{config_},
      self_{system_} {
    auto config = make_link_config(options);
    for (const auto& advert : adverts)
      config.adverts.push_back(read_advert(advert.get<std::string>()));
    node_.emplace(value_of(spawn_node(system_, config)));
    for (const auto& advert : config.adverts)
      add_target(advert.id);
  }

  void measure(other_side& other) {
    auto line = begin_line(options_);
    if (options_.mode == "round_trip")
      add_latencies(line, options_.size, measure_round_trips());
    else
      measure_one_way(other, line);
    print(line);
  }

private:
  void add_target(const node_id& id) {
    auto& target = targets_.emplace_back();
    target.proxy = find_proxy(id);
    for (std::size_t i = 0; i < options_.engines; ++i)
      target.engines.push_back({id, sink_name(i)});
  }

  node_proxy_actor find_proxy(const node_id& id) {
    return ask<node_proxy_found>(self_, node_->router(), lookup_node_proxy{id})
      .proxy;
  }

  [[nodiscard]] send_plan plan(bench_clock::duration how_long) const {
    send_plan result;
    result.self = node_->id();
    result.targets = targets_;
    result.senders = options_.senders;
    result.size = options_.size;
    result.batch = options_.mode == "batch" ? options_.batch : 0;
    result.outstanding = options_.outstanding;
    result.how_long = how_long;
    return result;
  }

  std::vector<bench_clock::duration> measure_round_trips() {
    std::future<throughput> bulk;
    if (options_.bulk > 0)
      bulk = std::async(std::launch::async, [this] {
        return run_senders(system_, bulk_plan(options_.how_long()));
      });
    auto result = run_ping(system_, node_->router(), plan(options_.how_long()));
    if (options_.bulk > 0)
      static_cast<void>(bulk.get());
    return result;
  }

  /// The next large message waits while one is on its way.
  [[nodiscard]] send_plan bulk_plan(bench_clock::duration how_long) const {
    auto result = plan(how_long);
    for (auto& x : result.targets)
      x.engines = {{x.engines.front().node, bulk_name}};
    result.size = options_.bulk;
    result.outstanding = 2;
    return result;
  }

  void measure_one_way(other_side& other, json& line) {
    // Connections are made and buffers have grown when it counts.
    static_cast<void>(run_senders(system_, plan(options_.warm_up())));
    other.ask("begin");
    auto result = run_senders(system_, plan(options_.how_long()));
    auto came = json::parse(other.ask("count"));
    if (came["messages"] != result.messages)
      throw std::runtime_error{"not all that was acknowledged has arrived"};
    add(line, result);
    if (!options_.count_allocations)
      return;
    auto per_message = [&](const char* name) {
      return came[name].get<double>() / static_cast<double>(result.messages);
    };
    line["allocations_per_msg"] = per_message("allocations");
    line["needed_allocations_per_msg"] = per_message("needed_allocations");
  }

  link_options options_;
  node_system_config config_;
  caf::actor_system system_;
  caf::scoped_actor self_;
  std::optional<node> node_;
  std::vector<link_target> targets_;
};

void add_options(CLI::App& app, link_options& options) {
  add_transfer_options(app, options, {"batch", "single", "round_trip"});
  app.add_option("--peers", options.peers, "Nodes that receive")
    ->check(CLI::Range(1, 10'000))
    ->capture_default_str();
  app.add_option("--engines", options.engines, "Engines of each that receive")
    ->check(CLI::Range(1, 1'000))
    ->capture_default_str();
  app
    .add_option("--bulk", options.bulk,
                "Bytes of messages to another engine beside round trips")
    ->check(CLI::Range(0, 16 << 20));
  app
    .add_option("--busy-poll", options.busy_poll,
                "Microseconds that both ends look for events before they sleep")
    ->check(CLI::Range(0, 100'000));
  app.add_option("--loops", options.loops,
                 "Event loops of both ends (default: one for each processor)");
  app.add_option("--senders", options.senders, "Engines that send")
    ->check(CLI::Range(1, 10'000))
    ->capture_default_str();
  app.add_option("--batch", options.batch,
                 "Messages in a batch (default: as many as suit their size)");
  app.add_option("--outstanding", options.outstanding,
                 "Messages of a sender that await their outcome (default: as "
                 "many as suit mode and size)");
  app.add_flag("--chacha", options.chacha,
               "Do without AES-256-GCM, as if the processor lacked it");
  app.add_flag("--sharing", options.sharing,
               "The policy `sharing` for CAF's scheduler, not its default");
  app.add_flag("--count-allocations", options.count_allocations,
               "Count what the receiving process takes from the heap");
}

int main(int argc, char** argv) {
  CLI::App app{"Messages from engine to engine over this module."};
  app.name("bench_link");
  link_options options;
  add_options(app, options);
  return run_program(
    app, argc, argv,
    {[&options](other_side& other) {
       auto adverts = json::parse(other.next_line());
       sender_node{with_defaults(options), adverts}.measure(other);
     },
     [&options] {
       receive(with_defaults(options));
     }});
}

} // namespace

} // namespace bench

int main(int argc, char** argv) {
  return bench::main(argc, argv);
}
