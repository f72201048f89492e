// A node of real processes: three workers, of which one is killed, stopped or
// drained while messages go to and fro.
//
//     WORKER_PEERS=300 test_worker_processes     more peers than usual

#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <map>
#include <set>

#include <node_proxy/protocol/wire/advert.hpp>

#include "actors/silent_engine.hpp"
#include "deployment.hpp"
#include "support/child_process.hpp"
#include "support/number_pipe.hpp"
#include "support/octets.hpp"

using namespace test;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t worker_count = 3;

std::size_t peer_count() {
  auto wanted = std::getenv("WORKER_PEERS");
  return wanted ? std::strtoul(wanted, nullptr, 10) : 30;
}

std::shared_ptr<const identity> numbered_identity(std::uint64_t number) {
  static_cast<void>(init_crypto());
  return std::make_shared<identity>(
    identity::from_seed(seeded(number).next_key()));
}

std::shared_ptr<const identity> node_identity() {
  return numbered_identity(1'000'000);
}

std::uint16_t port_of(const transport_address& x) {
  auto tcp = std::get_if<tcp_addr>(&x);
  return tcp ? tcp->port : 0;
}

/// A worker in a process of its own, with an engine of that name that takes
/// nothing, until it is told to leave or its Router ends. Says where it
/// listens, and what the engine has got.
int work(const std::string& name, const number_pipe& ports,
         const number_pipe& listens, number_pipe& ends,
         const number_pipe& kept) {
  auto port = ports.take();
  ends.close_end();
  remoting_config config;
  caf::actor_system system{config};
  auto found = system.middleman().remote_actor<router_actor>("127.0.0.1", port);
  if (!found)
    return 2;
  node_config mine;
  mine.self = node_identity();
  mine.listen = {any_port()};
  mine.coordinator = *found;
  auto node = spawn_node(system, std::move(mine));
  if (!node) {
    std::cerr << describe(node.error()) << std::endl;
    return 3;
  }
  auto teller = system.spawn([&kept]() -> caf::behavior {
    return {[&kept](done) {
      kept.put(1);
    }};
  });
  auto engine = system.spawn(silent_engine, std::move(teller));
  auto registered = false;
  caf::scoped_actor self{system};
  self->request(node->router(), patience, register_engine{name, engine})
    .receive([&](engine_registered&) { registered = true; },
             [](const caf::error&) {});
  listens.put(port_of(node->addresses().front()));
  static_cast<void>(ends.take());
  node->shutdown();
  caf::anon_send_exit(engine, caf::exit_reason::kill);
  return registered ? 0 : 4;
}

/// To be made before there are threads.
struct worker_processes {
  worker_processes() {
    for (auto& x : children)
      x = start_child(
        [this, index = static_cast<std::size_t>(&x - children.data())] {
          return work(std::to_string(index), ports, listens[index], ends[index],
                      kept);
        });
  }

  ~worker_processes() {
    for (auto x : children)
      if (x > 0) {
        ::kill(x, SIGKILL);
        ::waitpid(x, nullptr, 0);
      }
  }

  void kill(std::size_t index) {
    ::kill(children[index], SIGKILL);
    ::waitpid(std::exchange(children[index], 0), nullptr, 0);
  }

  number_pipe ports;
  std::array<number_pipe, worker_count> listens;
  std::array<number_pipe, worker_count> ends;
  // Of the engines of all workers.
  number_pipe kept;
  std::array<pid_t, worker_count> children{};
};

/// Counts what an engine gets, and notes what comes twice.
struct tally {
  std::mutex mutex;
  std::set<std::string> seen;
  std::map<node_id, std::size_t> twice; // by sender

  void add(const engine_msg& msg) {
    std::lock_guard guard{mutex};
    auto from = msg.sender.node.value_or(node_id{});
    if (!seen.insert(to_hex(from.data) + std::string{as_text(msg.msg)}).second)
      ++twice[from];
  }

  std::size_t count() {
    std::lock_guard guard{mutex};
    return seen.size();
  }

  std::size_t count_twice(const node_id& from) {
    std::lock_guard guard{mutex};
    auto x = twice.find(from);
    return x != twice.end() ? x->second : 0;
  }

  bool all_once() {
    std::lock_guard guard{mutex};
    return twice.empty();
  }
};

caf::behavior counting(caf::event_based_actor*,
                       const std::shared_ptr<tally>& all) {
  return {[all](const engine_msg& msg) {
    all->add(msg);
  }};
}

/// Outcomes of messages of one sender.
struct outcomes {
  std::atomic<std::size_t> delivered{0};
  std::atomic<std::size_t> unconfirmed{0};
  std::atomic<std::size_t> other{0};

  void add(std::optional<errc> error) {
    ++(!error ? delivered : *error == errc::unconfirmed ? unconfirmed : other);
  }

  std::size_t all() const { return delivered + unconfirmed + other; }
};

/// The coordinator and the peers, in this process.
struct world {
  explicit world(const worker_processes& workers, duration worker_timeout = 10s)
    : peers(peer_count()) {
    node_config mine;
    mine.self = node_identity();
    mine.max_workers = worker_count;
    mine.worker_timeout = worker_timeout;
    node_ptr = spawn(near, std::move(mine));
    auto published =
      near.system.middleman().publish(node_ptr->router(), 0, "127.0.0.1");
    REQUIRE(published);
    for (std::size_t i = 0; i < worker_count; ++i)
      workers.ports.put(*published);
    wait_for([this] { return advert().addrs.size() == worker_count; });
    engine = near.system.spawn(counting, heard_by_node);
    register_engine echo{"echo", engine};
    REQUIRE(near.ask<engine_registered>(node_ptr->router(), echo));
    for (std::size_t i = 0; i < peers.size(); ++i)
      add_peer(i);
    wait_for([this] { return connected() == peers.size(); });
  }

  ~world() { caf::anon_send_exit(engine, caf::exit_reason::kill); }

  static std::unique_ptr<node> spawn(basic_system_fixture<remoting_config>& in,
                                     node_config config) {
    config.event_loops = 2;
    auto result = spawn_node(in.system, std::move(config));
    REQUIRE_MESSAGE(result, reason(result));
    return std::make_unique<node>(std::move(*result));
  }

  template <class F>
  void wait_for(F f, std::chrono::milliseconds at_most = patience) {
    REQUIRE(comes_true(f, at_most));
  }

  node_advert advert() {
    return near.must<node_advert>(node_ptr->router(), get_local_advert{});
  }

  std::size_t connected() {
    return near.must<node_metrics>(node_ptr->router(), get_node_metrics{})
      .connected_peers;
  }

  void add_peer(std::size_t i) {
    node_config theirs;
    theirs.self = numbered_identity(i + 1);
    theirs.listen = {any_port()};
    theirs.adverts = {advert()};
    theirs.engines = {{"ear", far.system.spawn(counting, heard_by_peers)}};
    peers[i] = spawn(far, std::move(theirs));
    to_peer.push_back(std::make_shared<outcomes>());
    by_peer.push_back(std::make_shared<outcomes>());
    REQUIRE(near.must<node_advert_reply>(node_ptr->router(), peers[i]->advert())
              .result.index()
            == 0);
    CHECK(far
            .must<node_connect_reply>(
              peers[i]->router(), node_connect_request{node_ptr->id(), true})
            .result
          == node_connect_result::ok);
  }

  /// Whether a peer has dialled this port.
  bool has_dialled(const node& peer, std::uint16_t port) {
    auto status = far.must<node_status>(peer.router(), get_node_status{});
    REQUIRE(status.peers.size() == 1);
    const auto& connection = status.peers.front().connection;
    REQUIRE(connection);
    REQUIRE(connection->address);
    return port_of(*connection->address) == port;
  }

  template <class F>
  void send(basic_system_fixture<remoting_config>& by, const node& from,
            const node_id& to, const engine_name& whom, std::string_view text,
            F told) {
    node_out_msg msg;
    msg.expiry = rel_time{60};
    msg.msg.sender.name = "test";
    msg.msg.target = {to, whom};
    msg.msg.msg = to_bytes(text);
    by.system.spawn([=, router = from.router()](caf::event_based_actor* self) {
      self->request(router, caf::infinite, msg)
        .then([told](const delivered&) { told(std::optional<errc>{}); },
              [told](const caf::error& e) {
                told(std::optional{code_of(e).value_or(errc::bad_config)});
              });
    });
  }

  /// Each peer sends a message to the node, and the node one to each peer.
  void exchange(std::size_t round) {
    auto note = [](const std::shared_ptr<outcomes>& x,
                   const std::shared_ptr<outcomes>& y = nullptr) {
      return [x, y](std::optional<errc> error) {
        x->add(error);
        if (y)
          y->add(error);
      };
    };
    auto text = std::to_string(round);
    for (std::size_t i = 0; i < peers.size(); ++i) {
      const auto& x = peers[i];
      send(far, *x, node_ptr->id(), "echo", text, note(from_peers, by_peer[i]));
      send(near, *node_ptr, x->id(), "ear", text + to_hex(x->id().data),
           note(from_node, to_peer[i]));
      ++sent;
    }
  }

  basic_system_fixture<remoting_config> near;
  basic_system_fixture<remoting_config> far;
  std::shared_ptr<tally> heard_by_node = std::make_shared<tally>();
  std::shared_ptr<tally> heard_by_peers = std::make_shared<tally>();
  std::shared_ptr<outcomes> from_peers = std::make_shared<outcomes>();
  std::shared_ptr<outcomes> from_node = std::make_shared<outcomes>();
  std::vector<std::shared_ptr<outcomes>> to_peer;
  std::vector<std::shared_ptr<outcomes>> by_peer;
  std::size_t sent = 0;
  caf::actor engine;
  std::unique_ptr<node> node_ptr;
  std::vector<std::unique_ptr<node>> peers;
};

/// All messages but some of the peers of a lost worker have arrived, once.
void check_after_loss(world& x) {
  x.wait_for([&] { return x.from_peers->all() == x.sent; }, 60s);
  x.wait_for([&] { return x.from_node->all() == x.sent; }, 60s);
  // Peers lose nothing: they send again what was not acknowledged.
  CHECK(x.from_peers->delivered == x.sent);
  CHECK(x.heard_by_node->count() == x.sent);
  CHECK(x.from_node->other == 0);
  CHECK(x.from_node->delivered + x.from_node->unconfirmed == x.sent);
  CHECK(x.heard_by_peers->count() >= x.from_node->delivered);
  CHECK(x.heard_by_peers->all_once());
  // Whoever kept its connection has not noticed.
  std::size_t others = 0;
  for (std::size_t i = 0; i < x.peers.size(); ++i) {
    auto numbers =
      x.far.must<node_metrics>(x.peers[i]->router(), get_node_metrics{});
    if (numbers.peers.connections > 1)
      continue;
    ++others;
    CHECK(x.to_peer[i]->delivered == x.to_peer[i]->all());
    CHECK(x.heard_by_node->count_twice(x.peers[i]->id()) == 0);
  }
  CHECK(others > x.peers.size() / 3);
  std::size_t unconfirmed = x.from_node->unconfirmed;
  MESSAGE(x.sent << " messages each way, " << unconfirmed << " unconfirmed; "
                 << others << " of " << x.peers.size()
                 << " peers had other workers");
}

} // namespace

TEST_CASE("a worker that is killed costs what it held") {
  worker_processes workers;
  world x{workers};
  auto before = x.advert().version;
  for (std::size_t round = 0; round < 5; ++round)
    x.exchange(round);
  workers.kill(0);
  auto killed = std::chrono::steady_clock::now();
  for (std::size_t round = 5; round < 10; ++round)
    x.exchange(round);
  x.wait_for([&] { return x.advert().addrs.size() == worker_count - 1; }, 5s);
  CHECK(x.advert().version > before);
  x.wait_for([&] { return x.connected() == x.peers.size(); }, 5s);
  MESSAGE("all peers are back after "
          << std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::steady_clock::now() - killed)
               .count()
          << " ms");
  x.exchange(10);
  check_after_loss(x);
}

TEST_CASE("the engines of a worker that is killed are gone everywhere") {
  worker_processes workers;
  world x{workers};
  auto port = workers.listens[0].take();
  auto asked = std::make_shared<outcomes>();
  auto gone = std::make_shared<std::atomic<std::size_t>>(0);
  std::size_t others = 0;
  for (const auto& peer : x.peers) {
    if (x.has_dialled(*peer, port))
      continue;
    ++others;
    x.send(x.far, *peer, x.node_ptr->id(), "0", "",
           [=](std::optional<errc> error) {
             *gone += error == errc::engine_gone;
             asked->add(error);
           });
  }
  REQUIRE(others > 0);
  for (std::size_t i = 0; i < others; ++i)
    REQUIRE(workers.kept.take() == 1);
  workers.kill(0);
  x.wait_for([&] { return asked->all() == others; });
  CHECK(*gone == others);
}

TEST_CASE("a worker that is stopped holds up nobody else") {
  worker_processes workers;
  // It is not given up as long as this test waits for anything.
  world x{workers, 10 * duration{patience}};
  x.exchange(0);
  x.wait_for([&] { return x.from_node->delivered == x.sent; });
  x.wait_for([&] { return x.from_peers->delivered == x.sent; });
  auto port = workers.listens[0].take();
  std::vector<std::size_t> others;
  for (std::size_t i = 0; i < x.peers.size(); ++i)
    if (!x.has_dialled(*x.peers[i], port))
      others.push_back(i);
  REQUIRE(others.size() > x.peers.size() / 3);
  REQUIRE(others.size() < x.peers.size());
  ::kill(workers.children[0], SIGSTOP);
  x.exchange(1);
  for (auto i : others) {
    x.wait_for([&] { return x.to_peer[i]->delivered == 2; });
    x.wait_for([&] { return x.by_peer[i]->delivered == 2; });
  }
  CHECK(x.from_node->delivered < x.sent);
  // Nor does an engine wait for it that registers.
  auto engine = x.near.system.spawn(counting, x.heard_by_node);
  CHECK(x.near.ask<engine_registered>(x.node_ptr->router(),
                                      register_engine{"late", engine}));
  ::kill(workers.children[0], SIGCONT);
  x.wait_for([&] { return x.from_node->delivered == x.sent; });
  x.wait_for([&] { return x.from_peers->delivered == x.sent; });
  CHECK(x.heard_by_node->all_once());
  CHECK(x.heard_by_peers->all_once());
  // It knows of that engine, too.
  auto outcome = std::make_shared<outcomes>();
  for (const auto& peer : x.peers)
    x.send(x.far, *peer, x.node_ptr->id(), "late", "",
           [outcome](std::optional<errc> error) { outcome->add(error); });
  x.wait_for([&] { return outcome->all() == x.peers.size(); });
  CHECK(outcome->delivered == x.peers.size());
  caf::anon_send_exit(engine, caf::exit_reason::kill);
}

TEST_CASE("a worker that is stopped for long is given up, and ends") {
  worker_processes workers;
  world x{workers, 2s};
  x.exchange(0);
  ::kill(workers.children[0], SIGSTOP);
  x.exchange(1);
  // It is given up, and its peers come back elsewhere.
  x.wait_for([&] { return x.advert().addrs.size() == worker_count - 1; });
  x.exchange(2);
  // Its engines are, too, though its process is there.
  auto asked = std::make_shared<outcomes>();
  auto gone = std::make_shared<std::atomic<bool>>(false);
  x.send(x.near, *x.node_ptr, x.node_ptr->id(), "0", "",
         [=](std::optional<errc> error) {
           *gone = error == errc::engine_gone;
           asked->add(error);
         });
  x.wait_for([&] { return asked->all() == 1; });
  CHECK(*gone);
  // The others' messages have gone long before.
  x.wait_for([&] { return x.from_node->all() >= x.sent; }, 60s);
  CHECK(x.from_node->other == 0);
  ::kill(workers.children[0], SIGCONT);
  // Once it goes on it learns that, and its Router ends; the process waits for
  // this test.
  workers.ends[0].put(1);
  CHECK(wait_for_end(std::exchange(workers.children[0], 0), 20s) == 0);
}

TEST_CASE("a worker that leaves costs nothing") {
  worker_processes workers;
  world x{workers};
  for (std::size_t round = 0; round < 5; ++round)
    x.exchange(round);
  workers.ends[1].put(1);
  for (std::size_t round = 5; round < 10; ++round)
    x.exchange(round);
  CHECK(wait_for_end(std::exchange(workers.children[1], 0), 20s) == 0);
  x.exchange(10);
  x.wait_for([&] { return x.from_peers->all() == x.sent; }, 60s);
  x.wait_for([&] { return x.from_node->all() == x.sent; }, 60s);
  CHECK(x.from_peers->delivered == x.sent);
  CHECK(x.from_node->delivered == x.sent);
  CHECK(x.heard_by_node->count() == x.sent);
  CHECK(x.heard_by_peers->count() == x.sent);
  CHECK(x.heard_by_node->all_once());
  CHECK(x.heard_by_peers->all_once());
}
