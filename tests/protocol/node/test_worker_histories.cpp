// Random histories of a node of several processes: peers call, come, go and are
// displaced, workers join, leave and are killed, messages take their time. A
// referee looks at each step.

#include <iterator>
#include <map>
#include <vector>

#include "coordinator_process.hpp"
#include "support/octets.hpp"
#include "worker_process.hpp"

using namespace test;

namespace {

constexpr std::size_t peers = 24;
// The others are known by their coming alone.
constexpr std::size_t introduced = 12;
// Those that may be made permanent.
constexpr std::size_t permanent = 3;
constexpr std::size_t max_peers = 10;
constexpr std::size_t max_workers = 4;

directory_settings small_node() {
  directory_settings result;
  result.max_peers = max_peers;
  return result;
}

class world {
public:
  explicit world(std::uint64_t seed) : random_(seeded(seed)) {
    for (std::size_t i = 1; i <= introduced; ++i)
      home_.introduce(i);
  }

  void play(std::size_t steps) {
    for (std::size_t i = 0; i < steps; ++i) {
      disturb();
      step();
    }
    // Faults end, and all settles.
    for (const auto& id : all_ids())
      home_.make_permanent(id, false);
    while (step()) {
    }
    judge_.check_end();
    home_.check_end(all_ids());
  }

  [[nodiscard]] const referee& judge() const { return judge_; }

private:
  static const std::vector<node_id>& all_ids() {
    static const auto result = [] {
      std::vector<node_id> ids;
      for (std::size_t i = 1; i <= peers; ++i)
        ids.push_back(id_of(i));
      return ids;
    }();
    return result;
  }

  /// @returns whether there was something to do.
  bool step() {
    auto busy = home_.step(random_);
    for (auto x = workers_.begin(); x != workers_.end();) {
      // It may be lost meanwhile.
      auto& [id, worker] = *x++;
      busy = worker.step(random_) || worker.is_busy() || busy;
      hear(id, worker);
    }
    return busy;
  }

  /// The coordinator gets what a worker has said, some time.
  void hear(worker_id id, worker_process& worker) {
    if (worker.ended())
      return lose(id);
    if (random_.below(2) == 0)
      return;
    auto x = worker.poll_report();
    if (!x)
      return;
    home_.handle(id, *x);
    if (x->what != report::kind::left)
      return;
    for (const auto& peer : all_ids())
      CHECK_FALSE(home_.is_served_by(id, peer));
    lose(id);
  }

  void lose(worker_id id) {
    workers_.erase(id);
    home_.lose(id);
  }

  void disturb() {
    auto chance = random_.below(100);
    const auto& peer = all_ids()[random_.below(peers)];
    if (chance < 4 && workers_.size() < max_workers) {
      auto id = home_.join();
      workers_.try_emplace(id, id, judge_);
    } else if (chance < 6) {
      home_.make_permanent(all_ids()[random_.below(permanent)],
                           random_.below(2) == 0);
    } else if (auto index = random_.below(workers_.size() + 1);
               index == workers_.size()) {
      disturb_home(chance, peer);
    } else {
      auto& [id, worker] =
        *std::next(workers_.begin(), static_cast<std::ptrdiff_t>(index));
      if (worker.can_speak())
        disturb(id, worker, chance, peer);
    }
  }

  void disturb_home(std::uint64_t chance, const node_id& peer) {
    if (chance < 42)
      home_.route(judge_.handle_sent(coordinator, peer));
    else if (chance < 62)
      home_.ask(peer, coordinator);
    else if (chance < 64)
      home_.fail(peer);
  }

  void disturb(worker_id id, worker_process& worker, std::uint64_t chance,
               const node_id& peer) {
    if (chance < 42)
      worker.send(judge_.handle_sent(id, peer));
    else if (chance < 62)
      worker.ask(peer);
    else if (chance < 64)
      worker.fail(peer);
    else if (chance < 65)
      worker.leave();
    else if (chance < 66)
      worker.kill(random_);
  }

  void tell(worker_id to, order x) {
    if (auto worker = workers_.find(to); worker != workers_.end())
      worker->second.handle_order(std::move(x));
    else if (x.what == order::kind::send)
      FAIL("a message goes to a worker that is lost");
  }

  random_source random_;
  referee judge_;
  std::map<worker_id, worker_process> workers_;
  coordinator_process home_{small_node(), permanent, judge_,
                            random_source{random_.next_key()},
                            [this](worker_id to, order x) {
                              tell(to, std::move(x));
                            }};
};

} // namespace

TEST_CASE("a peer is served by one process at a time, whoever is killed") {
  std::size_t attached = 0;
  std::size_t arrived = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    CAPTURE(seed);
    world x{seed};
    x.play(2'000);
    attached += x.judge().attached();
    arrived += x.judge().arrived();
  }
  // Something goes on in these histories.
  CHECK(attached > 10'000);
  CHECK(arrived > 30'000);
}
