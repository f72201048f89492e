#include <node_proxy/protocol/node/peer_claims.hpp>

#include <algorithm>
#include <cassert>
#include <functional>
#include <limits>
#include <tuple>
#include <utility>

namespace node_proxy::internal {

namespace {

/// How much a peer is one for this worker ("rendezvous hashing"): who joins or
/// leaves changes nothing between the others.
std::uint64_t affinity(const node_id& id, worker_id worker) {
  // The last step of splitmix64.
  auto x = std::hash<node_id>{}(id) ^ (worker * 0x9e3779b97f4a7c15u);
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

} // namespace

// -- workers ------------------------------------------------------------------

worker_id peer_claims::handle_join(bool listens) {
  workers_[++last_worker_].listens = listens;
  return last_worker_;
}

void peer_claims::handle_drain(worker_id worker) {
  if (auto x = workers_.find(worker); x != workers_.end())
    x->second.leaving = true;
}

std::vector<node_id> peer_claims::handle_lost(worker_id worker) {
  std::vector<node_id> result;
  if (workers_.erase(worker) == 0)
    return result;
  for (const auto& [id, x] : claims_)
    if (x.holder == worker)
      result.push_back(id);
  for (const auto& id : result)
    claims_.erase(id);
  return result;
}

// -- peers --------------------------------------------------------------------

bool peer_claims::handle_call(const node_id& id, worker_id who) {
  // Some more are no reason to have anybody call twice.
  constexpr std::size_t slack = 8;
  auto min = std::min(min_load(), load(who));
  auto crowded = load(who) - min > min / 4 + slack;
  auto known = callers_.find(id);
  auto told = known != callers_.end() ? known->second : 0;
  if (!crowded || told >= workers_.size()) {
    callers_.erase(id);
    return false;
  }
  if (callers_.size() >= max_callers)
    callers_.clear();
  ++callers_[id];
  return true;
}

claim_id peer_claims::handle_served(const node_id& id, worker_id holder) {
  assert(!claims_.contains(id));
  auto serving = find_process(holder);
  assert(serving != nullptr);
  claims_.emplace(id, claim{++last_claim_, holder});
  ++serving->peers;
  return last_claim_;
}

void peer_claims::handle_sent(const node_id& id) {
  if (auto x = claims_.find(id); x != claims_.end())
    ++x->second.sent;
}

bool peer_claims::handle_offer(worker_id from, const node_id& id,
                               claim_id number, std::uint64_t handled) {
  return holds(from, id, number) && find(id)->sent == handled
         && handle_end(from, id, number);
}

bool peer_claims::handle_end(worker_id from, const node_id& id,
                             claim_id number) {
  if (!holds(from, id, number))
    return false;
  --find_process(from)->peers;
  claims_.erase(id);
  return true;
}

// -- state --------------------------------------------------------------------

const peer_claims::claim* peer_claims::find(const node_id& id) const {
  auto position = claims_.find(id);
  return position != claims_.end() ? &position->second : nullptr;
}

bool peer_claims::holds(worker_id who, const node_id& id,
                        claim_id number) const {
  auto known = find(id);
  return known && known->number == number && known->holder == who;
}

bool peer_claims::is_leaving(const node_id& id) const {
  auto known = find(id);
  auto holder = known ? find_process(known->holder) : nullptr;
  return holder && holder->leaving;
}

bool peer_claims::may_serve(const node_id& id, worker_id who) const {
  if (auto known = find(id))
    return known->holder == who;
  auto x = find_process(who);
  return x != nullptr && !x->leaving;
}

worker_id peer_claims::choose(const node_id& id) const {
  using candidate = std::pair<std::uint64_t, worker_id>;
  candidate first{};
  candidate second{};
  for (const auto& [number, x] : workers_) {
    if (x.leaving)
      continue;
    candidate next{affinity(id, number), number};
    if (next > first)
      second = std::exchange(first, next);
    else if (next > second)
      second = next;
  }
  if (second.second == coordinator)
    return first.second;
  return load(second.second) < load(first.second) ? second.second
                                                  : first.second;
}

std::size_t peer_claims::load(worker_id who) const {
  auto x = find_process(who);
  return x != nullptr ? x->peers : 0;
}

// -- private ------------------------------------------------------------------

peer_claims::process* peer_claims::find_process(worker_id who) {
  return const_cast<process*>(std::as_const(*this).find_process(who));
}

const peer_claims::process* peer_claims::find_process(worker_id who) const {
  if (who == coordinator)
    return &own_;
  auto x = workers_.find(who);
  return x != workers_.end() ? &x->second : nullptr;
}

/// Of those that peers can call.
std::size_t peer_claims::min_load() const {
  auto result =
    own_.listens ? own_.peers : std::numeric_limits<std::size_t>::max();
  for (const auto& [id, x] : workers_)
    if (x.listens && !x.leaving)
      result = std::min(result, x.peers);
  return result;
}

} // namespace node_proxy::internal
