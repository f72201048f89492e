#include <node_proxy/actors/worker/worker_router.hpp>

#include <utility>

#include <node_proxy/actors/error.hpp>
#include <node_proxy/actors/loop/loop_actor.hpp>
#include <node_proxy/actors/loop/now.hpp>
#include <node_proxy/actors/node_event.hpp>
#include <node_proxy/actors/node_status.hpp>
#include <node_proxy/actors/operator_messages.hpp>
#include <node_proxy/actors/worker/worker_state.hpp>
#include <node_proxy/base/hex.hpp>

namespace node_proxy::internal {

worker_state::worker_state(router_service::pointer self)
  : self_(self), engines_(std::make_shared<engine_directory>(
                   caf::actor_cast<caf::actor_addr>(self))),
    spawner_(self), local_(self) {
  // nop
}

worker_state::~worker_state() {
  engines_->close();
  fail_requests();
  for (auto& [id, waiting] : lookups_)
    for (auto& x : waiting)
      fail(x, make_error(errc::shutting_down));
  for (const auto& [id, to] : proxies_)
    static_cast<void>(peers_.handle_failure(id));
  while (auto x = peers_.poll_released())
    x->second.answer(
      failed_batch(x->second.batch.msgs.size(), {send_error::shutting_down}));
  for (const auto& [id, to] : proxies_)
    caf::anon_send_exit(to.handle, caf::exit_reason::user_shutdown);
}

void worker_state::start(const node_config& config,
                         const router_dependencies& services) {
  config_ = config;
  services_ = services;
  unanswered_ = services.unanswered;
  coordinator_ = caf::actor_cast<coordinator_end>(config.coordinator);
  config_.coordinator = nullptr;
  spawner_.start(config_, services_, engines_);
  local_.start(config_, services_, engines_);
  timer_.emplace(services_.loops.front(),
                 caf::actor_cast<tick_receiver>(self_));
  set_unexpected_handler(self_, [this] {
    services_.log.warn("ignored a message to the Router: it is none of those "
                       "that users and other processes may send");
  });
  set_down_handler(self_,
                   [this](const caf::down_msg& msg) { handle_down(msg); });
}

/// The coordinator answers nothing any more.
void worker_state::fail_requests() {
  auto fail_all = [](auto requests) {
    for (auto& [number, x] : requests)
      fail(x, make_error(errc::shutting_down));
  };
  for (auto& [number, x] : std::exchange(forwarded_, {}))
    x(make_error(errc::shutting_down));
  fail_all(std::exchange(asked_, {}));
  fail_all(std::exchange(registering_, {}));
  fail_all(std::exchange(permanences_, {}));
}

steady_time worker_state::now() const {
  return now_of(self_).steady;
}

// -- what actors of this process ask ------------------------------------------

/// This worker knows where it can be reached: it joins.
caf::result<node_advert> worker_state::handle(local_addresses msg) {
  auto waiting = self_->make_response_promise<node_advert>();
  monitor_end(self_, coordinator_);
  join_node request;
  request.worker = caf::actor_cast<caf::actor>(self_);
  request.hello.self = config_.self->id();
  request.hello.addresses = std::move(msg.addresses);
  send_request(self_, coordinator_, config_.worker_timeout, std::move(request))
    .then(
      [this, waiting](node_joined& answer) mutable {
        if (!answer.refusal.empty()) {
          waiting.deliver(make_error(errc::denied, answer.refusal));
          return;
        }
        link_.emplace(std::chrono::milliseconds{answer.timeout_ms}, now());
        timer_->wait_until(link_->poll_timeout());
        advert_ = std::make_shared<const node_advert>(std::move(answer.advert));
        waiting.deliver(*advert_);
      },
      [waiting](const caf::error&) mutable {
        waiting.deliver(
          make_error(errc::unreachable, "the coordinator does not answer"));
      });
  return waiting;
}

caf::result<delivered> worker_state::handle(node_out_msg& msg) {
  if (local_.is_local(msg) && !stopping_)
    return local_.deliver(std::move(msg));
  auto id = msg.msg.target.node.value_or(config_.self->id());
  auto to = proxies_.find(id);
  if (peers_.way_to(id) == ways::here) {
    to->second.retirement.handle_sent();
    return delegate_message(self_, to->second.handle,
                            routed_msg{std::move(msg)});
  }
  node_out_batch batch;
  batch.msgs.push_back(std::move(msg));
  send(id, std::move(batch),
       answer_to(make_promise<delivered>(self_), unanswered_));
  return caf::delegated<delivered>{};
}

caf::result<batch_outcome> worker_state::handle(node_out_batch& batch) {
  if (batch.msgs.empty())
    return batch_outcome{};
  const auto& first = batch.msgs.front();
  if (!local_.is_for_one_node(batch))
    return local_.refuse_mixed(batch);
  if (local_.is_local(first) && !stopping_)
    return local_.deliver(std::move(batch));
  auto id = first.msg.target.node.value_or(config_.self->id());
  // Not before: whoever makes a promise has no request left to hand on.
  send(id, std::move(batch),
       answer_to(make_promise<batch_outcome>(self_), unanswered_));
  return caf::delegated<batch_outcome>{};
}

/// The way of what somebody here has for a peer.
void worker_state::send(const node_id& to, node_out_batch batch,
                        batch_answer answer) {
  auto size = batch.msgs.size();
  if (stopping_ || !link_)
    return answer(failed_batch(size, {send_error::shutting_down}));
  auto way = peers_.way_to(to);
  if (way == ways::here)
    return deliver(proxies_.at(to), std::move(batch), std::move(answer));
  if (way == ways::away)
    return send_away(std::move(batch), std::move(answer));
  auto cost = cost_of(batch);
  outgoing waits{std::move(batch), std::move(answer)};
  if (auto refused = peers_.handle_held(to, std::move(waits), cost))
    refused->answer(failed_batch(size, {send_error::outbox_full}));
}

void worker_state::deliver(proxy& to, node_out_batch batch,
                           batch_answer answer) {
  auto size = batch.msgs.size();
  to.retirement.handle_sent();
  ask_to_deliver(self_, to.handle, routed_batch{std::move(batch)}, size,
                 std::move(answer));
}

void worker_state::send_away(node_out_batch batch, batch_answer answer) {
  auto size = batch.msgs.size();
  if (!link_ || !link_->has_room())
    return answer(failed_batch(
      size, {link_ ? send_error::outbox_full : send_error::shutting_down}));
  link_->handle_sent(cost_of(batch));
  auto number = handed_.add(size, std::move(answer));
  tell(handed_batch{number, 0, std::move(batch)});
}

/// What is held no more.
void worker_state::go_on() {
  while (auto x = peers_.poll_released())
    send(x->first, std::move(x->second.batch), std::move(x->second.answer));
  for (auto x = lookups_.begin(); x != lookups_.end();) {
    if (peers_.way_to(x->first) == ways::held) {
      ++x;
      continue;
    }
    auto found = lookups_.extract(x++);
    for (auto& waiting : found.mapped())
      look_up(found.key(), std::move(waiting));
  }
}

caf::result<node_proxy_found>
worker_state::handle(const lookup_node_proxy& msg) {
  look_up(msg.id, make_promise<node_proxy_found>(self_));
  return caf::delegated<node_proxy_found>{};
}

void worker_state::look_up(const node_id& id,
                           promise<node_proxy_found> waiting) {
  auto way = peers_.way_to(id);
  if (stopping_) {
    fail(waiting, make_error(errc::shutting_down));
  } else if (way == ways::here) {
    auto& to = proxies_.at(id);
    send_to(to, looked_up{});
    fulfil(waiting, node_proxy_found{to.handle});
  } else if (way == ways::held) {
    lookups_[id].push_back(std::move(waiting));
  } else if (waiting.pending()) {
    ask_for(std::move(waiting), lookup_node_proxy{id});
  }
}

// -- what the acceptor and Node Proxies say -----------------------------------

caf::result<admission> worker_state::handle(const admission_request& msg) {
  auto waiting = self_->make_response_promise<admission>();
  if (!link_ || leaving_) {
    connect_facts full;
    full.over_capacity = true;
    waiting.deliver(admission{full, 0, false});
    return waiting;
  }
  asked_.emplace(++last_request_, waiting);
  tell(asked_admission{last_request_, msg.request.src_node_id});
  return waiting;
}

void worker_state::handle(const proven_connection& msg) {
  handshakes_.handle_proven(msg.took);
  if (!link_)
    return handshakes_.turn_down(msg, arrival_error::shutting_down);
  const auto& terms = msg.session->established.terms();
  proven_.emplace(++last_request_, msg);
  tell(proven_peer{last_request_, terms.remote, terms.local_epoch,
                   msg.session->from});
}

void worker_state::handle(const handshake_failed& msg) {
  handshakes_.handle_failed(msg.reason);
  services_.log.debug("inbound handshake failed: {}", to_string(msg.reason));
}

void worker_state::handle(const request_ended& msg) {
  tell(ended_request{msg.from, msg.epoch});
}

void worker_state::handle(passed_on& msg) {
  if (msg.content.match_elements<node_out_msg>()) {
    node_out_batch batch;
    batch.msgs.push_back(msg.content.get_as<node_out_msg>(0));
    pass_on(msg.remote, std::move(batch),
            answer_to(make_promise<delivered>(self_), unanswered_));
  } else if (msg.content.match_elements<node_out_batch>()) {
    pass_on(msg.remote, msg.content.get_as<node_out_batch>(0),
            answer_to(make_promise<batch_outcome>(self_), unanswered_));
  } else if (msg.content.match_elements<node_advert>()) {
    static_cast<void>(
      ask_coordinator<node_advert_reply>(msg.content.get_as<node_advert>(0)));
  } else if (msg.content.match_elements<connection_permanence>()
             && peers_.way_to(msg.remote) != ways::here) {
    // Who serves the peer then is for the coordinator to say.
    auto waiting = make_promise<done>(self_);
    if (!link_) {
      fail(waiting, make_error(errc::shutting_down));
      return;
    }
    permanences_.emplace(++last_request_, waiting);
    tell(asked_permanence{last_request_, msg.remote,
                          msg.content.get_as<connection_permanence>(0)});
  } else if (peers_.way_to(msg.remote) == ways::here) {
    auto& to = proxies_.at(msg.remote);
    auto handle = caf::actor_cast<caf::actor>(to.handle);
    if (is_request(self_))
      delegate_message(self_, handle, std::move(msg.content));
    else
      send_anonymously(handle, std::move(msg.content));
    send_to(to, routed_mark{});
  } else if (is_request(self_)) {
    // What belongs to a connection is of no use where that is not.
    self_->make_response_promise().deliver(make_error(errc::connection_closed));
  }
}

/// What was sent to a Node Proxy that has retired since.
void worker_state::pass_on(const node_id& to, node_out_batch batch,
                           batch_answer answer) {
  if (name_target(batch, to))
    send(to, std::move(batch), std::move(answer));
  else
    answer(failed_batch(batch.msgs.size(), {send_error::wrong_target}));
}

// -- time, and the end --------------------------------------------------------

void worker_state::handle_tick() {
  timer_->handle_tick();
  if (!link_)
    return;
  watch_limits();
  // A process that was stopped for long has been given up meanwhile.
  if (link_->lost(now())) {
    lose_coordinator("it does not answer");
    return;
  }
  if (auto sign = link_->poll_sign(now()))
    tell(link_sign{sign->messages, sign->bytes});
  timer_->wait_until(link_->poll_timeout());
}

void worker_state::handle_down(const caf::down_msg& msg) {
  if (coordinator_.address() == msg.source) {
    lose_coordinator("its process has ended");
    return;
  }
  if (local_.handle_down(msg))
    return finish_stop();
  if (hosted_.erase(msg.source) > 0)
    return;
  if (auto x = foreign_engines_.extract(msg.source); !x.empty()) {
    engines_->handle_end(x.mapped());
    send_message(self_, coordinator_, ended_engine{x.mapped()});
    return;
  }
  auto known = proxy_ids_.find(msg.source.id());
  if (known == proxy_ids_.end())
    return;
  auto id = known->second;
  if (msg.reason)
    services_.log.error("the Node Proxy of {} has failed", to_hex(id.data));
  auto record = std::move(proxies_.at(id).record);
  forget_proxy(id);
  if (auto claim = peers_.handle_failure(id))
    tell(ended_service{id, *claim,
                       record ? std::optional{form_of(*record, now())}
                              : std::nullopt});
  go_on();
  finish_stop();
}

/// There is nobody who knows whom to serve, and where to leave what is known of
/// them.
void worker_state::lose_coordinator(std::string_view why) {
  if (!link_)
    return;
  services_.log.error("the coordinator of this worker is lost: {}; it ends",
                      why);
  link_.reset();
  handed_.fail_all(send_failure::unconfirmed_cause::worker_lost);
  fail_requests();
  for (const auto& [number, x] : std::exchange(proven_, {}))
    handshakes_.turn_down(x, arrival_error::shutting_down);
  // Some may still wait for its word.
  if (stopping_)
    for (auto& [id, to] : proxies_)
      if (peers_.is_offered(id))
        send_to(to, stop_node_proxy{duration{0}, true});
  begin_stop(duration{0});
  finish_stop();
}

caf::result<router_stopped> worker_state::handle(const stop_router& msg) {
  auto waiting = make_promise<router_stopped>(self_);
  stop_waiting_ = waiting;
  grace_ = msg.grace;
  if (!link_)
    begin_stop(msg.grace);
  else if (!std::exchange(leaving_, true))
    tell(leaving{});
  return waiting;
}

/// Nothing comes any more that is not here.
void worker_state::begin_stop(duration grace) {
  if (std::exchange(stopping_, true))
    return;
  leaving_ = true;
  grace_ = grace;
  // Of what is offered the coordinator says whether it is to go on.
  for (auto& [id, to] : proxies_)
    if (!link_ || !peers_.is_offered(id))
      send_to(to, stop_node_proxy{grace, true});
  local_.handle_stop(grace);
  go_on();
  finish_stop();
}

void worker_state::finish_stop() {
  if (!stopping_ || !proxies_.empty() || !local_.ended())
    return;
  // The coordinator is to have all that was said before.
  if (link_) {
    if (!std::exchange(has_left_, true))
      tell(left{});
    return;
  }
  fulfil(stop_waiting_, router_stopped{});
  self_->quit();
}

// -- the actor ----------------------------------------------------------------

namespace {

/// Has the coordinator answer.
template <class Answer, class Msg>
auto coordinated(worker_state& state) {
  return [&state](const Msg& msg) {
    return state.ask_coordinator<Answer>(msg);
  };
}

router_service::behavior_type
worker_behavior(router_service::stateful_pointer<worker_state> self,
                const node_config& config,
                const router_dependencies& services) {
  auto& state = state_of(self);
  state.start(config, services);
  return {
    [&state](node_out_msg& msg) { return state.handle(msg); },
    coordinated<node_connect_reply, node_connect_request>(state),
    coordinated<node_advert_reply, node_advert>(state),
    [&state](node_out_batch& msg) { return state.handle(msg); },
    [&state](const register_engine& msg) { return state.handle(msg); },
    coordinated<engine_unregistered, unregister_engine>(state),
    coordinated<engine_found, lookup_engine>(state),
    [&state](const lookup_node_proxy& msg) { return state.handle(msg); },
    [&state](get_local_advert) { return state.advert(); },
    [&state](const local_addresses& msg) { return state.handle(msg); },
    coordinated<node_metrics, get_node_metrics>(state),
    coordinated<node_status, get_node_status>(state),
    coordinated<node_parting, disconnect_node>(state),
    coordinated<node_parting, forget_node>(state),
    coordinated<node_advert, get_node_advert>(state),
    coordinated<connected_nodes, get_connected_nodes>(state),
    coordinated<done, subscribe_observer>(state),
    coordinated<done, unsubscribe_observer>(state),
    [&state](const stop_router& msg) { return state.handle(msg); },
    coordinated<connect_reply, connect_request>(state),
    [&state](const admission_request& msg) { return state.handle(msg); },
    [&state](const proven_connection& msg) { state.handle(msg); },
    [&state](const handshake_failed& msg) { state.handle(msg); },
    [&state](const request_ended& msg) { state.handle(msg); },
    [&state](const proxy_event& msg) { state.handle(msg); },
    [&state](node_proxy_dormant& msg) { state.handle(msg); },
    [&state](passed_on& msg) { state.handle(msg); },
    [&state](const all_peer_metrics& msg) { state.handle(msg); },
    [&state](all_peer_statuses& msg) { state.handle(msg); },
    [](const engine_left&) {
      // Its coordinator reports it.
    },
    [&state](tick) { state.handle_tick(); },
    [](const join_node&) {
      return node_joined{
        "a worker has no workers: join its coordinator", {}, 0};
    },
    [](const worker_report&) {
      // For coordinators.
    },
    [&state](worker_order& msg) { state.handle(msg); },
    [&state](const shared_engine& msg) { state.handle(msg); },
    [&state](const ended_engine& msg) { state.handle(msg); },
  };
}

} // namespace

router_service spawn_worker_router(caf::actor_system& system,
                                   const node_config& config,
                                   const router_dependencies& services) {
  return spawn_in_loop<router_service, worker_state>(
    system, *services.loops.front(),
    [=](auto* self) { return worker_behavior(self, config, services); });
}

} // namespace node_proxy::internal
