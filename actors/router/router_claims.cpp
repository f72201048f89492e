// What the Router of a coordinator does about peers that workers serve.

#include <node_proxy/actors/router/router_state.hpp>

#include <utility>

#include <node_proxy/actors/loop/now.hpp>
#include <node_proxy/actors/proxy/outcome.hpp>
#include <node_proxy/actors/router/worker_events.hpp>

namespace node_proxy::internal {

// -- who comes ----------------------------------------------------------------

/// A peer has proven itself there.
expected<void, arrival_error> router_state::take_in(const arrival& x,
                                                    worker_id called) {
  auto result = directory_->handle_arrival(x, called, now_of(self_).steady);
  act();
  return result;
}

void router_state::take(worker_id from, const asked_admission& msg) {
  auto x = directory_->handle_request(msg.id, from, now_of(self_).steady);
  tell(from,
       told_admission{msg.number, x.facts.versions.min, x.facts.versions.max,
                      x.facts.allowed, x.facts.twin_connected,
                      x.facts.over_capacity, x.facts.advert_versions.own,
                      x.facts.advert_versions.known, x.epoch, x.known});
  if (!x.facts.allowed || x.facts.over_capacity)
    act();
}

void router_state::take(worker_id from, const ended_request& msg) {
  directory_->handle_request_end(msg.id, msg.epoch, from);
}

void router_state::take(worker_id from, const proven_peer& msg) {
  auto key = noise_key_of(msg.id);
  if (!key)
    return tell(from,
                take_peer{msg.number, msg.id, 0, arrival_error::epoch_ended});
  auto taken = take_in({msg.id, *key, msg.epoch, msg.from}, from);
  if (!taken)
    return tell(from, take_peer{msg.number, msg.id, 0, taken.error()});
  directory_->handle_sent(msg.id);
  tell(from, take_peer{msg.number, msg.id, directory_->find(msg.id)->number,
                       std::nullopt});
}

// -- who is served ------------------------------------------------------------

void router_state::serve_elsewhere(const serve_claim& x) {
  const auto& peer = x.peer;
  proxies_[peer.id].elsewhere = {peer.id, x.holder, x.number};
  serve_order msg;
  msg.id = peer.id;
  msg.claim = x.number;
  msg.record = form_of(peer.record, now_of(self_).steady);
  if (peer.known) {
    msg.advert = peer.known->advert;
    msg.addresses = peer.known->addresses;
  }
  msg.permanent = peer.permanent;
  msg.standing = peer.standing;
  tell(x.holder, std::move(msg));
}

void router_state::tell_peer(const served_elsewhere& to,
                             decltype(peer_order::what) what) {
  directory_->handle_sent(to.id);
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
  if (directory_->handle_fence(from, msg.id, msg.claim))
    tell(from, msg);
}

void router_state::take(worker_id from, told_event& msg) {
  if (directory_->is_served_by(from, msg.id))
    handle(event_told(std::move(msg)));
}

void router_state::take(worker_id from, const offered_rest& msg) {
  auto now = now_of(self_).steady;
  if (!directory_->handle_offer(from, msg.id, msg.claim, msg.handled,
                                record_of(msg.record, now), now))
    return;
  tell(from, retire_order{msg.id, msg.claim});
  go_on();
}

void router_state::take(worker_id from, const ended_service& msg) {
  auto now = now_of(self_).steady;
  std::optional<peer_record> record;
  if (msg.record)
    record = record_of(*msg.record, now);
  if (!directory_->handle_end(from, msg.id, msg.claim, std::move(record), now))
    return;
  go_on();
  if (!msg.record)
    report({node_proxy_ended_event{msg.id}});
  finish_stop();
}

/// Messages were held until others serve a peer, or may.
void router_state::go_on() {
  act();
  while (auto x = workers_->held.poll_released())
    deliver(std::move(x->second.batch), std::move(x->second.answer));
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
    return answer(failed_batch(size, {to.error(), {}, true}));
  if ((*to)->elsewhere)
    return hand_on(*(*to)->elsewhere, std::move(batch), std::move(answer));
  (*to)->retirement.handle_sent();
  ask_to_deliver(self_, (*to)->handle, routed_batch{std::move(batch)}, size,
                 std::move(answer));
}

/// Has a worker deliver messages.
void router_state::hand_on(const served_elsewhere& to, node_out_batch batch,
                           batch_answer answer) {
  if (directory_->holds_messages(to.id))
    return hold(to.id, std::move(batch), std::move(answer));
  auto& worker = workers_->all.at(to.holder);
  auto size = batch.msgs.size();
  if (!worker.link.has_room())
    return answer(failed_batch(size, {send_error::outbox_full}));
  auto number = worker.handed.add(size, std::move(answer));
  worker.link.handle_sent(cost_of(batch));
  directory_->handle_sent(to.id);
  tell(to.holder, handed_batch{number, to.claim, std::move(batch)});
}

void router_state::hold(const node_id& to, node_out_batch batch,
                        batch_answer answer) {
  auto cost = cost_of(batch);
  held_batch waits{std::move(batch), std::move(answer)};
  if (auto refused = workers_->held.handle_held(to, std::move(waits), cost))
    refused->answer(
      failed_batch(refused->batch.msgs.size(), {send_error::outbox_full}));
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
    fulfil(waiting, reply);
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
