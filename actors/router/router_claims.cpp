// What the Router of a coordinator does about peers that workers serve.

#include <node_proxy/actors/router/router_state.hpp>

#include <algorithm>
#include <utility>

#include <node_proxy/actors/loop/now.hpp>
#include <node_proxy/actors/proxy/outcome.hpp>
#include <node_proxy/actors/router/worker_events.hpp>

namespace node_proxy::internal {

// -- who comes ----------------------------------------------------------------

/// What to answer somebody who asks one process of this node for a connection:
/// whom another one serves is to try the next address.
admission router_state::admit(const node_id& id, worker_id called) {
  auto result = directory_->handle_request(id, now_of(self_).steady);
  if (!workers_)
    return result;
  auto& claims = workers_->claims;
  if (!claims.may_serve(id, called)
      || (!claims.find(id) && claims.handle_call(id, called)))
    result.facts.over_capacity = true;
  return result;
}

/// A peer has proven itself there. Of two processes with the same peer the one
/// that says so first serves it.
expected<void, arrival_error> router_state::take_in(const arrival& x,
                                                    worker_id called) {
  if (workers_ && !workers_->claims.may_serve(x.id, called)) {
    directory_->handle_request_end(x.id, x.epoch);
    return unexpected{arrival_error::over_capacity};
  }
  if (workers_)
    workers_->called = called;
  auto result = directory_->handle_arrival(x, now_of(self_).steady);
  act_on_arrival();
  return result;
}

/// Only what follows from an arrival is for who was called.
void router_state::act_on_arrival() {
  if (auto action = directory_->poll_action()) {
    auto is_arrival = std::holds_alternative<serve_peer>(*action);
    if (!is_arrival && workers_)
      workers_->called.reset();
    std::visit([this](const auto& x) { perform(x); }, *action);
  }
  if (workers_)
    workers_->called.reset();
  act();
}

void router_state::take(worker_id from, const asked_admission& msg) {
  auto x = admit(msg.id, from);
  ++workers_->all.at(from).requests[{msg.id, x.epoch}];
  tell(from,
       told_admission{msg.number, x.facts.versions.min, x.facts.versions.max,
                      x.facts.allowed, x.facts.twin_connected,
                      x.facts.over_capacity, x.facts.advert_versions.own,
                      x.facts.advert_versions.known, x.epoch, x.known});
}

void router_state::take(worker_id from, const ended_request& msg) {
  if (forget_request(from, msg.id, msg.epoch))
    directory_->handle_request_end(msg.id, msg.epoch);
}

/// @returns whether the request was open.
bool router_state::forget_request(worker_id worker, const node_id& id,
                                  std::uint64_t epoch) {
  auto& requests = workers_->all.at(worker).requests;
  auto known = requests.find({id, epoch});
  if (known == requests.end())
    return false;
  if (--known->second == 0)
    requests.erase(known);
  return true;
}

void router_state::take(worker_id from, const proven_peer& msg) {
  auto key = noise_key_of(msg.id);
  if (!key || !forget_request(from, msg.id, msg.epoch))
    return tell(from,
                take_peer{msg.number, msg.id, 0, arrival_error::epoch_ended});
  auto taken = take_in({msg.id, *key, msg.epoch, msg.from}, from);
  if (!taken)
    return tell(from, take_peer{msg.number, msg.id, 0, taken.error()});
  workers_->claims.handle_sent(msg.id);
  tell(from, take_peer{msg.number, msg.id,
                       workers_->claims.find(msg.id)->number, std::nullopt});
}

// -- who is served ------------------------------------------------------------

void router_state::serve_elsewhere(const serve_peer& action, worker_id holder) {
  auto claim = workers_->claims.handle_served(action.id, holder);
  proxies_[action.id].elsewhere = {action.id, holder, claim};
  serve_order msg;
  msg.id = action.id;
  msg.claim = claim;
  msg.record = form_of(action.record, now_of(self_).steady);
  if (action.known) {
    msg.advert = action.known->advert;
    msg.addresses = action.known->addresses;
  }
  msg.permanent = action.permanent;
  msg.standing = action.standing;
  tell(holder, std::move(msg));
}

bool router_state::is_served_by(const node_id& id, worker_id who) const {
  auto x = proxies_.find(id);
  return x != proxies_.end() && x->second.elsewhere
         && x->second.elsewhere->holder == who;
}

void router_state::tell_peer(const served_elsewhere& to,
                             decltype(peer_order::what) what) {
  workers_->claims.handle_sent(to.id);
  tell(to.holder, peer_order{to.id, to.claim, std::move(what)});
}

void router_state::order(const served_elsewhere& to, const regarded& msg) {
  tell_peer(to, msg.standing);
}

void router_state::order(const served_elsewhere& to, const displaced&) {
  tell_peer(to, peer_order::plain::displace);
}

void router_state::order(const served_elsewhere& to, const seek&) {
  tell_peer(to, peer_order::plain::seek);
}

void router_state::order(const served_elsewhere& to, const way_back&) {
  tell_peer(to, peer_order::plain::way_back);
}

void router_state::order(const served_elsewhere& to, const connect_now&) {
  tell_peer(to, peer_order::plain::connect);
}

void router_state::order(const served_elsewhere& to, connection_permanence x) {
  tell_peer(to, x);
}

void router_state::order(const served_elsewhere& to, const node_advert& x) {
  tell_peer(to, x);
}

void router_state::take(worker_id from, const asked_permanence& msg) {
  auto to = find_or_spawn(msg.id);
  if (!to)
    return tell(from, told_permanence{msg.number, to.error()});
  send_as_user(**to, msg.permanence);
  take(msg.id, msg.permanence);
  tell(from, told_permanence{msg.number, std::nullopt});
}

void router_state::take(worker_id from, const fence& msg) {
  auto claim = workers_->claims.find(msg.id);
  if (!claim || claim->holder != from || claim->number != msg.claim)
    return;
  workers_->claims.handle_sent(msg.id);
  tell(from, msg);
}

void router_state::take(worker_id from, told_event& msg) {
  if (is_served_by(msg.id, from))
    handle(event_told(std::move(msg)));
}

void router_state::take(worker_id from, const offered_rest& msg) {
  if (!workers_->claims.handle_offer(from, msg.id, msg.claim, msg.handled))
    return;
  tell(from, retire_order{msg.id, msg.claim});
  forget_proxy(msg.id, record_of(msg.record, now_of(self_).steady));
  go_on_without(msg.id);
}

void router_state::take(worker_id from, const ended_service& msg) {
  if (!workers_->claims.handle_end(from, msg.id, msg.claim))
    return;
  if (directory_->connected(msg.id))
    take(msg.id, peer_disconnected{"node_proxy_ended"});
  forget_proxy(msg.id,
               msg.record
                 ? std::optional{record_of(*msg.record, now_of(self_).steady)}
                 : std::nullopt);
  go_on_without(msg.id);
  finish_stop();
}

/// A peer is served no more: others may have to.
void router_state::go_on_without(const node_id& id) {
  auto waiting = workers_->waiting.extract(id);
  if (!stopping_ && directory_->is_permanent(id))
    static_cast<void>(find_or_spawn(id));
  if (waiting.empty())
    return;
  for (auto& x : waiting.mapped()) {
    workers_->waiting_bytes -= cost_of(x.batch);
    deliver(std::move(x.batch), std::move(x.answer));
  }
}

// -- messages -----------------------------------------------------------------

void router_state::take(worker_id from, handed_batch& msg) {
  auto& worker = workers_->all.at(from);
  worker.link.handle_received(cost_of(msg.batch));
  if (auto sign = worker.link.poll_sign(now_of(self_).steady))
    tell(from, link_sign{sign->messages, sign->bytes});
  deliver(std::move(msg.batch),
          [this, from, number = msg.number](batch_outcome outcome) {
            tell(from, handed_outcome{number, std::move(outcome)});
          });
}

void router_state::take(worker_id from, handed_outcome& msg) {
  workers_->all.at(from).handed.handle_outcome(msg.number,
                                               std::move(msg.outcome));
}

/// Messages for one node, of a worker or for one that has left.
void router_state::deliver(node_out_batch batch, batch_answer answer) {
  auto size = batch.msgs.size();
  if (size == 0)
    return answer({});
  auto id = batch.msgs.front().msg.target.node.value_or(config_.self->id());
  auto to = find_or_spawn(id);
  if (!to)
    return answer(failed_batch(size, {to.error()}));
  if ((*to)->elsewhere)
    return hand_on(*(*to)->elsewhere, std::move(batch), std::move(answer));
  (*to)->retirement.handle_sent();
  ask_to_deliver(self_, (*to)->handle, routed_batch{std::move(batch)}, size,
                 std::move(answer));
}

/// Has a worker deliver messages.
void router_state::hand_on(const served_elsewhere& to, node_out_batch batch,
                           batch_answer answer) {
  auto& worker = workers_->all.at(to.holder);
  auto size = batch.msgs.size();
  auto cost = cost_of(batch);
  auto waits = worker.leaving && !stopping_;
  if (waits ? workers_->waiting_bytes > node_workers::max_waiting_bytes
            : !worker.link.has_room())
    return answer(failed_batch(size, {send_error::outbox_full}));
  if (waits) {
    workers_->waiting_bytes += cost;
    workers_->waiting[to.id].push_back({std::move(batch), std::move(answer)});
    return;
  }
  auto number = worker.handed.add(size, std::move(answer));
  worker.link.handle_sent(cost);
  workers_->claims.handle_sent(to.id);
  tell(to.holder, handed_batch{number, to.claim, std::move(batch)});
}

/// Likewise, where they need not name the peer.
void router_state::hand_on_unnamed(const served_elsewhere& to,
                                   node_out_batch batch, batch_answer answer) {
  auto size = batch.msgs.size();
  if (size == 0)
    answer({});
  else if (name_target(batch, to.id))
    hand_on(to, std::move(batch), std::move(answer));
  else
    answer(failed_batch(size, {send_error::wrong_target}));
}

/// What was sent to a Node Proxy that has retired, when a worker serves its
/// peer.
void router_state::pass_on_elsewhere(const served_elsewhere& to,
                                     caf::message& content) {
  if (content.match_elements<node_out_msg>()) {
    node_out_batch batch;
    batch.msgs.push_back(content.get_as<node_out_msg>(0));
    hand_on_unnamed(to, std::move(batch),
                    answer_to(make_promise<delivered>(self_), unanswered_));
  } else if (content.match_elements<node_out_batch>()) {
    hand_on_unnamed(to, content.get_as<node_out_batch>(0),
                    answer_to(make_promise<batch_outcome>(self_), unanswered_));
  } else if (content.match_elements<node_advert>()) {
    auto reply = handle(content.get_as<node_advert>(0));
    auto waiting = make_promise<node_advert_reply>(self_);
    fulfil(waiting, std::move(reply));
  } else if (content.match_elements<connection_permanence>()) {
    auto permanence = content.get_as<connection_permanence>(0);
    order(to, permanence);
    take(to.id, permanence);
    auto waiting = make_promise<done>(self_);
    fulfil(waiting, done{});
  } else if (is_request(self_)) {
    // What belongs to a connection is of no use where that is not.
    self_->make_response_promise().deliver(make_error(errc::connection_closed));
  }
}

} // namespace node_proxy::internal
