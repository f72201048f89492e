#include <node_proxy/actors/node.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <new>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <pthread.h>
#include <sys/resource.h>

#include <node_proxy/actors/caf/asking.hpp>
#include <node_proxy/actors/caf/initialized.hpp>
#include <node_proxy/actors/caf/sending.hpp>
#include <node_proxy/actors/disk/node_store.hpp>
#include <node_proxy/actors/disk/state_keeper.hpp>
#include <node_proxy/actors/loop/event_loop.hpp>
#include <node_proxy/actors/node_event.hpp>
#include <node_proxy/actors/router/registry_reporter.hpp>
#include <node_proxy/actors/router/router_service.hpp>
#include <node_proxy/actors/setting.hpp>
#include <node_proxy/actors/tcp/own_networks.hpp>
#include <node_proxy/actors/tcp/tcp_socket.hpp>
#include <node_proxy/actors/tcp/tcp_transport.hpp>
#include <node_proxy/actors/transport/acceptor.hpp>
#include <node_proxy/actors/transport/handshake_worker.hpp>
#include <node_proxy/actors/typed/access_parts.hpp>
#include <node_proxy/actors/worker/worker_router.hpp>
#include <node_proxy/messages/limits.hpp>
#include <node_proxy/protocol/crypto/crypto_init.hpp>
#include <node_proxy/protocol/wire/address_kind.hpp>
#include <node_proxy/protocol/wire/address_text.hpp>

namespace node_proxy {

using namespace internal;

namespace {

/// Whether peers are told to connect to where this node listens. What is
/// link-local means something else to each of them.
bool is_worth_telling(const transport_address& address) {
  const auto* host = host_of(address);
  return !objection_to_dial(address) && host != nullptr
         && kind_of(*host) != host_kind::link_local;
}

/// Which member is set that a worker has no use for.
const char* unfit_for_worker(const node_config& config) {
  if (!config.state.empty())
    return "state";
  if (!config.adverts.empty())
    return "adverts";
  if (!config.engines.empty())
    return "engines";
  if (config.max_workers > 0)
    return "max_workers";
  return nullptr;
}

caf::expected<void> check(const caf::actor_system& system,
                          const node_config& config) {
  if (auto ok = check_initialized(system); !ok)
    return ok;
  auto bad = [](const char* text) {
    return make_error(errc::bad_config, text);
  };
  if (!config.self)
    return bad("node_config::self is not set");
  if (config.advertised.size() > limits::advert_addresses)
    return make_error(errc::bad_config,
                      "node_config::advertised has more than "
                        + std::to_string(limits::advert_addresses)
                        + " addresses");
  for (const auto& x : config.advertised)
    if (auto objection = objection_to_advertise(x.address))
      return make_error(errc::bad_config,
                        "node_config::advertised: " + to_string(x.address) + ' '
                          + std::string{*objection});
  if (config.settings.versions.min > config.settings.versions.max)
    return bad("peer_settings::versions is empty");
  if (config.coordinator)
    if (auto wrong = unfit_for_worker(config))
      return make_error(errc::bad_config,
                        std::string{"node_config::"} + wrong
                          + " is set for a worker: it is its coordinator's "
                            "affair");
  return check_settings(config);
}

/// Says what to do if others are not told where this node listens.
void warn_of_silence(const node_log& log,
                     const std::vector<transport_address>& listening,
                     const node_advert& advert) {
  if (!advert.addrs.empty())
    return;
  if (listening.empty()) {
    log.info("this node listens nowhere: others reach it only while it is "
             "connected to them");
    return;
  }
  log.warn(
    "no peer is told where to connect to this node: where it listens, {}, does "
    "not tell others which host it is. Name the address at which they reach "
    "it: --advertise tcp://HOST:PORT, or node_config::advertised",
    to_string(listening.front()));
}

/// How many event loops a node shares with the others of its actor system.
std::size_t loops_of(const node_config& config) {
  if (config.event_loops > 0)
    return config.event_loops;
  return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1,
                                 node_config::max_event_loops);
}

/// How many threads a node may have.
std::size_t threads_of(const node_config& config) {
  constexpr std::size_t state_keepers = 1;
  // `event_loop::handle_system_end` makes one.
  constexpr std::size_t at_the_end = 1;
  return max_handshake_workers + state_keepers + at_the_end
         + actor_runner::threads * loops_of(config);
}

/// How many connections may be unproven.
std::size_t unproven_places(const node_config& config) {
  rlimit descriptors{};
  if (::getrlimit(RLIMIT_NOFILE, &descriptors) != 0)
    return config.max_unproven;
  return std::min<rlim_t>(config.max_unproven, descriptors.rlim_cur / 2);
}

/// Whether so many threads more can run at once. To be asked before CAF makes
/// some, as an actor system that could not make one never ends.
bool can_make_threads(std::size_t count) {
  // They use no memory of their own: each thread that does has the C library
  // keep some for such threads.
  auto pass = [](void* gate) -> void* {
    std::lock_guard waits{*static_cast<std::mutex*>(gate)};
    return nullptr;
  };
  std::mutex gate;
  std::vector<pthread_t> threads;
  threads.reserve(count);
  {
    std::lock_guard guard{gate};
    for (pthread_t made{};
         count > 0 && ::pthread_create(&made, nullptr, pass, &gate) == 0;
         --count)
      threads.push_back(made);
  }
  for (auto x : threads)
    ::pthread_join(x, nullptr);
  return count == 0;
}

/// A thread that runs actors of nodes would wait for itself, sometimes: whether
/// it hangs depends on what else these actors have to do. So it never may.
void abort_in_event_loop() {
  if (!actor_runner::has_this_thread())
    return;
  std::fputs("node_proxy: a node was shut down or destroyed by an actor that "
             "runs in the event loop of nodes. Do that outside of actors, or "
             "in an actor that is detached.\n",
             stderr);
  std::abort();
}

} // namespace

/// What a node is made of. Shut down in the order in which nothing is asked of
/// what is gone already. Who wants something of it while it may be shut down
/// has the mutex. Not even its class is anybody's business who links a shared
/// library, whatever `node` is marked with.
struct __attribute__((visibility("hidden"))) node::parts
  : system_dependent,
    std::enable_shared_from_this<parts> {
  explicit parts(caf::actor_system& its_system) : system{its_system} {}

  ~parts() override { shutdown(); }

  caf::expected<void> start(node_config config);
  caf::expected<void> find_loops(const node_config& config);
  caf::expected<stored_state> open_state(const node_config& config);
  caf::expected<void> listen_at(caf::scoped_actor& self,
                                const std::vector<transport_address>&);
  caf::expected<void> advertise(caf::scoped_actor& self, node_config& config);
  void shutdown();
  void handle_system_end() override;

  // There only as long as there are actors.
  caf::actor_system& system;
  std::mutex mutex;
  node_id id;
  duration grace{0};
  node_log log;
  std::shared_ptr<unanswered_failures> unanswered =
    std::make_shared<unanswered_failures>();
  event_loops loops;
  state_keeper_actor keeper;
  transport_actor transport;
  router_service router;
  // What users get of it, in any thread. What they get keeps a loop of its own.
  std::shared_ptr<access_parts> access;
  registry_reporter reporter;
  inbound_handler acceptor;
  std::vector<handshake_worker> workers;
  std::vector<transport_address> addresses;
  node_advert advert;
};

caf::expected<void> node::parts::start(node_config config) {
  id = config.self->id();
  grace = config.shutdown_grace;
  log = node_log{config.logger};
  caf::scoped_actor self{system, true};
  auto stored = open_state(config);
  if (!stored)
    return std::move(stored.error());
  if (auto ok = find_loops(config); !ok)
    return ok;
  const auto& home = loops.front();
  transport = spawn_tcp_transport(system, home, config.max_dials, log);
  router_dependencies services{transport, loops, keeper, log, unanswered};
  router = config.coordinator ? spawn_worker_router(system, config, services)
                              : spawn_router(system, config, services, *stored);
  access = access_parts::make({&system, home, router}, id, log, unanswered);
  workers = spawn_handshake_workers(system, config.settings);
  acceptor = spawn_acceptor(system, home, config, unproven_places(config),
                            router, workers);
  for (const auto& engine : config.engines)
    if (auto ok = ask<engine_registered>(self, router, engine); !ok)
      return ok.error();
  if (auto ok = listen_at(self, config.listen); !ok)
    return ok;
  if (auto ok = advertise(self, config); !ok)
    return ok;
  // What a node of several processes counts is its coordinator's to say.
  if (!config.coordinator)
    reporter = spawn_registry_reporter(system, home, router, id);
  if (config.observer)
    for (const auto& address : addresses)
      send_anonymously(config.observer, node_event{listening_event{address}});
  return {};
}

/// The first one is the home of this node: the nodes of an actor system have
/// different ones, as far as there are so many.
caf::expected<void> node::parts::find_loops(const node_config& config) {
  auto all = event_loop::of(system, loops_of(config));
  if (!all)
    return make_error(error_code(all.error()),
                      "the event loops: " + error_text(all.error()));
  loops = std::move(*all);
  for (const auto& loop : loops)
    loop->set_busy_poll(config.busy_poll);
  auto home = use_one_of(loops, loop_use::home);
  std::rotate(loops.begin(), std::ranges::find(loops, home), loops.end());
  loops.front() = home;
  home->add_dependent(weak_from_this());
  return {};
}

/// What is on disk. From now on it is ours to write.
caf::expected<stored_state> node::parts::open_state(const node_config& config) {
  if (config.state.empty())
    return stored_state{};
  auto refused = [](const file_error& error) {
    auto code =
      error.code == file_errc::in_use ? errc::state_in_use : errc::bad_state;
    return make_error(code, error.text);
  };
  auto store = node_store::open(config.state, id);
  if (!store)
    return refused(store.error());
  auto stored = store->load();
  if (!stored)
    return refused(stored.error());
  keeper = spawn_state_keeper(system, std::move(*store), log);
  return std::move(*stored);
}

caf::expected<void>
node::parts::listen_at(caf::scoped_actor& self,
                       const std::vector<transport_address>& wanted) {
  for (const auto& address : wanted) {
    auto bound = ask<listening>(self, transport, listen{address, acceptor});
    if (!bound)
      return bound.error();
    addresses.push_back(bound->address);
  }
  return {};
}

caf::expected<void> node::parts::advertise(caf::scoped_actor& self,
                                           node_config& config) {
  if (config.advertised.empty())
    for (const auto& address : addresses)
      if (is_worth_telling(address)
          && config.advertised.size() < limits::advert_addresses)
        config.advertised.push_back({address, 1});
  auto issued = ask<node_advert>(self, router,
                                 local_addresses{std::move(config.advertised)});
  if (!issued)
    return issued.error();
  advert = std::move(*issued);
  warn_of_silence(log, addresses, advert);
  return {};
}

void node::parts::shutdown() {
  std::lock_guard guard{mutex};
  // Afterwards the actor system may be gone.
  if (!transport)
    return;
  abort_in_event_loop();
  caf::scoped_actor self{system, true};
  auto stop = [&self](auto& handle) {
    caf::anon_send_exit(handle, caf::exit_reason::user_shutdown);
    self->wait_for(handle);
    handle = nullptr;
  };
  if (reporter)
    stop(reporter);
  // Peers that wait for a way to us may come until all has gone that can.
  if (router)
    send_request(&*self, router, caf::infinite, stop_router{grace})
      .receive([](const router_stopped&) {}, [](const caf::error&) {});
  for (const auto& address : addresses)
    static_cast<void>(
      ask<listening_stopped>(self, transport, stop_listening{address}));
  if (acceptor)
    stop(acceptor);
  for (auto& x : workers)
    stop(x);
  if (router)
    stop(router);
  if (access)
    access->close();
  stop(transport);
  // The Router has waited until all was written.
  if (keeper)
    stop(keeper);
  loops.clear();
}

/// There is no time left for goodbyes, and no clock to measure it.
void node::parts::handle_system_end() {
  std::lock_guard guard{mutex};
  if (access)
    access->handle_system_end();
  if (!transport)
    return;
  log.warn("the actor system ends before its node: shut the node down first, "
           "so that peers are told and messages are answered");
  caf::scoped_actor self{system, true};
  auto kill = [&self](auto& handle) {
    if (!handle)
      return;
    caf::anon_send_exit(handle, caf::exit_reason::kill);
    self->wait_for(handle);
    handle = nullptr;
  };
  kill(reporter);
  kill(acceptor);
  for (auto& x : workers)
    kill(x);
  kill(router);
  kill(transport);
  if (keeper) {
    // It writes what has changed.
    caf::anon_send_exit(keeper, caf::exit_reason::user_shutdown);
    self->wait_for(keeper);
    keeper = nullptr;
  }
  loops.clear();
}

// -- node ---------------------------------------------------------------------

node::node(std::shared_ptr<parts> x) : parts_(std::move(x)) {
  // nop
}

node::node(node&&) noexcept = default;

node& node::operator=(node&&) noexcept = default;

node::~node() = default;

const node_id& node::id() const {
  return parts_->id;
}

router_actor node::router() const {
  return parts_->access->state().router;
}

const std::vector<transport_address>& node::addresses() const {
  return parts_->addresses;
}

const node_advert& node::advert() const {
  return parts_->advert;
}

node_access node::access() const {
  return node_access{access_parts::make(parts_->access->state(), parts_->id,
                                        parts_->log, parts_->unanswered)};
}

void node::shutdown() {
  if (parts_)
    parts_->shutdown();
}

caf::expected<node> spawn_node(caf::actor_system& system, node_config config) {
  if (auto ok = check(system, config); !ok)
    return ok.error();
  if (!init_crypto())
    return make_error(errc::bad_config, "libsodium cannot be initialized");
  config.settings.have_aes = config.use_aes && aes_available();
  config.settings.own_networks = own_networks();
  auto no_threads = [] {
    return make_error(errc::out_of_resources,
                      "the threads of a node cannot be made: see "
                      "ulimit -u, and the limits of its container");
  };
  if (!can_make_threads(threads_of(config)))
    return no_threads();
  // Others may take meanwhile what there was.
  try {
    auto parts = std::make_shared<node::parts>(system);
    if (auto ok = parts->start(std::move(config)); !ok)
      return ok.error();
    return node{std::move(parts)};
  } catch (const std::system_error&) {
    return no_threads();
  } catch (const std::bad_alloc&) {
    return make_error(errc::out_of_resources, "there is no memory for a node");
  }
}

} // namespace node_proxy
