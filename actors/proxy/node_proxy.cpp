#include <utility>

#include <node_proxy/actors/caf/sending.hpp>
#include <node_proxy/actors/loop/loop_actor.hpp>
#include <node_proxy/actors/proxy/node_proxy_state.hpp>
#include <node_proxy/base/hex.hpp>
#include <node_proxy/messages/limits.hpp>

namespace node_proxy::internal {

namespace {

// How many bytes of messages wait for others to join them.
constexpr std::size_t max_gathered = 64 * 1024;

} // namespace

void node_proxy_state::start(node_proxy_config config) {
  services_ = std::move(config.services);
  remote_ = config.remote;
  remote_key_ = config.remote_key;
  loop_ = std::move(config.loop);
  peer_ = std::make_unique<peer>(services_->settings, services_->self, remote_,
                                 remote_key_, config.record, services_->budget,
                                 services_->spare, random_source{config.seed});
  config.seed.wipe();
  pending_.emplace(services_->unanswered);
  timer_.emplace(loop_, caf::actor_cast<tick_receiver>(self_));
  turn_end_.emplace(loop_, caf::actor_cast<turn_end_receiver>(self_));
  lanes_.emplace(
    self_, services_->engines, services_->log,
    [this](auto ids, auto reason) {
      if (!std::exchange(owes_, true) && !flush_queued_)
        look_at_clock();
      for (const auto& id : ids)
        peer_->handle_finished(id, reason, now_);
    },
    caf::actor_cast<caf::actor_addr>(self_));
  set_unexpected_handler(self_, [this] {
    services_->log.warn(
      "ignored a message to the Node Proxy of {}: it is none of "
      "those that users and other processes may send",
      to_hex(remote_.data));
  });
  auto begin = now();
  peer_->handle_standing(config.standing, begin);
  peer_->handle_local_advert(std::move(config.local_advert), begin);
  if (config.remote_known) {
    static_cast<void>(
      peer_->handle_remote_advert(config.remote_known->advert, begin));
    peer_->handle_addresses(config.remote_known->addresses, begin);
  }
  act();
}

// -- what local actors say ----------------------------------------------------

template <class Reply, class Msg>
caf::result<Reply> node_proxy_state::handle_direct(const Msg& msg) {
  auto waiting = make_promise<Reply>(self_);
  if (retirement_.holds())
    retirement_.handle_held(
      [this, msg, waiting] { take_or_pass_on(msg, waiting); });
  else
    take_or_pass_on(msg, std::move(waiting));
  // The promise answers.
  return caf::delegated<Reply>{};
}

template <class Reply, class Msg>
void node_proxy_state::take_or_pass_on(const Msg& msg, promise<Reply> waiting) {
  if (retirement_.retired())
    pass_on(msg, std::move(waiting));
  else
    take(msg, std::move(waiting));
}

template <class Reply, class Msg>
void node_proxy_state::pass_on(const Msg& msg, promise<Reply> waiting) {
  auto router = caf::actor_cast<caf::actor>(services_->router);
  passed_on content{remote_, caf::make_message(msg)};
  if (waiting.pending())
    waiting.delegate(router, std::move(content));
  else
    send_anonymously(router, std::move(content));
}

void node_proxy_state::handle_routed() {
  retirement_.handle_routed();
  release_held();
}

void node_proxy_state::release_held() {
  while (auto held = retirement_.poll_held())
    (*held)();
}

void node_proxy_state::handle(const retire&) {
  retirement_.handle_retire();
  release_held();
  lanes_.reset();
  // It has a part of what all peers may have outstanding here. What it has
  // counted went with the offer.
  peer_.reset();
  if (!retirement_.given_out())
    return self_->quit();
  // As long as users have handles they may use them. The last one that goes
  // ends this, too. Nor does the Router know it any more, which would end it.
  monitor_end(self_, services_->router);
  set_down_handler(
    self_, [this](const caf::down_msg& down) { self_->quit(down.reason); });
}

caf::result<delivered> node_proxy_state::handle(const node_out_msg& msg) {
  take(msg, make_promise<delivered>(self_));
  return caf::delegated<delivered>{};
}

/// Whatever is under way here, only the Router knows who may come.
caf::result<connect_reply>
node_proxy_state::handle(const connect_request& request) {
  auto waiting = make_promise<connect_reply>(self_);
  if (!is_of(request, remote_key_))
    fulfil(waiting, connect_reply{connect_reply_error::denied});
  else if (waiting.pending())
    waiting.delegate(caf::actor_cast<caf::actor>(services_->router), request);
  return caf::delegated<connect_reply>{};
}

caf::result<batch_outcome>
node_proxy_state::handle(const node_out_batch& batch) {
  take(batch, make_promise<batch_outcome>(self_));
  return caf::delegated<batch_outcome>{};
}

void node_proxy_state::take(const node_out_msg& msg,
                            promise<delivered> waiting) {
  send(pending_->add(std::move(waiting)), msg);
}

void node_proxy_state::take(const node_out_batch& batch,
                            promise<batch_outcome> waiting) {
  auto token = pending_->add_batch(std::move(waiting), batch.msgs.size());
  std::size_t index = 0;
  for (const auto& msg : batch.msgs)
    send(token++, msg, batch.time_limit(index++));
}

void node_proxy_state::take(const node_msg& msg,
                            promise<node_msg_taken> waiting) {
  if (!peer_->handle_node_msg(msg, now())) {
    fail(waiting, make_error(errc::connection_closed));
    return;
  }
  fulfil(waiting, node_msg_taken{});
  handle_flush();
}

void node_proxy_state::take(const connect_reply& reply, promise<done> waiting) {
  peer_->handle_connect_reply(reply, now());
  fulfil(waiting, done{});
  act();
}

void node_proxy_state::take(const node_advert& advert,
                            promise<node_advert_reply> waiting) {
  fulfil(waiting, peer_->handle_introduction(advert, now()));
  act();
}

void node_proxy_state::take(connection_permanence permanence,
                            promise<done> waiting) {
  peer_->handle_permanence(permanence, now());
  send_message(self_, services_->router, proxy_event{remote_, permanence});
  fulfil(waiting, done{});
  act();
}

// -- what the Router orders ---------------------------------------------------

void node_proxy_state::handle(proxy_order& msg) {
  handle_routed();
  std::visit([this](auto& x) { obey(x); }, msg.what);
}

void node_proxy_state::obey(const stop_node_proxy& order) {
  auto at = now();
  peer_->handle_shutdown(at.steady + order.grace, at);
  if (order.hands_over)
    stops_at_ = at.steady + order.grace;
  handle_flush();
}

// -- what engines say ---------------------------------------------------------

/// The peer is owed an answer for what engines have finished. While they have
/// more of it that goes at once. Otherwise whoever waited for the last of it
/// mostly has something to send a few turns later: then both are one write, and
/// wake the peer once.
void node_proxy_state::handle_answers() {
  if (!lanes_)
    return;
  lanes_->handle_answers();
  if (!owes_ || flush_queued_)
    return;
  if (lanes_->idle())
    turn_end_->ask();
  else
    flush_soon();
}

void node_proxy_state::handle(const engine_left& msg) {
  if (!lanes_)
    return;
  lanes_->handle(msg);
  if (owes_)
    flush_soon();
}

/// Nobody else is about to run.
void node_proxy_state::handle_turns_over() {
  turn_end_->handle();
  if (owes_)
    handle_flush();
}

// -- time ---------------------------------------------------------------------

void node_proxy_state::handle_tick() {
  timer_->handle_tick();
  if (!peer_)
    return;
  peer_->handle_timeout(now());
  handle_flush();
}

void node_proxy_state::handle_flush() {
  gathered_ = 0;
  owes_ = false;
  if (!peer_)
    return;
  auto more = peer_->flush(now(), memory_of_frames());
  act();
  if (more)
    flush_soon();
  read_paused();
}

/// Sends a message with others, but not all at once if they are many: the peer
/// is to open the first of them while the next are taken.
void node_proxy_state::send(send_token token, const node_out_msg& msg,
                            time_limit limit) {
  flush_soon();
  peer_->handle_send(token, msg, now_, limit);
  gathered_ += msg.msg.msg.size() + limits::message_overhead;
  if (gathered_ >= max_gathered)
    handle_flush();
}

/// Sends what is queued as soon as all that is in the mailbox has joined it.
/// The first to join looks at the clock for all of them.
void node_proxy_state::flush_soon() {
  if (std::exchange(flush_queued_, true))
    return;
  look_at_clock();
  send_message(self_, caf::actor_cast<node_proxy_service>(self_),
               flush_queued{});
}

void node_proxy_state::arm_tick() {
  auto present = now();
  auto at = earliest(
    {peer_->poll_timeout(present), retirement_.poll_timeout(present.steady)});
  if (stops_at_ && present.steady < *stops_at_)
    at = earliest({at, stops_at_});
  if (at)
    timer_->wait_until(*at);
}

// -- what the peer says -------------------------------------------------------

/// Does what the peer wants done.
void node_proxy_state::act() {
  while (auto action = peer_->poll_action())
    std::visit([this](auto& x) { perform(x); }, *action);
  lanes_->pass_on_delivered();
  if (owes_)
    flush_soon();
  if (peer_->stopped() && !waits_for_engines()) {
    tell_counted();
    send_message(self_, services_->router,
                 proxy_event{remote_, peer_->record()});
    self_->quit();
    return;
  }
  arm_tick();
  offer_rest();
}

void node_proxy_state::tell_counted() {
  if (!std::exchange(counted_told_, true))
    send_message(
      self_, services_->router,
      proxy_event{remote_, proxy_metrics{self_->id(), peer_->metrics()}});
}

/// Whether what is left is worth more a little later: another process goes on
/// with it, and what engines are about to take does not come to them again.
bool node_proxy_state::waits_for_engines() const {
  return stops_at_ && !peer_->engines_at_rest() && now_.steady < *stops_at_;
}

/// Offers the Router to retire if there is nothing to do.
void node_proxy_state::offer_rest() {
  if (dials_ > 0 || !peer_->dormant(now_))
    return;
  if (auto handled = retirement_.poll_offer(now_.steady))
    send_message(
      self_, services_->router,
      node_proxy_dormant{remote_, *handled, peer_->record(), peer_->metrics()});
}

void node_proxy_state::perform(deliver_message& action) {
  lanes_->deliver(std::move(action));
}

void node_proxy_state::perform(send_outcome& action) {
  pending_->handle_outcome(action);
}

void node_proxy_state::perform(learned_advert& action) {
  send_message(self_, services_->router,
               proxy_event{remote_, std::move(action)});
}

void node_proxy_state::perform(learned_addresses& action) {
  send_message(self_, services_->router,
               proxy_event{remote_, std::move(action)});
}

void node_proxy_state::perform(overtaken_advert& action) {
  send_message(self_, services_->router, proxy_event{remote_, action});
}

void node_proxy_state::perform(peer_event& action) {
  send_message(self_, services_->router, proxy_event{remote_, action});
}

namespace {

/// Handles what users may say.
template <class Reply, class Msg>
auto direct(node_proxy_state& state) {
  return [&state](const Msg& msg) -> caf::result<Reply> {
    return state.handle_direct<Reply>(msg);
  };
}

node_proxy_service::behavior_type
node_proxy_behavior(node_proxy_service::stateful_pointer<node_proxy_state> self,
                    node_proxy_config config) {
  auto& state = state_of(self);
  state.start(std::move(config));
  // CAF compares a message with one handler after the other: those on the way
  // of a message come first.
  return {
    direct<delivered, node_out_msg>(state),
    [&state](const connection_ready& msg) { state.handle(msg); },
    [&state](engines_answered) { state.handle_answers(); },
    [&state](flush_queued) { state.handle_flush_queued(); },
    [&state](turns_over) { state.handle_turns_over(); },
    direct<batch_outcome, node_out_batch>(state),
    direct<node_msg_taken, node_msg>(state),
    [&state](const connect_request& x) { return state.handle(x); },
    direct<done, connect_reply>(state),
    direct<node_advert_reply, node_advert>(state),
    direct<done, connection_permanence>(state),
    [&state](const routed_msg& x) {
      state.handle_routed();
      return state.handle(x.msg);
    },
    [&state](const routed_batch& x) {
      state.handle_routed();
      return state.handle(x.batch);
    },
    [&state](proxy_order& msg) { state.handle(msg); },
    [&state](const part_from_peer& msg) { return state.handle(msg); },
    [&state](const retire& msg) { state.handle(msg); },
    [&state](const get_peer_metrics& msg) { state.handle(msg); },
    [&state](const get_peer_status& msg) { state.handle(msg); },
    [&state](const engine_left& msg) { state.handle(msg); },
    [&state](tick) { state.handle_tick(); },
  };
}

} // namespace

node_proxy_service spawn_node_proxy(caf::actor_system& system,
                                    node_proxy_config config) {
  auto& loop = *config.loop;
  return spawn_in_loop<node_proxy_service, node_proxy_state>(
    system, loop, [config = std::move(config)](auto* self) mutable {
      return node_proxy_behavior(self, std::move(config));
    });
}

} // namespace node_proxy::internal
