// What the processes of a node say to each other in a random history, and what
// must always hold of it.

#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include <doctest/doctest.h>

#include <node_proxy/protocol/node/claimed_directory.hpp>

namespace test {

using namespace node_proxy;
using namespace node_proxy::internal;

struct message {
  worker_id from = 0;
  node_id to;
  std::uint64_t number = 0;
};

/// A request for a connection that was answered.
struct call {
  node_id peer;
  std::uint64_t epoch = 0;
};

struct order {
  enum class kind {
    serve,
    send,
    attach,
    permanence,
    displace,
    fence,
    retire,
    admission,
    may_leave
  } what = kind::serve;
  node_id peer = {};
  claim_id claim = 0;
  peer_record known = {};
  message content = {};
  // Of `admission`: there is room. Of `serve` and `permanence`: permanent.
  bool yes = false;
};

struct report {
  enum class kind {
    send,
    request,
    no_arrival,
    arrival,
    connected,
    disconnected,
    fence,
    offer,
    end,
    leaving,
    left
  } what = kind::send;
  node_id peer = {};
  claim_id claim = 0;
  std::uint64_t handled = 0;
  std::optional<peer_record> known = {};
  message content = {};
};

/// Stands for a Node Proxy.
struct service {
  peer_record known;
  std::deque<message> queue = {};
  bool connected = false;
  bool permanent = false;
};

using services = std::map<node_id, service>;

/// What must always hold.
class referee {
public:
  void handle_served(const node_id& id, worker_id who, const peer_record& x) {
    auto [position, is_new] = serving_.try_emplace(id, who);
    CHECK_MESSAGE(is_new, "a peer is served twice at once");
    if (x.out.next > 0) {
      CHECK_MESSAGE(states_.erase({id, x.epoch, x.out.next}) == 1,
                    "a state is gone on with once");
    } else {
      CHECK_MESSAGE(epochs_.insert(x.epoch).second, "an epoch begins once");
    }
  }

  /// What was left is not taken: it is in use as before.
  void handle_withdrawn(const node_id& id, worker_id who) {
    serving_.try_emplace(id, who);
  }

  /// @returns what is left.
  peer_record handle_retired(const node_id& id, worker_id who,
                             peer_record known, bool finished) {
    CHECK(serving_.at(id) == who);
    serving_.erase(id);
    known.out.next = ++last_state_;
    known.finished = finished;
    states_.insert({id, known.epoch, known.out.next});
    return known;
  }

  void handle_failed(const node_id& id, worker_id who) {
    if (auto x = serving_.find(id); x != serving_.end() && x->second == who)
      serving_.erase(x);
  }

  void handle_killed(worker_id who) {
    std::erase_if(serving_, [who](const auto& x) { return x.second == who; });
  }

  void handle_attached(const service& to, std::uint64_t told) {
    ++attached_;
    CHECK_MESSAGE(to.known.epoch == told, "a peer finds what it was told");
  }

  message handle_sent(worker_id from, const node_id& to) {
    ++sent_;
    return {from, to, ++numbers_[from]};
  }

  void handle_arrived(const message& x) {
    auto& last = arrived_[{x.from, x.to}];
    CHECK_MESSAGE(x.number > last, "in order, and once");
    last = x.number;
    ++count_arrived_;
  }

  void handle_lost(std::size_t count) { lost_ += count; }

  void check_end() const {
    CHECK(sent_ == count_arrived_ + lost_);
    CHECK(serving_.empty());
  }

  // -- how much was seen ------------------------------------------------------

  [[nodiscard]] std::size_t attached() const { return attached_; }
  [[nodiscard]] std::size_t arrived() const { return count_arrived_; }

private:
  std::map<node_id, worker_id> serving_;
  std::set<std::uint64_t> epochs_;
  // What was left of peers, and nobody has gone on with.
  std::set<std::tuple<node_id, std::uint64_t, std::uint64_t>> states_;
  std::uint64_t last_state_ = 0;
  std::map<worker_id, std::uint64_t> numbers_;
  std::map<std::pair<worker_id, node_id>, std::uint64_t> arrived_;
  std::size_t sent_ = 0;
  std::size_t count_arrived_ = 0;
  std::size_t lost_ = 0;
  std::size_t attached_ = 0;
};

template <class T>
T take_first(std::deque<T>& queue) {
  auto result = std::move(queue.front());
  queue.pop_front();
  return result;
}

/// One peer of a process gets a message, if there is one for it.
/// @returns otherwise who it is: there is nothing to do about it.
inline std::optional<node_id> work_one(services& all, referee& judge,
                                       random_source& random) {
  if (all.empty())
    return std::nullopt;
  auto& [id, x] = *std::next(
    all.begin(), static_cast<std::ptrdiff_t>(random.below(all.size())));
  if (x.queue.empty())
    return id;
  judge.handle_arrived(take_first(x.queue));
  return std::nullopt;
}

} // namespace test
