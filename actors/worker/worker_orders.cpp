// What a worker does about what its coordinator says, and about its Node
// Proxies.

#include <node_proxy/actors/worker/worker_state.hpp>

#include <utility>

#include <node_proxy/actors/loop/now.hpp>
#include <node_proxy/actors/proxy/outcome.hpp>
#include <node_proxy/actors/router/peer_totals.hpp>
#include <node_proxy/actors/router/process_limits.hpp>
#include <node_proxy/actors/router/worker_events.hpp>

namespace node_proxy::internal {

void worker_state::tell(decltype(worker_report::what) what) {
  if (link_)
    send_message(self_, coordinator_, worker_report{std::move(what)});
}

bool worker_state::is_coordinator() const {
  return is_sender(self_, coordinator_);
}

void worker_state::handle(worker_order& msg) {
  if (!is_coordinator() || !link_)
    return;
  link_->handle_life(now());
  std::visit([this](auto& x) { take(x); }, msg.what);
  // What an order releases comes after it.
  go_on();
}

void worker_state::take(const link_sign& msg) {
  link_->handle_taken({msg.messages, msg.bytes});
}

// -- messages -----------------------------------------------------------------

void worker_state::take(handed_batch& msg) {
  auto size = msg.batch.msgs.size();
  link_->handle_received(cost_of(msg.batch));
  if (auto sign = link_->poll_sign(now()))
    tell(link_sign{sign->messages, sign->bytes});
  auto answer = [this, number = msg.number](batch_outcome outcome) {
    tell(handed_outcome{number, std::move(outcome)});
  };
  if (size == 0)
    return answer({});
  auto id = msg.batch.msgs.front().msg.target.node.value_or(node_id{});
  // If it is not served any more its Node Proxy has failed.
  if (auto to = ordered(id, msg.claim))
    deliver(*to, std::move(msg.batch), std::move(answer));
  else
    answer(failed_batch(size, {send_error::unconfirmed}));
}

void worker_state::take(handed_outcome& msg) {
  handed_.handle_outcome(msg.number, std::move(msg.outcome));
}

// -- who comes ----------------------------------------------------------------

void worker_state::take(const told_admission& msg) {
  auto x = asked_.extract(msg.number);
  if (x.empty())
    return;
  admission result;
  result.facts.versions = {msg.min_version, msg.max_version};
  result.facts.allowed = msg.allowed;
  result.facts.twin_connected = msg.twin_connected;
  result.facts.over_capacity = msg.over_capacity;
  result.facts.advert_versions = {msg.own_advert, msg.known_advert};
  result.epoch = msg.epoch;
  result.known = msg.known;
  x.mapped().deliver(result);
}

void worker_state::take(const take_peer& msg) {
  auto x = proven_.extract(msg.number);
  if (x.empty())
    return;
  const auto& proven = x.mapped();
  if (msg.error)
    return handshakes_.turn_down(proven, *msg.error);
  if (auto to = ordered(msg.id, msg.claim))
    send_to(*to, attach_session{proven.session, proven.connection});
  else
    handshakes_.turn_down(proven, arrival_error::epoch_ended);
}

// -- who is served ------------------------------------------------------------

/// The Node Proxy of a peer to which an order is, if that is still served.
worker_state::proxy* worker_state::ordered(const node_id& id, claim_id claim) {
  auto was_offered = peers_.is_offered(id);
  if (!peers_.handle_order(id, claim))
    return nullptr;
  auto& to = proxies_.at(id);
  // It is told now what it was not to be told then.
  if (was_offered)
    send_to(to, local_advert_changed{advert_});
  if (was_offered && stopping_)
    send_to(to, stop_node_proxy{grace_, true});
  return &to;
}

void worker_state::take(serve_order& msg) {
  auto key = noise_key_of(msg.id);
  // Never of a coordinator that is as it should be.
  if (proxies_.contains(msg.id) || !key) {
    tell(ended_service{msg.id, msg.claim, std::nullopt});
    return;
  }
  peers_.handle_serve(msg.id, msg.claim);
  tell(fence{msg.id, msg.claim});
  serve_peer what;
  what.id = msg.id;
  what.key = *key;
  what.record = record_of(msg.record, now());
  if (msg.advert)
    what.known = known_node{std::move(*msg.advert), msg.addresses};
  what.standing = msg.standing;
  auto handle = spawner_.spawn(what, advert_);
  proxy_ids_.emplace(handle.id(), msg.id);
  auto& result = proxies_[msg.id];
  result.handle = std::move(handle);
  if (msg.permanent)
    send_as_user(result, connection_permanence::permanent);
}

void worker_state::take(const fence& msg) {
  if (auto to = ordered(msg.id, msg.claim)) {
    send_to(*to, routed_mark{});
    peers_.handle_fence(msg.id, msg.claim);
  }
}

void worker_state::take(const peer_order& msg) {
  if (auto to = ordered(msg.id, msg.claim))
    std::visit([&](const auto& x) { obey(*to, x); }, msg.what);
}

void worker_state::obey(proxy& to, peer_order::plain what) {
  switch (what) {
  case peer_order::plain::connect:
    return send_to(to, connect_now{});
  case peer_order::plain::seek:
    return send_to(to, seek{});
  case peer_order::plain::way_back:
    return send_to(to, way_back{});
  case peer_order::plain::displace:
    return send_to(to, displaced{});
  case peer_order::plain::disconnect:
    to.retirement.handle_sent();
    return send_anonymously(to.handle, part_from_peer{});
  }
}

void worker_state::obey(proxy& to, peer_standing what) {
  send_to(to, regarded{what});
}

void worker_state::obey(proxy& to, connection_permanence what) {
  send_as_user(to, what);
}

void worker_state::obey(proxy& to, const node_advert& what) {
  send_as_user(to, what);
}

void worker_state::take(const forget_order& msg) {
  auto to = ordered(msg.id, msg.claim);
  // It has failed.
  if (!to)
    return tell(told_parting{msg.number});
  to->retirement.handle_sent();
  send_request(self_, to->handle, caf::infinite, part_from_peer{true})
    .then(
      [this, number = msg.number](const parted& x) {
        tell(told_parting{number, !x.refused, x.waiting, x.untaken});
      },
      [this, number = msg.number](const caf::error&) {
        tell(told_parting{number});
      });
}

void worker_state::handle(const proxy_event& msg) {
  if (auto metrics = std::get_if<proxy_metrics>(&msg.what))
    return counts_.handle_end(metrics->proxy, metrics->counted);
  watch_limits();
  auto to = proxies_.find(msg.remote);
  if (to == proxies_.end())
    return; // it retires
  if (auto record = std::get_if<peer_record>(&msg.what))
    to->second.record = *record;
  else if (auto event = event_to_tell(msg))
    tell(std::move(*event));
}

void worker_state::watch_limits() {
  for (const auto& x : budgets_in_use(spawner_.budget()))
    if (limit_watch_.handle_use(x.name, x.used, x.max, x.shortages, now()))
      tell(met_limit{std::string{x.name}, x.max});
}

/// Once the coordinator has what is left of the peer, the Node Proxy retires.
void worker_state::handle(node_proxy_dormant& msg) {
  auto to = proxies_.find(msg.remote);
  if (to == proxies_.end() || stopping_
      || !to->second.retirement.grants(msg.handled))
    return;
  auto offer = peers_.handle_rest(msg.remote);
  if (!offer)
    return;
  to->second.offered = std::make_unique<peer_metrics>(std::move(msg.metrics));
  tell(offered_rest{msg.remote, offer->number, offer->handled,
                    form_of(msg.record, now())});
}

void worker_state::take(const retire_order& msg) {
  if (!peers_.handle_retire(msg.id, msg.claim))
    return;
  auto& to = proxies_.at(msg.id);
  counts_.handle_end(to.handle.id(), *to.offered);
  demonitor_end(self_, to.handle.address());
  send_message(self_, to.handle, retire{});
  forget_proxy(msg.id);
  finish_stop();
}

void worker_state::forget_proxy(const node_id& id) {
  auto ended = proxies_.extract(id);
  proxy_ids_.erase(ended.mapped().handle.id());
}

// -- the node -----------------------------------------------------------------

void worker_state::take(new_advert& msg) {
  advert_ = std::make_shared<const node_advert>(std::move(msg.advert));
  for (auto& [id, to] : proxies_)
    if (!peers_.is_offered(id))
      send_to(to, local_advert_changed{advert_});
}

void worker_state::take(const told_permanence& msg) {
  auto x = permanences_.extract(msg.number);
  if (x.empty())
    return;
  if (msg.error)
    fail(x.mapped(), make_error(to_errc(*msg.error)));
  else
    fulfil(x.mapped(), done{});
}

void worker_state::take(const tell_numbers& msg) {
  counts_.handle_asked(msg.round);
  ask_all<get_peer_metrics>(self_, proxies_, msg.round);
}

void worker_state::handle(const all_peer_metrics& msg) {
  told_numbers result;
  result.round = msg.round;
  result.proven_handshakes = handshakes_.proven();
  result.handshakes = handshakes_.times();
  result.failed_handshakes = handshakes_.failed();
  result.unanswered_failures = unanswered_->counts();
  result.late_answers = unanswered_->late_answers();
  result.peers = counts_.handle_answers(msg);
  tell(std::move(result));
}

void worker_state::take(const tell_status& msg) {
  ask_all<get_peer_status>(self_, proxies_, msg.round);
}

void worker_state::handle(all_peer_statuses& msg) {
  told_status result;
  result.round = msg.round;
  result.peers = std::move(msg.answers);
  result.engines = engines_->list();
  std::erase_if(result.engines, [](const engine_status& x) {
    return !x.typed && x.untaken == 0;
  });
  for (const auto& x : budgets_in_use(spawner_.budget()))
    result.limits.push_back(status_of(x));
  result.limits.push_back(
    status_of(fullest_outbox(result.peers, config_.settings)));
  tell(std::move(result));
}

// -- the end ------------------------------------------------------------------

/// All that was under way to this worker has come.
void worker_state::take(const may_leave&) {
  begin_stop(grace_);
}

void worker_state::take(const leave_now& msg) {
  begin_stop(std::chrono::milliseconds{msg.grace_ms});
}

/// The coordinator has given this worker up, or has all that was left here.
void worker_state::take(const dismissed&) {
  if (!has_left_)
    return lose_coordinator("it has given this worker up");
  link_.reset();
  finish_stop();
}

} // namespace node_proxy::internal
