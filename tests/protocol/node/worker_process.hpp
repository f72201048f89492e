// A worker of a node in a random history.

#pragma once

#include <vector>

#include <node_proxy/protocol/node/worker_peers.hpp>

#include "process_parts.hpp"

namespace test {

/// Carries out what its coordinator and `worker_peers` say, as the Router of a
/// worker does.
class worker_process {
public:
  /// @param judge outlives this.
  worker_process(worker_id id, referee& judge) : id_(id), judge_(judge) {}

  // -- what happens here ------------------------------------------------------

  void send(const message& x) {
    using enum worker_peers<message>::way;
    switch (served_.way_to(x.to)) {
    case here:
      proxies_.at(x.to).queue.push_back(x);
      break;
    case held:
      CHECK_FALSE(served_.handle_held(x.to, x, 1));
      break;
    case away:
      tell({report::kind::send, x.to, 0, 0, {}, x});
    }
  }

  /// A peer asks for a connection.
  void ask(const node_id& peer) { tell({report::kind::request, peer}); }

  /// A Node Proxy fails.
  void fail(const node_id& peer) {
    auto claim = served_.handle_failure(peer);
    if (!claim)
      return;
    judge_.handle_failed(peer, id_);
    judge_.handle_lost(proxies_.at(peer).queue.size());
    proxies_.erase(peer);
    tell({report::kind::end, peer, *claim});
    release();
  }

  void leave() {
    leaving_ = true;
    tell({report::kind::leaving});
  }

  /// All that it has is lost, and some of what it has said.
  void kill(random_source& random) {
    killed_ = true;
    for (const auto& x : orders_)
      judge_.handle_lost(x.what == order::kind::send);
    orders_.clear();
    for (auto said = random.below(reports_.size() + 1); reports_.size() > said;
         reports_.pop_back())
      judge_.handle_lost(reports_.back().what == report::kind::send);
    for (const auto& [peer, x] : std::exchange(proxies_, {})) {
      judge_.handle_lost(x.queue.size());
      static_cast<void>(served_.handle_failure(peer));
    }
    while (served_.poll_released())
      judge_.handle_lost(1);
    judge_.handle_killed(id_);
  }

  /// Something goes on.
  /// @returns whether there is anything to do.
  bool step(random_source& random) {
    if (killed_)
      return true;
    if (!orders_.empty() && random.below(2) == 0) {
      handle(take_first(orders_));
      release();
      return true;
    }
    if (!calls_.empty() && !left_ && random.below(2) == 0) {
      auto x = take_first(calls_);
      auto arrives = random.below(4) > 0;
      tell({arrives ? report::kind::arrival : report::kind::no_arrival, x.peer,
            0, 0, peer_record{x.epoch}});
      return true;
    }
    if (auto peer = work_one(proxies_, judge_, random))
      rest(*peer, random.below(2) == 0);
    if (stops_ && proxies_.empty() && !std::exchange(left_, true))
      tell({report::kind::left});
    return !proxies_.empty() || !orders_.empty() || !calls_.empty();
  }

  // -- what is under way ------------------------------------------------------

  /// The coordinator says something.
  void handle_order(order x) {
    if (!killed_)
      orders_.push_back(std::move(x));
    else if (x.what == order::kind::send)
      judge_.handle_lost(1);
  }

  /// What comes to the coordinator next.
  std::optional<report> poll_report() {
    if (reports_.empty())
      return std::nullopt;
    return take_first(reports_);
  }

  // -- state ------------------------------------------------------------------

  /// One that leaves has ended its engines.
  [[nodiscard]] bool can_speak() const { return !killed_ && !leaving_; }

  /// It has ended, and all that it has said has come.
  [[nodiscard]] bool ended() const { return killed_ && reports_.empty(); }

  [[nodiscard]] bool is_busy() const { return !reports_.empty(); }

private:
  void tell(report x) { reports_.push_back(std::move(x)); }

  void handle(const order& x) {
    using enum order::kind;
    CHECK_MESSAGE(!(stops_ && x.what == send),
                  "who may leave gets no messages");
    if (x.what == serve) {
      served_.handle_serve(x.peer, x.claim);
      judge_.handle_served(x.peer, id_, x.known);
      proxies_[x.peer] = {x.known, {}, false, x.yes};
      tell({report::kind::fence, x.peer, x.claim});
    } else if (x.what == retire) {
      // Otherwise it has failed meanwhile.
      if (served_.handle_retire(x.peer, x.claim))
        proxies_.erase(x.peer);
    } else if (x.what == admission && x.yes) {
      calls_.push_back({x.peer, x.known.epoch});
    } else if (x.what == admission) {
      tell({report::kind::no_arrival, x.peer, 0, 0, x.known});
    } else if (x.what == may_leave) {
      stops_ = true;
    } else if (served_.handle_order(x.peer, x.claim)) {
      judge_.handle_withdrawn(x.peer, id_);
      obey(proxies_.at(x.peer), x);
    } else if (x.what == send) {
      judge_.handle_lost(1);
    }
  }

  void obey(service& to, const order& x) {
    using enum order::kind;
    if (x.what == send) {
      to.queue.push_back(x.content);
    } else if (x.what == fence) {
      served_.handle_fence(x.peer, x.claim);
    } else if (x.what == permanence) {
      to.permanent = x.yes;
    } else if (x.what == displace) {
      disconnect(x.peer, to);
    } else if (x.what == attach) {
      judge_.handle_attached(to, x.known.epoch);
      if (!std::exchange(to.connected, true))
        tell({report::kind::connected, x.peer});
    }
  }

  void disconnect(const node_id& peer, service& x) {
    if (std::exchange(x.connected, false))
      tell({report::kind::disconnected, peer});
  }

  void release() {
    while (auto x = served_.poll_released())
      send(x->second);
  }

  /// There is nothing more to do about a peer.
  void rest(const node_id& peer, bool finished) {
    auto& x = proxies_.at(peer);
    if (x.connected)
      return disconnect(peer, x);
    // Of what is offered the coordinator says whether it is to go on.
    if (stops_ && !served_.is_offered(peer))
      return hand_over(peer);
    if (x.permanent)
      return;
    if (auto offer = served_.handle_rest(peer))
      tell({report::kind::offer, peer, offer->number, offer->handled,
            judge_.handle_retired(peer, id_, x.known, finished)});
  }

  void hand_over(const node_id& peer) {
    auto left =
      judge_.handle_retired(peer, id_, proxies_.at(peer).known, false);
    proxies_.erase(peer);
    tell({report::kind::end, peer, *served_.handle_failure(peer), 0, left});
    release();
  }

  worker_id id_;
  referee& judge_;
  worker_peers<message> served_;
  services proxies_;
  std::deque<call> calls_;
  std::deque<order> orders_;
  std::deque<report> reports_;
  bool killed_ = false;
  bool leaving_ = false; // it has said so
  bool stops_ = false;   // it may
  bool left_ = false;
};

} // namespace test
