// What the Router does for those who ask how things stand.

#include <algorithm>
#include <set>
#include <utility>

#include <node_proxy/actors/caf/sending.hpp>
#include <node_proxy/actors/loop/now.hpp>
#include <node_proxy/actors/router/router_state.hpp>

namespace node_proxy::internal {

namespace {

/// Brings them into the order of their ids. They are large, so each is moved
/// once, and where they are: memory for all of them once more is dear.
void sort(std::vector<peer_status>& peers) {
  std::vector<std::pair<node_id, std::size_t>> order;
  order.reserve(peers.size());
  for (const auto& x : peers)
    order.emplace_back(x.node, order.size());
  std::ranges::sort(order);
  for (std::size_t first = 0; first < order.size(); ++first) {
    if (order[first].second == first)
      continue;
    // Each goes where the one before it in this circle was.
    auto held = std::move(peers[first]);
    auto to = first;
    for (auto from = order[to].second; from != first; from = order[to].second) {
      peers[to] = std::move(peers[from]);
      order[to].second = to;
      to = from;
    }
    peers[to] = std::move(held);
    order[to].second = to;
  }
}

} // namespace

caf::result<node_status> router_state::handle(get_node_status) {
  // Unlike other answers this one is no error, so it may be for a plain `send`.
  if (status_survey_.add(self_->make_response_promise<node_status>()))
    begin_status_survey();
  return caf::delegated<node_status>{};
}

void router_state::begin_status_survey() {
  watch_limits();
  auto round = ++last_round_;
  asked_here_.status = round;
  status_survey_.begin(ask_workers<tell_status>(round) + 1);
  ask_all<get_peer_status>(self_, proxies_, round);
}

void router_state::handle(all_peer_statuses& msg) {
  if (msg.round != asked_here_.status)
    return;
  statuses_ = std::move(msg.answers);
  note_answer(asked_here_.status, status_survey_,
              &router_state::end_status_survey);
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
  // Who has retired since is among the unserved, or not worth a line, and who
  // is served elsewhere by now is told of there.
  std::erase_if(result.peers, [this](const peer_status& x) {
    return !directory_->is_served_by(coordinator, x.node);
  });
  result.engines = engines_->list();
  for (const auto& x : limits_in_use())
    result.limits.push_back(status_of(x));
  result.limits.push_back(
    status_of(fullest_outbox(result.peers, config_.settings)));
  if (workers_)
    add_workers(result, now);
  for (const auto& id : directory_->unserved())
    result.peers.push_back(unserved_status(id));
  sort(result.peers);
  result.known_adverts = directory_->adverts().size();
  result.remembered_peers = directory_->records(now);
  return result;
}

/// What the workers have said, and what is known of those that have not.
void router_state::add_workers(node_status& to, steady_time now) {
  std::set<worker_id> untold;
  for (auto& [id, x] : workers_->all) {
    auto said = std::exchange(x.status, std::nullopt);
    worker_status status;
    status.number = id;
    status.peers = directory_->load(id);
    status.age_ms = milliseconds(now - x.joined);
    for (const auto& y : x.addresses)
      status.addresses.push_back(y.address);
    if (x.silent) {
      status.state = worker_stage::silent;
      status.silent_ms = milliseconds(x.link.silence(now));
    } else if (x.leaving) {
      status.state = worker_stage::leaving;
    }
    to.workers.push_back(std::move(status));
    if (!said) {
      untold.insert(id);
      continue;
    }
    for (auto& y : said->peers)
      if (directory_->is_served_by(id, y.node))
        to.peers.push_back(std::move(y));
    for (auto& y : said->limits)
      add_limit(to.limits, std::move(y), id);
    for (const auto& y : said->engines) {
      auto known =
        std::ranges::lower_bound(to.engines, y.name, {}, &engine_status::name);
      if (known == to.engines.end() || known->name != y.name)
        continue;
      known->untaken += y.untaken;
      known->typed = known->typed || y.typed;
    }
  }
  for (const auto& [id, x] : proxies_)
    if (x.elsewhere && untold.contains(x.elsewhere->holder))
      to.peers.push_back(untold_status(id));
}

/// Of a peer whose worker has not answered.
peer_status router_state::untold_status(const node_id& id) const {
  peer_status result;
  result.node = id;
  result.permanent = directory_->is_permanent(id);
  result.state = directory_->is_connected(id) ? peer_state::connected
                                              : peer_state::connecting;
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
    result.obstacle = known->addresses.obstacle(
      known->advert.addrs,
      {config_.settings.dial_ranges, config_.settings.own_networks});
  else
    result.obstacle.emplace();
  return result;
}

std::vector<limit_use> router_state::limits_in_use() {
  std::vector<limit_use> result{
    {"peers", directory_->here(), config_.max_peers},
    {"guests", directory_->gone_guests(), config_.max_peers},
    {"remembered_peers", directory_->records(now_of(self_).steady),
     config_.peers_kept.records},
    {"kept_adverts", directory_->adverts().loose(),
     config_.adverts_kept.unheld}};
  for (const auto& x : budgets_in_use(spawner_.budget()))
    result.push_back(x);
  return result;
}

} // namespace node_proxy::internal
