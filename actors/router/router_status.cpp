// What the Router does for those who ask how things stand.

#include <algorithm>
#include <iterator>
#include <utility>

#include <node_proxy/actors/caf/sending.hpp>
#include <node_proxy/actors/loop/now.hpp>
#include <node_proxy/actors/router/router_state.hpp>

namespace node_proxy::internal {

namespace {

/// The same by their ids. They are large, so each is moved once.
std::vector<peer_status> sorted(std::vector<peer_status> peers) {
  std::vector<peer_status*> order;
  order.reserve(peers.size());
  for (auto& x : peers)
    order.push_back(&x);
  std::ranges::sort(
    order, {}, [](const peer_status* x) -> const node_id& { return x->node; });
  std::vector<peer_status> result;
  result.reserve(peers.size());
  for (auto* x : order)
    result.push_back(std::move(*x));
  return result;
}

} // namespace

caf::result<node_status> router_state::handle(get_node_status) {
  // Unlike other answers this one is no error, so it may be for a plain `send`.
  if (status_survey_.add(self_->make_response_promise<node_status>()))
    begin_status_survey();
  return caf::delegated<node_status>{};
}

void router_state::begin_status_survey() {
  auto round = ++last_round_;
  asked_here_.status = round;
  status_survey_.begin(ask_workers<tell_status>(round) + 1);
  statuses_.clear();
  ask_proxies<get_peer_status>(round);
}

void router_state::handle(all_peer_statuses& msg) {
  if (msg.round != asked_here_.status)
    return;
  add_statuses(msg.answers);
  note_answer(asked_here_.status, status_survey_,
              &router_state::end_status_survey);
}

void router_state::add_statuses(std::vector<peer_status>& peers) {
  if (statuses_.empty())
    statuses_ = std::move(peers);
  else
    std::ranges::move(peers, std::back_inserter(statuses_));
}

void router_state::end_status_survey() {
  if (status_survey_.end(status()))
    begin_status_survey();
}

/// With what the Node Proxies have said so far.
node_status router_state::status() {
  auto now = now_of(self_).steady;
  node_status result;
  result.node = config_.self->id();
  result.age_ms = milliseconds(now - started_);
  for (const auto& x : advert().addrs)
    result.addresses.push_back(x.address);
  result.peers = std::exchange(statuses_, {});
  // Who has retired since is among the unserved, or not worth a line.
  std::erase_if(result.peers, [this](const peer_status& x) {
    return !proxies_.contains(x.node);
  });
  for (const auto& id : directory_->unserved())
    result.peers.push_back(unserved_status(id));
  result.peers = sorted(std::move(result.peers));
  result.engines = engines_->list();
  result.known_adverts = directory_->adverts().size();
  result.remembered_peers = directory_->records(now);
  for (const auto& x : limits_in_use())
    result.limits.push_back({std::string{x.name}, x.used, x.max});
  std::uint64_t fullest = 0;
  for (const auto& x : result.peers)
    fullest = std::max(fullest, x.waiting.bytes);
  result.limits.push_back(
    {"outbox_bytes", fullest, config_.settings.outbox_bytes});
  return result;
}

peer_status router_state::unserved_status(const node_id& id) const {
  peer_status result;
  result.node = id;
  result.permanent = directory_->is_permanent(id);
  if (!directory_->allows(id)) {
    result.state = peer_state::refused;
    result.refusal = connect_reply_error::denied;
    result.refused_by = refusing_side::here;
  }
  if (auto known = directory_->adverts().find(id))
    result.obstacle = known->addresses.obstacle(known->advert.addrs,
                                                config_.settings.dial_ranges);
  else
    result.obstacle.emplace();
  return result;
}

std::vector<router_state::limit_use> router_state::limits_in_use() {
  const auto& budget = spawner_.budget();
  const auto& strangers = *budget.strangers();
  return {{"peers", directory_->here(), config_.max_peers},
          {"guests", directory_->gone_guests(), config_.max_peers},
          {"remembered_peers", directory_->records(now_of(self_).steady),
           config_.peers_kept.records},
          {"kept_adverts", directory_->adverts().loose(),
           config_.adverts_kept.strangers},
          {"receive_bytes", budget.used(), budget.size()},
          {"stranger_bytes", strangers.used(), strangers.size()}};
}

} // namespace node_proxy::internal
