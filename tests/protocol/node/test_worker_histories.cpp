// Random histories of a node of several processes: peers come and go, workers
// join, leave and are killed, messages take their time. A referee looks at each
// step.

#include <deque>
#include <functional>
#include <map>
#include <set>

#include <doctest/doctest.h>

#include <node_proxy/protocol/node/peer_claims.hpp>
#include <node_proxy/protocol/node/worker_peers.hpp>

#include "directory_fixture.hpp"
#include "support/octets.hpp"

using namespace test;

namespace {

constexpr std::size_t peers = 5;
constexpr std::size_t max_workers = 4;

struct message {
  worker_id from = 0;
  node_id to;
  std::uint64_t number = 0;
};

/// What is known of a peer: each state of it has a number.
using record = std::uint64_t;

struct order {
  enum class kind { serve, send, attach, fence, retire } what = kind::serve;
  node_id peer;
  claim_id claim = 0;
  record known = 0;
  message content = {};
};

struct report {
  enum class kind {
    send,
    arrival,
    fence,
    offer,
    failure,
    left
  } what = kind::send;
  node_id peer;
  claim_id claim = 0;
  std::uint64_t handled = 0;
  record known = 0;
  message content = {};
};

/// Stands for a Node Proxy.
struct service {
  record known = 0;
  std::deque<message> queue;
};

struct worker_process {
  worker_peers<message> served;
  std::map<node_id, service> proxies;
  std::deque<order> orders;   // on their way to it
  std::deque<report> reports; // on their way from it
  bool killed = false;
  bool leaving = false;
};

class world {
public:
  explicit world(std::uint64_t seed) : random_(seeded(seed)) {}

  void play(std::size_t steps) {
    for (std::size_t i = 0; i < steps; ++i)
      step(false);
    // Faults end, and all settles.
    while (step(true)) {
    }
    check_end();
  }

private:
  // -- the referee ------------------------------------------------------------

  void note_served(const node_id& id, worker_id who, record known) {
    auto [position, is_new] = serving_.try_emplace(id, who);
    if (!is_new)
      FAIL("a peer is served twice at once");
    CHECK(used_.insert(known).second);
  }

  record note_retired(const node_id& id, worker_id who) {
    CHECK(serving_.at(id) == who);
    serving_.erase(id);
    return ++last_record_;
  }

  void note_arrived(const message& x) {
    auto& last = arrived_[{x.from, x.to}];
    CHECK_MESSAGE(x.number > last, "in order, and once");
    last = x.number;
    ++count_arrived_;
  }

  void note_lost(std::size_t count) { count_lost_ += count; }

  void check_end() {
    CHECK(count_sent_ == count_arrived_ + count_lost_);
    CHECK(serving_.empty());
  }

  // -- the coordinator --------------------------------------------------------

  record take_record(const node_id& id) {
    auto x = book_.extract(id);
    return x.empty() ? ++last_record_ : x.mapped();
  }

  void tell(worker_id to, order x) {
    if (auto w = workers_.find(to); w != workers_.end() && !w->second.killed)
      w->second.orders.push_back(std::move(x));
    else if (x.what == order::kind::send)
      note_lost(1);
  }

  void tell_of(const node_id& id, order::kind what, message content = {}) {
    claims_.handle_sent(id);
    const auto& claim = *claims_.find(id);
    tell(claim.holder, {what, id, claim.number, 0, content});
  }

  void serve(const node_id& id, worker_id holder) {
    auto number = claims_.handle_served(id, holder);
    auto known = take_record(id);
    if (holder == coordinator) {
      note_served(id, coordinator, known);
      own_[id] = {known, {}};
    } else {
      tell(holder, {order::kind::serve, id, number, known});
    }
  }

  void route(const message& x) {
    if (!claims_.find(x.to))
      serve(x.to, claims_.choose(x.to));
    if (claims_.find(x.to)->holder == coordinator)
      own_.at(x.to).queue.push_back(x);
    else
      tell_of(x.to, order::kind::send, x);
  }

  void arrive(const node_id& id, worker_id at) {
    if (!claims_.may_serve(id, at))
      return;
    if (!claims_.find(id))
      serve(id, at);
    if (at != coordinator)
      tell_of(id, order::kind::attach);
  }

  void handle(worker_id from, const report& x) {
    using enum report::kind;
    auto claim = claims_.find(x.peer);
    auto present = claim && claim->holder == from && claim->number == x.claim;
    if (x.what == send)
      route(x.content);
    else if (x.what == arrival)
      arrive(x.peer, from);
    else if (x.what == fence && present)
      tell_of(x.peer, order::kind::fence);
    else if (x.what == offer
             && claims_.handle_offer(from, x.peer, x.claim, x.handled)) {
      book_[x.peer] = x.known;
      tell(from, {order::kind::retire, x.peer, x.claim});
    } else if (x.what == failure)
      claims_.handle_end(from, x.peer, x.claim);
    else if (x.what == left)
      drop(from);
  }

  /// The coordinator learns that a worker has ended.
  void drop(worker_id who) {
    auto lost = claims_.handle_lost(who);
    CHECK((workers_.at(who).killed || lost.empty()));
    workers_.erase(who);
  }

  // -- workers ----------------------------------------------------------------

  void handle(worker_id who, worker_process& w, const order& x) {
    using enum order::kind;
    if (x.what == serve) {
      w.served.handle_serve(x.peer, x.claim);
      note_served(x.peer, who, x.known);
      w.proxies[x.peer] = {x.known, {}};
      w.reports.push_back({report::kind::fence, x.peer, x.claim});
    } else if (x.what == retire) {
      // Otherwise it has failed meanwhile.
      if (w.served.handle_retire(x.peer, x.claim))
        w.proxies.erase(x.peer);
    } else if (w.served.handle_order(x.peer, x.claim)) {
      withdraw(who, w, x.peer);
      if (x.what == send)
        w.proxies.at(x.peer).queue.push_back(x.content);
      else if (x.what == fence)
        w.served.handle_fence(x.peer, x.claim);
    } else if (x.what == send) {
      note_lost(1);
    }
    release(w);
  }

  /// What was offered is not taken: it is in use as before.
  void withdraw(worker_id who, worker_process& w, const node_id& id) {
    if (serving_.try_emplace(id, who).second)
      w.proxies.at(id).known = 0;
  }

  void release(worker_process& w) {
    while (auto x = w.served.poll_released())
      send_from(w, x->second);
  }

  void send_from(worker_process& w, const message& x) {
    using enum worker_peers<message>::way;
    switch (w.served.way_to(x.to)) {
    case here:
      w.proxies.at(x.to).queue.push_back(x);
      break;
    case held:
      CHECK_FALSE(w.served.handle_held(x.to, x, 1));
      break;
    case away:
      w.reports.push_back({report::kind::send, x.to, 0, 0, 0, x});
    }
  }

  void rest(worker_id who, worker_process& w, const node_id& id) {
    auto offer = w.served.handle_rest(id);
    if (!offer)
      return;
    auto known = note_retired(id, who);
    w.reports.push_back(
      {report::kind::offer, id, offer->number, offer->handled, known});
  }

  void fail(worker_id who, worker_process& w, const node_id& id) {
    auto claim = w.served.handle_failure(id);
    if (!claim)
      return;
    if (auto x = serving_.find(id); x != serving_.end() && x->second == who)
      serving_.erase(x);
    note_lost(w.proxies.at(id).queue.size());
    w.proxies.erase(id);
    w.reports.push_back({report::kind::failure, id, *claim});
    release(w);
  }

  /// All that it has is lost, and some of what it has said.
  void kill(worker_id who, worker_process& w) {
    w.killed = true;
    for (const auto& [id, x] : w.proxies)
      note_lost(x.queue.size());
    for (const auto& x : w.orders)
      note_lost(x.what == order::kind::send);
    for (auto said = random_.below(w.reports.size() + 1);
         w.reports.size() > said; w.reports.pop_back())
      note_lost(w.reports.back().what == report::kind::send);
    for (auto& id : all_ids())
      static_cast<void>(w.served.handle_failure(id));
    while (w.served.poll_released())
      note_lost(1);
    std::erase_if(serving_, [who](const auto& x) { return x.second == who; });
  }

  // -- chance -----------------------------------------------------------------

  static const std::vector<node_id>& all_ids() {
    static const auto result = [] {
      std::vector<node_id> ids;
      for (std::size_t i = 1; i <= peers; ++i)
        ids.push_back(id_of(i));
      return ids;
    }();
    return result;
  }

  const node_id& any_peer() { return all_ids()[random_.below(peers)]; }

  void say_something(worker_id from) {
    message x{from, any_peer(), ++sent_[from]};
    ++count_sent_;
    if (from == coordinator)
      route(x);
    else
      send_from(workers_.at(from), x);
  }

  /// One peer of a process gets a message, or comes to rest.
  /// @returns whether there was any.
  template <class Rest>
  bool work(std::map<node_id, service>& proxies, Rest rest) {
    if (proxies.empty())
      return false;
    auto position = proxies.begin();
    std::advance(position, random_.below(proxies.size()));
    auto& [id, x] = *position;
    if (x.queue.empty()) {
      rest(node_id{id});
    } else {
      note_arrived(x.queue.front());
      x.queue.pop_front();
    }
    return true;
  }

  bool step_coordinator() {
    return work(own_, [this](const node_id& id) {
      book_[id] = note_retired(id, coordinator);
      CHECK(claims_.handle_end(coordinator, id, claims_.find(id)->number));
      own_.erase(id);
    });
  }

  bool step_worker(worker_id who, worker_process& w) {
    auto what = random_.below(3);
    if (what == 0 && !w.reports.empty()) {
      auto x = w.reports.front();
      w.reports.pop_front();
      handle(who, x);
    } else if (w.killed) {
      if (w.reports.empty())
        drop(who);
    } else if (what == 1 && !w.orders.empty()) {
      auto x = w.orders.front();
      w.orders.pop_front();
      handle(who, w, x);
    } else if (!work(w.proxies, [&](const node_id& id) { rest(who, w, id); })
               && w.leaving && w.orders.empty() && w.served.size() == 0) {
      w.leaving = false;
      w.reports.push_back({report::kind::left, {}});
    } else {
      return !w.proxies.empty() || !w.orders.empty() || !w.reports.empty();
    }
    return true;
  }

  /// @returns whether there was something to do.
  bool step(bool quiet) {
    if (!quiet)
      disturb();
    auto busy = step_coordinator();
    std::vector<worker_id> all;
    for (const auto& [id, w] : workers_)
      all.push_back(id);
    for (auto id : all)
      if (workers_.contains(id))
        busy = step_worker(id, workers_.at(id)) || busy;
    return busy;
  }

  void disturb() {
    auto chance = random_.below(100);
    if (workers_.size() < max_workers && chance < 4) {
      workers_.try_emplace(claims_.handle_join());
    } else if (chance < 40) {
      auto from = any_process();
      if (from == coordinator || can_speak(workers_.at(from)))
        say_something(from);
    } else if (chance < 60) {
      auto at = any_process();
      if (at == coordinator)
        arrive(any_peer(), at);
      else if (can_speak(workers_.at(at)))
        workers_.at(at).reports.push_back({report::kind::arrival, any_peer()});
    } else if (auto who = any_process(); who != coordinator && chance < 66) {
      auto& w = workers_.at(who);
      if (w.killed)
        return;
      if (chance == 60 && !w.leaving) {
        w.leaving = true;
        claims_.handle_drain(who);
      } else if (chance == 61) {
        kill(who, w);
      } else if (chance < 64) {
        fail(who, w, any_peer());
      }
    }
  }

  // One that leaves has ended its engines.
  static bool can_speak(const worker_process& w) {
    return !w.killed && !w.leaving && !has_left(w);
  }

  static bool has_left(const worker_process& w) {
    return !w.reports.empty() && w.reports.back().what == report::kind::left;
  }

  worker_id any_process() {
    auto index = random_.below(workers_.size() + 1);
    if (index == workers_.size())
      return coordinator;
    auto position = workers_.begin();
    std::advance(position, index);
    return position->first;
  }

  random_source random_;
  peer_claims claims_;
  std::map<node_id, record> book_;
  std::map<node_id, service> own_;
  std::map<worker_id, worker_process> workers_;
  // What the referee knows.
  std::map<node_id, worker_id> serving_;
  std::set<record> used_;
  record last_record_ = 0;
  std::map<worker_id, std::uint64_t> sent_;
  std::map<std::pair<worker_id, node_id>, std::uint64_t> arrived_;
  std::size_t count_sent_ = 0;
  std::size_t count_arrived_ = 0;
  std::size_t count_lost_ = 0;
};

} // namespace

TEST_CASE("a peer is served by one process at a time, whoever is killed") {
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    CAPTURE(seed);
    world{seed}.play(2'000);
  }
}
