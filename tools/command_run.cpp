// node-proxy run: a node that engines of other nodes can talk to.

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <thread>

#include <poll.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <node_proxy/actors/caf/remoting.hpp>
#include <node_proxy/actors/caf/sending.hpp>
#include <node_proxy/actors/key_file.hpp>
#include <node_proxy/actors/node.hpp>
#include <node_proxy/base/hex.hpp>
#include <node_proxy/messages/limits.hpp>

#include "command.hpp"
#include "config_file.hpp"
#include "console.hpp"
#include "descriptor_limit.hpp"
#include "engines.hpp"
#include "log_sink.hpp"
#include "message_folder.hpp"
#include "node_names.hpp"
#include "observer.hpp"
#include "operator_access.hpp"
#include "peer_file.hpp"
#include "reachable_address.hpp"
#include "run_options.hpp"
#include "service_notifier.hpp"
#include "stop_signals.hpp"

namespace node_proxy::tools {

using internal::send_anonymously;
using internal::send_request;

namespace {

tl::expected<node_config, std::string> make_config(const run_options& options) {
  auto self = load_identity(options.key);
  if (!self)
    return tl::unexpected{self.error().text};
  node_config config;
  config.self = std::make_shared<identity>(std::move(*self));
  config.listen = options.listen;
  config.advertised = best_first(options.advertise);
  for (const auto& path : options.peers) {
    auto advert = load_peer(path, config.self->id());
    if (!advert)
      return tl::unexpected{advert.error().text};
    config.adverts.push_back(std::move(*advert));
  }
  for (const auto& x : options.engines)
    if (x.kind == engine_kind::save)
      if (auto ok = message_folder{x.folder}.check(); !ok)
        return tl::unexpected{ok.error()};
  for (const auto& id : options.allow)
    config.admission.allow(id);
  for (const auto& id : options.deny)
    config.admission.deny(id);
  config.logger = spdlog::default_logger();
  config.max_peers = options.max_peers;
  config.state = options.state;
  if (!options.workers_at.empty())
    config.max_workers = limits::advert_addresses;
  config.settings.dial_ranges = options.dial_ranges;
  config.settings.idle_timeout = std::chrono::seconds{options.idle_seconds};
  config.settings.outbox_bytes = options.outbox_bytes;
  return config;
}

/// The engines of a node. They end with this.
class engine_set {
public:
  engine_set(caf::actor_system& system, std::vector<engine_option> options,
             json_lines& out) {
    auto is_console = [](const engine_option& x) {
      return x.name == console_engine;
    };
    // Whoever answers a typed message is heard.
    if (std::none_of(options.begin(), options.end(), is_console))
      options.push_back({engine_name{console_engine}, engine_kind::print});
    for (const auto& option : options)
      engines_.emplace_back(option.name, spawn_engine(system, option, out),
                            true);
  }

  engine_set(const engine_set&) = delete;
  engine_set& operator=(const engine_set&) = delete;

  ~engine_set() {
    for (const auto& x : engines_)
      send_anonymously(x.engine, caf::flush_atom_v);
  }

  [[nodiscard]] const std::vector<register_engine>& all() const {
    return engines_;
  }

  void start(const router_actor& router) {
    for (const auto& x : engines_)
      send_anonymously(x.engine, caf::actor_cast<caf::actor>(router));
  }

private:
  std::vector<register_engine> engines_;
};

/// Asks for a connection to each peer that is kept up from now on.
void connect_permanently(caf::actor_system& system, const node& local,
                         const std::vector<node_advert>& peers) {
  caf::scoped_actor self{system};
  for (const auto& peer : peers) {
    auto name = to_hex(peer.id.data);
    send_request(&*self, local.router(), std::chrono::seconds{10},
                 node_connect_request{peer.id, true})
      .receive(
        [&](const node_connect_reply& reply) {
          if (reply.result != node_connect_result::ok)
            spdlog::warn("no connection to {}: {}", name,
                         to_string(reply.result));
        },
        [&](const caf::error& error) {
          spdlog::warn("no connection to {}: {}", name, describe(error));
        });
  }
}

/// How long to wait for anything, in milliseconds.
int poll_timeout(const console& typed, bool may_read_later) {
  if (auto until = typed.waits_until()) {
    auto left = std::chrono::ceil<std::chrono::milliseconds>(
      *until - console::clock::now());
    return static_cast<int>(std::max<std::int64_t>(left.count(), 0));
  }
  return may_read_later ? static_cast<int>(terminal_interval.count()) : -1;
}

/// Serves standard input until a signal comes: true. False if nothing can be
/// written to standard output any more.
bool serve(line_reader& input, console& typed, const json_lines& out,
           wakeup& changed, const stop_signals& signals) {
  for (;;) {
    auto is_ours = input.may_read();
    auto want_input = !input.ended() && is_ours && typed.has_room();
    // An entry with a negative descriptor is left out. The last one, without
    // any event to wait for, tells when the reader of a pipe has gone.
    pollfd fds[] = {{signals.fd(), POLLIN, 0},
                    {changed.fd(), POLLIN, 0},
                    {want_input ? input.fd() : -1, POLLIN, 0},
                    {STDOUT_FILENO, 0, 0}};
    auto timeout = poll_timeout(typed, !input.ended() && !is_ours);
    if (::poll(fds, std::size(fds), timeout) < 0)
      continue;
    if (fds[3].revents != 0 || out.failed())
      return false;
    if (fds[0].revents != 0)
      return true;
    if (fds[1].revents != 0)
      changed.clear();
    if (fds[2].revents != 0 && input.may_read())
      input.read();
    typed.handle_changed();
    while (typed.has_room()) {
      auto line = input.poll_line();
      if (!line)
        break;
      typed.handle_line(*line);
    }
  }
}

/// Lets operators reach the node in the ways that the options name. Errors: a
/// sentence.
tl::expected<void, std::string> open(operator_access& access,
                                     const run_options& options) {
  if (!options.control.empty()) {
    if (auto ok = access.open_control(options.control); !ok)
      return ok;
  } else if (!options.state.empty()) {
    // Nobody has asked for this one, so that a node runs without it.
    auto path = std::filesystem::path{options.state} / "control";
    if (auto ok = access.open_control(path.string()); !ok)
      spdlog::warn("{}", ok.error());
  }
  for (const auto& where : options.http)
    if (auto ok = access.open_http(where); !ok)
      return ok;
  return {};
}

/// Lets workers join, if the options say where. Errors: a sentence.
tl::expected<void, std::string> invite_workers(caf::actor_system& system,
                                               const router_actor& router,
                                               const run_options& options) {
  for (auto where : options.workers_at) {
    auto port = publish_to_workers(system, router, where);
    if (!port)
      return tl::unexpected{port.error()};
    where.port = *port;
    spdlog::info("workers may join at {}", where.text());
  }
  return {};
}

/// Why the node prints its events no more.
std::string output_failure(const json_lines& out) {
  auto error = out.error();
  if (error == 0 || error == EPIPE)
    return "nobody reads standard output any more";
  return std::string{"an event cannot be written to standard output: "}
         + std::strerror(error);
}

int run_node(caf::actor_system& system, const run_options& options,
             node_config config, json_lines& out, recent_events& events,
             wakeup& changed, stop_signals& signals) {
  auto self_id = config.self->id();
  auto adverts = config.adverts;
  engine_set engines{system, options.engines, out};
  config.engines = engines.all();
  auto local = spawn_node(system, std::move(config));
  if (!local)
    return fail(describe(local.error()));
  operator_access access{system, local->router(), node_names{options.names},
                         events};
  if (auto ok = open(access, options); !ok)
    return fail(ok.error());
  if (auto ok = invite_workers(system, local->router(), options); !ok)
    return fail(ok.error());
  spdlog::info("this is node {}", to_hex(self_id.data));
  engines.start(local->router());
  console typed{system, self_id, local->router(), out, changed};
  if (options.permanent)
    connect_permanently(system, *local, adverts);
  line_reader input{STDIN_FILENO, longest_line};
  service_notifier service;
  service.handle_ready("node " + to_hex(self_id.data),
                       [&access] { return access.check(); });
  auto heard = serve(input, typed, out, changed, signals);
  service.handle_stopping();
  access.handle_stopping();
  local->shutdown();
  return heard ? exit_ok : fail(output_failure(out));
}

/// How long what was to be written may still be read at the end.
constexpr std::chrono::milliseconds last_lines_time{1'000};

/// Waits until all actors have written their last lines, or nobody reads them.
void end_actors(caf::actor_system& system, json_lines& out) {
  wakeup all_done;
  std::thread closer{[&] {
    pollfd done{all_done.fd(), POLLIN, 0};
    ::poll(&done, 1, static_cast<int>(last_lines_time.count()));
    out.close(last_lines_time);
  }};
  system.await_all_actors_done();
  all_done.set();
  closer.join();
}

/// Has the log say as much as the file of `--config` wants now, unless the
/// command line says how much.
void reread_log_level(const std::string& path) {
  auto level = log_level_in(path);
  if (!level)
    return spdlog::error("the level of the log stays: {}", level.error());
  set_log_level(level->value_or(default_log_level));
}

int run(const run_options& options) {
  std::function<void()> hangup;
  if (!options.config.empty())
    hangup = [&options] {
      reread_log_level(options.config);
    };
  stop_signals signals{hangup};
  allow_descriptors();
  auto config = make_config(options);
  if (!config)
    return fail(config.error());
  wakeup changed;
  json_lines out{STDOUT_FILENO, changed};
  recent_events events;
  int status = exit_error;
  {
    caf::actor_system_config system_config;
    if (!options.workers_at.empty())
      load_middleman(system_config);
    init(system_config);
    use_sharing_scheduler(system_config);
    caf::actor_system system{system_config};
    config->observer =
      spawn_observer(system, out, events, node_names{options.names});
    auto observer = config->observer;
    status = run_node(system, options, std::move(*config), out, events, changed,
                      signals);
    send_anonymously(observer, caf::flush_atom_v);
    end_actors(system, out);
  }
  if (status == exit_ok && out.failed())
    return fail(output_failure(out));
  return status;
}

} // namespace

command add_run(CLI::App& app) {
  auto* sub = app.add_subcommand(
    "run", "Run a node: one JSON object a line on standard output, "
           "'send NODE_ID ENGINE TEXT' on standard input");
  auto options = std::make_shared<run_options>();
  add_options(*sub, *options);
  sub->footer(
    "Typed messages come from the engine '" + std::string{console_engine}
    + "', which prints what is sent to it.\n"
      "SIGINT, SIGTERM and SIGHUP end the node in good order, a second one at "
      "once.\nWith --config SIGHUP ends nothing, but has the level of the log "
      "read again, unless --log is given here.");
  return {sub,
          [options] {
            if (auto ok = add_names_of_user(options->names); !ok)
              return fail(ok.error());
            return run(*options);
          },
          [options] {
            check_together(*options);
          }};
}

} // namespace node_proxy::tools
