// The coordinator of a node in a random history.

#pragma once

#include <functional>
#include <string>

#include <node_proxy/protocol/node/held_queue.hpp>

#include "directory_fixture.hpp"
#include "process_parts.hpp"

namespace test {

/// Carries out what a `claimed_directory` says, as the Router does.
class coordinator_process {
public:
  /// Sends an order to a worker.
  using teller = std::function<void(worker_id, order)>;

  /// @param judge outlives this.
  /// @param max_permanent so many peers may be permanent, and have a place
  ///                      whatever the settings say.
  coordinator_process(const directory_settings& settings,
                      std::size_t max_permanent, referee& judge,
                      random_source random, teller tell)
    : settings_(settings), max_here_(settings.max_peers + max_permanent),
      judge_(judge), tell_(std::move(tell)),
      directory_(settings_, identity_of(0), stored_state{}, std::move(random)) {
    REQUIRE(directory_.handle_local_addresses({}, 1, {now_, 60'000'000s}));
    act();
  }

  // -- what happens here ------------------------------------------------------

  void introduce(std::size_t index) {
    directory_.handle_introduction(advert_of(index));
    act();
  }

  /// Somebody here has a message.
  void route(const message& x) {
    if (!directory_.find(x.to)) {
      // A guest that is unknown, or one too many.
      if (!directory_.handle_wanted(x.to, now_))
        return judge_.handle_lost(1);
      act();
    }
    if (auto own = own_.find(x.to); own != own_.end())
      own->second.queue.push_back(x);
    else if (directory_.holds_messages(x.to))
      CHECK_FALSE(held_.handle_held(x.to, x, 1));
    else
      tell_of(x.to, order::kind::send, {.content = x});
  }

  void make_permanent(const node_id& id, bool yes) {
    auto changes =
      yes ? permanent_.insert(id).second : permanent_.erase(id) > 0;
    directory_.handle_permanence(id, yes ? connection_permanence::permanent
                                         : connection_permanence::ephemeral);
    if (!changes)
      return;
    if (yes)
      REQUIRE(directory_.handle_wanted(id, now_));
    act();
    if (auto own = own_.find(id); own != own_.end())
      own->second.permanent = yes;
    else if (directory_.find(id))
      tell_of(id, order::kind::permanence, {.yes = yes});
  }

  /// A peer asks a process for a connection.
  void ask(const node_id& id, worker_id at) {
    auto x = directory_.handle_request(id, at, now_);
    auto room = !x.facts.over_capacity;
    if (at != coordinator)
      tell_(at,
            {order::kind::admission, id, 0, peer_record{x.epoch}, {}, room});
    else if (room)
      calls_.push_back({id, x.epoch});
    else
      directory_.handle_request_end(id, x.epoch, coordinator);
  }

  /// A Node Proxy fails.
  void fail(const node_id& id) {
    auto x = own_.find(id);
    if (x == own_.end())
      return;
    judge_.handle_failed(id, coordinator);
    judge_.handle_lost(x->second.queue.size());
    end(id, std::nullopt);
  }

  /// Something goes on.
  /// @returns whether there is anything to do.
  bool step(random_source& random) {
    now_ += pace;
    if (auto at = directory_.poll_timeout(); at && *at <= now_) {
      directory_.handle_timeout(now_);
      act();
    }
    if (!calls_.empty() && random.below(2) == 0) {
      auto x = take_first(calls_);
      if (random.below(4) > 0)
        arrive(x, coordinator);
      else
        directory_.handle_request_end(x.peer, x.epoch, coordinator);
      return true;
    }
    auto id = work_one(own_, judge_, random);
    if (id)
      rest(*id, random.below(2) == 0);
    return id || !own_.empty() || !calls_.empty();
  }

  void check_end(const std::vector<node_id>& peers) {
    CHECK(directory_.connected() == 0);
    for (const auto& id : peers) {
      CHECK_FALSE(directory_.find(id));
      CHECK_MESSAGE(directory_.loss(id, now_).result
                      != parting_result::under_way,
                    "no request is open");
    }
  }

  // -- workers ----------------------------------------------------------------

  worker_id join() { return directory_.handle_join(true); }

  void handle(worker_id from, const report& x) {
    using enum report::kind;
    switch (x.what) {
    case send:
      return route(x.content);
    case request:
      return ask(x.peer, from);
    case no_arrival:
      return directory_.handle_request_end(x.peer, x.known->epoch, from);
    case arrival:
      return arrive({x.peer, x.known->epoch}, from);
    case connected:
    case disconnected:
      return handle_event(from, x);
    case fence:
      if (directory_.handle_fence(from, x.peer, x.claim))
        tell_(from, {order::kind::fence, x.peer, x.claim});
      return;
    case offer:
      if (!directory_.handle_offer(from, x.peer, x.claim, x.handled, *x.known,
                                   now_))
        return;
      tell_(from, {order::kind::retire, x.peer, x.claim});
      return go_on();
    case end:
      if (directory_.handle_end(from, x.peer, x.claim, x.known, now_))
        note_end(x.peer, !x.known);
      return go_on();
    case leaving:
      directory_.handle_leaving(from);
      return tell_(from, {order::kind::may_leave});
    case left:
      return; // `lose` follows
    }
  }

  [[nodiscard]] bool is_served_by(worker_id who, const node_id& id) const {
    return directory_.is_served_by(who, id);
  }

  /// A worker has ended.
  void lose(worker_id who) {
    directory_.handle_lost(who, now_);
    go_on();
  }

private:
  static constexpr duration pace = 20ms;

  void act() {
    while (auto action = directory_.poll_action())
      std::visit([this](const auto& x) { perform(x); }, *action);
    if (directory_.here() > max_here_)
      FAIL("more peers have a place than there are");
    for (const auto& id : permanent_)
      if (!directory_.find(id) && !pauses(id))
        FAIL("a permanent peer is served by nobody");
  }

  void note_end(const node_id& id, bool failed) {
    if (failed)
      failed_[id] = now_;
  }

  /// Whoever served the peer has failed a moment ago.
  bool pauses(const node_id& id) const {
    auto at = failed_.find(id);
    return at != failed_.end() && now_ < at->second + service_pauses::pause;
  }

  void perform(const serve_claim& x) {
    const auto& who = x.peer;
    if (x.holder != coordinator)
      return tell_(
        x.holder,
        {order::kind::serve, who.id, x.number, who.record, {}, who.permanent});
    judge_.handle_served(who.id, coordinator, who.record);
    own_[who.id] = {who.record, {}, false, who.permanent};
  }

  void perform(const end_claim& x) {
    own_.erase(x.id);
    held_.handle_release(x.id);
  }

  void perform(const displace_peer& x) {
    if (auto own = own_.find(x.id); own != own_.end())
      disconnect(x.id, own->second);
    else
      tell_of(x.id, order::kind::displace);
  }

  template <class T>
  void perform(const T&) {
    // Of no matter for what is checked here.
  }

  void tell_of(const node_id& id, order::kind what, order x = {}) {
    const auto& claim = *directory_.find(id);
    x.what = what;
    x.peer = id;
    x.claim = claim.number;
    directory_.handle_sent(id);
    tell_(claim.holder, std::move(x));
  }

  /// What waits for the end of a claim goes on.
  void go_on() {
    act();
    while (auto x = held_.poll_released())
      route(x->second);
  }

  void arrive(const call& x, worker_id at) {
    // Nothing here looks at its key, which takes its time to compute.
    auto taken = directory_.handle_arrival({x.peer, {}, x.epoch, {}}, at, now_);
    act();
    if (!taken)
      return;
    CHECK(directory_.is_served_by(at, x.peer));
    if (at != coordinator)
      return tell_of(x.peer, order::kind::attach,
                     {.known = peer_record{x.epoch}});
    auto& to = own_.at(x.peer);
    judge_.handle_attached(to, x.epoch);
    if (!std::exchange(to.connected, true))
      directory_.handle_event(x.peer, peer_connected{}, now_);
    act();
  }

  void disconnect(const node_id& id, service& x) {
    if (std::exchange(x.connected, false))
      directory_.handle_event(id, peer_disconnected{}, now_);
    act();
  }

  void handle_event(worker_id from, const report& x) {
    if (!directory_.is_served_by(from, x.peer))
      return;
    if (x.what == report::kind::connected)
      directory_.handle_event(x.peer, peer_connected{}, now_);
    else
      directory_.handle_event(x.peer, peer_disconnected{}, now_);
    act();
  }

  /// There is nothing more to do about a peer that is served here.
  void rest(const node_id& id, bool finished) {
    auto& x = own_.at(id);
    if (x.connected)
      disconnect(id, x);
    else if (!x.permanent)
      end(id, judge_.handle_retired(id, coordinator, x.known, finished));
  }

  void end(const node_id& id, std::optional<peer_record> left) {
    note_end(id, !left);
    CHECK(directory_.handle_end(coordinator, id, directory_.find(id)->number,
                                std::move(left), now_));
    act();
  }

  directory_settings settings_;
  std::size_t max_here_;
  // When whoever served a peer has failed last.
  std::map<node_id, steady_time> failed_;
  referee& judge_;
  teller tell_;
  steady_time now_ = 1'000s;
  claimed_directory directory_;
  std::set<node_id> permanent_;
  held_queue<message> held_;
  services own_;
  std::deque<call> calls_;
};

} // namespace test
