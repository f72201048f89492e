// node-proxy worker: serves peers for a node of another process.

#include <chrono>
#include <memory>
#include <vector>

#include <poll.h>
#include <spdlog/spdlog.h>

#include <node_proxy/actors/caf/remoting.hpp>
#include <node_proxy/actors/caf/sending.hpp>
#include <node_proxy/actors/key_file.hpp>
#include <node_proxy/actors/node.hpp>
#include <node_proxy/base/hex.hpp>
#include <node_proxy/messages/limits.hpp>
#include <node_proxy/protocol/wire/address_range.hpp>
#include <node_proxy/protocol/wire/address_text.hpp>

#include "command.hpp"
#include "descriptor_limit.hpp"
#include "options.hpp"
#include "reachable_address.hpp"
#include "stop_signals.hpp"
#include "wakeup.hpp"
#include "worker_place.hpp"

namespace node_proxy::tools {

namespace {

struct worker_options {
  std::string key;
  std::vector<worker_place> coordinator;
  std::vector<transport_address> listen;
  std::vector<transport_address> advertise;
  std::vector<ip_range> dial_ranges;
};

tl::expected<node_config, std::string>
make_config(const worker_options& options) {
  auto self = load_identity(options.key);
  if (!self)
    return tl::unexpected{self.error().text};
  node_config config;
  config.self = std::make_shared<identity>(std::move(*self));
  config.listen = options.listen;
  config.advertised = best_first(options.advertise);
  config.settings.dial_ranges = options.dial_ranges;
  config.logger = spdlog::default_logger();
  return config;
}

/// Sets `gone` when an actor has ended.
/// @returns who watches, as long as somebody holds it.
[[nodiscard]] caf::actor watch_end(caf::actor_system& system,
                                   const router_actor& whom, wakeup& gone) {
  auto watch = [&gone](caf::event_based_actor* self,
                       const router_actor& router) {
    internal::set_down_handler(self, [self, &gone](const caf::down_msg&) {
      gone.set();
      self->quit();
    });
    internal::monitor_end(self, router);
    // It waits for that alone.
    return caf::behavior{[](caf::unit_t) {
    }};
  };
  return system.spawn(watch, whom);
}

int serve(caf::actor_system& system, const worker_options& options,
          node_config config, const stop_signals& signals) {
  const auto& where = options.coordinator.front();
  auto coordinator = find_coordinator(system, where);
  if (!coordinator)
    return fail(coordinator.error());
  config.coordinator = *coordinator;
  auto local = spawn_node(system, std::move(config));
  if (!local)
    return fail("the coordinator at " + where.text()
                + " is not joined: " + describe(local.error()));
  wakeup gone;
  auto watcher = watch_end(system, local->router(), gone);
  spdlog::info("this is a worker of node {}", to_hex(local->id().data));
  for (const auto& address : local->addresses())
    spdlog::info("it listens at {}", to_string(address));
  pollfd fds[] = {{signals.fd(), POLLIN, 0}, {gone.fd(), POLLIN, 0}};
  while (::poll(fds, 2, -1) < 0) {
    // A signal of no interest.
  }
  auto is_lost = fds[0].revents == 0;
  local->shutdown();
  pollfd end{gone.fd(), POLLIN, 0};
  ::poll(&end, 1, -1);
  return is_lost ? fail("the coordinator at " + where.text() + " is gone")
                 : exit_ok;
}

int run(const worker_options& options) {
  stop_signals signals;
  allow_descriptors();
  auto config = make_config(options);
  if (!config)
    return fail(config.error());
  caf::actor_system_config system_config;
  load_middleman(system_config);
  init(system_config);
  use_sharing_scheduler(system_config);
  caf::actor_system system{system_config};
  return serve(system, options, std::move(*config), signals);
}

} // namespace

command add_worker(CLI::App& app) {
  auto* sub = app.add_subcommand(
    "worker", "Serve peers of a node that `run --workers-at` runs");
  auto options = std::make_shared<worker_options>();
  add_parsed_option(*sub, "--coordinator", options->coordinator,
                    parse_worker_place,
                    "Where that node listens for workers. What goes there is "
                    "not encrypted")
    ->required()
    ->expected(1)
    ->type_name("IP:PORT");
  sub
    ->add_option("--key", options->key,
                 "Key file of the node, readable here, too")
    ->required()
    ->type_name("FILE");
  add_parsed_option(*sub, "--listen", options->listen, parse_listen_address,
                    "Accept connections there; port 0 for any port. Without it "
                    "the worker only calls others")
    ->type_name("tcp://IP:PORT");
  add_parsed_option(*sub, "--advertise", options->advertise, parse_reachable,
                    "Have peers connect there, if it is not where the worker "
                    "listens; several times for several, the best one first")
    ->expected(1, static_cast<int>(limits::advert_addresses))
    ->type_name("tcp://HOST:PORT");
  add_parsed_option(*sub, "--dial-range", options->dial_ranges, parse_ip_range,
                    "Dial peers in this range, too, as with `run`")
    ->type_name("IP/BITS");
  sub->footer(
    "SIGINT, SIGTERM and SIGHUP have its peers go on with others, and "
    "end it; a second one ends it at once. It ends with status 1 if "
    "its coordinator is gone.");
  return {sub, [options] {
            return run(*options);
          }};
}

} // namespace node_proxy::tools
