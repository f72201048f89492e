#include <node_proxy/actors/router/router_service.hpp>

#include <chrono>
#include <utility>

#include <node_proxy/actors/caf/sending.hpp>
#include <node_proxy/actors/loop/loop_actor.hpp>
#include <node_proxy/actors/loop/now.hpp>
#include <node_proxy/actors/loop/os_random.hpp>
#include <node_proxy/actors/proxy/outcome.hpp>
#include <node_proxy/actors/router/router_state.hpp>
#include <node_proxy/base/hex.hpp>

namespace node_proxy::internal {

namespace {

/// Seconds of Unix time: the first version of an advert, so that a node that
/// forgot its last one does not fall behind it.
std::uint64_t unix_time() {
  auto since = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(
    std::chrono::duration_cast<std::chrono::seconds>(since).count());
}

directory_settings settings_of(const node_config& config) {
  directory_settings result;
  result.versions = config.settings.versions;
  result.admission = config.admission;
  result.max_peers = config.max_peers;
  result.handshake_timeout = config.settings.handshake_timeout;
  result.adverts_kept = config.adverts_kept;
  result.peers_kept = config.peers_kept;
  for (const auto& x : config.adverts)
    result.configured.push_back(x.id);
  return result;
}

/// How many messages for engines somebody has sent at once.
std::uint64_t messages_in(const caf::message& content) {
  if (content.match_elements<node_out_msg>())
    return 1;
  if (content.match_elements<node_out_batch>())
    return content.get_as<node_out_batch>(0).msgs.size();
  return 0;
}

} // namespace

router_state::router_state(router_service::pointer self)
  : self_(self), engines_(std::make_shared<engine_directory>(
                   caf::actor_cast<caf::actor_addr>(self))),
    spawner_(self), local_(self) {
  // nop
}

void router_state::start(const node_config& config,
                         const router_dependencies& services,
                         const stored_state& stored) {
  config_ = config;
  services_ = services;
  unanswered_ = services.unanswered;
  settings_ = settings_of(config_);
  spawner_.start(config_, services_, engines_);
  local_.start(config_, services_, engines_);
  directory_.emplace(settings_, config_.self, stored,
                     random_source{os_random_key()});
  timer_.emplace(services_.loops.front(),
                 caf::actor_cast<tick_receiver>(self_));
  if (config_.max_workers > 0)
    workers_ = std::make_unique<node_workers>();
  started_ = now_of(self_).steady;
  if (config_.observer)
    static_cast<void>(observers_.add(config_.observer));
  for (const auto& x : config_.adverts)
    introduce(x);
  act();
  set_unexpected_handler(self_, [this] {
    services_.log.warn("ignored a message to the Router: it is none of those "
                       "that users and other processes may send");
  });
  set_down_handler(self_,
                   [this](const caf::down_msg& msg) { handle_down(msg); });
}

router_state::~router_state() {
  engines_->close();
  if (auto workers = std::exchange(workers_, nullptr))
    end_workers(*workers);
  answer_surveys();
  // Nobody else would end them.
  for (const auto& [id, to] : proxies_)
    if (!to.elsewhere)
      caf::anon_send_exit(to.handle, caf::exit_reason::user_shutdown);
}

/// Answers all who wait for a worker.
void router_state::end_workers(node_workers& workers) {
  for (auto& [id, x] : workers.all)
    x.handed.fail_all(send_failure::unconfirmed_cause::shutting_down);
  for (const auto& [id, to] : proxies_)
    workers.held.handle_release(id);
  while (auto x = workers.held.poll_released())
    x->second.answer(
      failed_batch(x->second.batch.msgs.size(), {send_error::shutting_down}));
  for (auto& [number, x] : workers.registrations)
    fail(x.waiting, make_error(errc::shutting_down));
  for (auto& [number, x] : workers.partings)
    fail(x.waiting, make_error(errc::shutting_down));
}

// -- what local engines ask ---------------------------------------------------

caf::result<delivered> router_state::handle(node_out_msg& msg) {
  auto here = local_.is_local(msg);
  if (here && !stopping_)
    return local_.deliver(std::move(msg));
  if (here)
    return refuse<delivered>(errc::shutting_down, {});
  auto to = find_or_spawn(*msg.msg.target.node);
  if (!to)
    return refuse_peer<delivered>(*msg.msg.target.node, to.error());
  if ((*to)->elsewhere) {
    node_out_batch batch;
    batch.msgs.push_back(std::move(msg));
    hand_on(*(*to)->elsewhere, std::move(batch),
            answer_to(make_promise<delivered>(self_), unanswered_));
    return caf::delegated<delivered>{};
  }
  (*to)->retirement.handle_sent();
  return delegate_message(self_, (*to)->handle, routed_msg{std::move(msg)});
}

caf::result<batch_outcome> router_state::handle(node_out_batch& batch) {
  if (batch.msgs.empty())
    return batch_outcome{};
  const auto& first = batch.msgs.front();
  auto count = batch.msgs.size();
  if (!local_.is_for_one_node(batch))
    return local_.refuse_mixed(batch);
  auto here = local_.is_local(first);
  if (here && !stopping_)
    return local_.deliver(std::move(batch));
  if (here)
    return refuse<batch_outcome>(errc::shutting_down, {}, count);
  auto id = *first.msg.target.node;
  auto to = find_or_spawn(id);
  if (!to)
    return refuse_peer<batch_outcome>(id, to.error(), count);
  if ((*to)->elsewhere) {
    hand_on(*(*to)->elsewhere, std::move(batch),
            answer_to(make_promise<batch_outcome>(self_), unanswered_));
    return caf::delegated<batch_outcome>{};
  }
  (*to)->retirement.handle_sent();
  return delegate_message(self_, (*to)->handle, routed_batch{std::move(batch)});
}

node_connect_reply router_state::handle(const node_connect_request& msg) {
  auto to = find_or_spawn(msg.id);
  if (!to && to.error() == send_error::unknown_node)
    return {node_connect_result::unknown};
  if (!to)
    return {node_connect_result::denied};
  if (msg.permanent) {
    take(msg.id, connection_permanence::permanent);
    send_as_user(**to, connection_permanence::permanent);
  } else {
    send_to(**to, connect_now{});
  }
  return {node_connect_result::ok};
}

node_advert_reply router_state::handle(const node_advert& advert) {
  auto reply = directory_->handle_introduction(advert);
  act();
  if (auto taken = std::get_if<node_advert_accepted>(&reply.result))
    report({advert_event{advert.id, taken->version}});
  return reply;
}

caf::result<node_proxy_found>
router_state::handle(const lookup_node_proxy& msg) {
  auto to = find_or_spawn(msg.id);
  if (!to)
    return refuse_peer<node_proxy_found>(msg.id, to.error());
  if ((*to)->elsewhere) {
    auto waiting = make_promise<node_proxy_found>(self_);
    const auto& holder = workers_->all.at((*to)->elsewhere->holder).handle;
    // CAF says nothing of a request to a process that has died since.
    send_request(self_, holder, config_.worker_timeout, msg)
      .then([waiting](
              node_proxy_found& x) mutable { fulfil(waiting, std::move(x)); },
            [waiting](const caf::error&) mutable {
              fail(waiting, make_error(errc::shutting_down));
            });
    return caf::delegated<node_proxy_found>{};
  }
  send_here(**to, looked_up{});
  return node_proxy_found{(*to)->handle};
}

void router_state::handle(passed_on& msg) {
  auto waits = is_request(self_);
  auto to = find_or_spawn(msg.remote);
  if (!to) {
    if (waits)
      self_->make_response_promise().deliver(
        error_about(msg.remote, to.error()));
    else
      unanswered_->add(to_errc(to.error()), messages_in(msg.content));
    return;
  }
  if ((*to)->elsewhere)
    return pass_on_elsewhere(*(*to)->elsewhere, msg.content);
  auto handle = caf::actor_cast<caf::actor>((*to)->handle);
  if (waits)
    delegate_message(self_, handle, std::move(msg.content));
  else
    send_anonymously(handle, std::move(msg.content));
  send_here(**to, routed_mark{});
}

node_advert router_state::handle(local_addresses msg) {
  running_ = true;
  own_addresses_ = std::move(msg.addresses);
  directory_->handle_listening(!own_addresses_.empty());
  advertise();
  return advert();
}

/// Tells others where the processes of this node are.
void router_state::advertise() {
  auto all = own_addresses_;
  if (workers_)
    for (const auto& [id, x] : workers_->all)
      if (!x.leaving)
        all.insert(all.end(), x.addresses.begin(), x.addresses.end());
  if (all.size() > limits::advert_addresses) {
    services_.log.warn("the advert of this node has {} of {} addresses: there "
                       "is no room for more",
                       limits::advert_addresses, all.size());
    all.resize(limits::advert_addresses);
  }
  check_issued(directory_->handle_local_addresses(std::move(all), unix_time(),
                                                  now_of(self_)));
  act();
}

caf::result<router_stopped> router_state::handle(const stop_router& msg) {
  stopping_ = true;
  directory_->handle_shutdown();
  unanswered_before_ = unanswered_->total();
  auto waiting = make_promise<router_stopped>(self_);
  stop_waiting_ = waiting;
  for (auto& [id, to] : proxies_)
    if (!to.elsewhere)
      send_here(to, stop_node_proxy{msg.grace});
  tell_all(leave_now{milliseconds(msg.grace)});
  local_.handle_stop(msg.grace);
  finish_stop();
  return waiting;
}

// -- private ------------------------------------------------------------------

/// The Node Proxy of a node that may be talked to. Errors: those of
/// `peer_directory::handle_wanted`.
expected<router_state::proxy*, send_error>
router_state::find_or_spawn(const node_id& id) {
  if (stopping_)
    return unexpected{send_error::shutting_down};
  // Each message goes this way: whoever is served was admitted.
  if (auto known = proxies_.find(id); known != proxies_.end())
    return &known->second;
  auto ok = directory_->handle_wanted(id, now_of(self_).steady);
  if (!ok)
    return unexpected{ok.error()};
  act();
  return &proxies_.at(id);
}

/// A Node Proxy of this process has ended.
void router_state::end_own(const node_id& id,
                           std::optional<peer_record> record) {
  directory_->handle_end(coordinator, id, directory_->find(id)->number,
                         std::move(record), now_of(self_).steady);
  act();
}

/// Takes an advert that an operator has given.
void router_state::introduce(const node_advert& advert) {
  auto reply = handle(advert);
  auto refused = std::get_if<node_advert_refusal>(&reply.result);
  if (!refused)
    return;
  if (*refused == node_advert_refusal::stale)
    services_.log.info(
      "version {} of the advert of {} is known; the addresses of "
      "version {} that was given are tried, too",
      directory_->adverts().version(advert.id), to_hex(advert.id.data),
      advert.version);
  else
    services_.log.warn("the advert of {} that was given is not used: {}",
                       to_hex(advert.id.data), to_string(*refused));
}

void router_state::handle_down(const caf::down_msg& msg) {
  if (local_.handle_down(msg))
    return finish_stop();
  auto proxy = proxy_ids_.find(msg.source.id());
  // Actors of other processes may have the same number.
  if (proxy == proxy_ids_.end()
      || proxies_.at(proxy->second).handle.address() != msg.source) {
    observers_.handle_down(msg.source);
    return handle_worker_down(msg);
  }
  auto remote = proxy->second;
  end_own(remote, std::nullopt);
  if (msg.reason) {
    services_.log.error("the Node Proxy of {} has failed", to_hex(remote.data));
    report({node_proxy_ended_event{remote}});
  }
  finish_stop();
}

void router_state::finish_stop() {
  if (!stopping_ || !proxies_.empty() || !local_.ended() || writing_
      || (workers_ && !workers_->all.empty()))
    return;
  if (auto lost = unanswered_->total() - unanswered_before_; lost > 0)
    services_.log.warn("at the end {} messages were not delivered, or not "
                       "acknowledged, whose senders wait for no answer",
                       lost);
  fulfil(stop_waiting_, router_stopped{});
  self_->quit();
}

namespace {

router_service::behavior_type
router_behavior(router_service::stateful_pointer<router_state> self,
                const node_config& config, const router_dependencies& services,
                const stored_state& stored) {
  auto& state = state_of(self);
  state.start(config, services, stored);
  return {
    [&state](node_out_msg& msg) { return state.handle(msg); },
    [&state](const node_connect_request& msg) { return state.handle(msg); },
    [&state](const node_advert& msg) { return state.handle(msg); },
    [&state](node_out_batch& msg) { return state.handle(msg); },
    [&state](const register_engine& msg) { return state.handle(msg); },
    [&state](const unregister_engine& msg) { return state.handle(msg); },
    [&state](const lookup_engine& msg) { return state.handle(msg); },
    [&state](const lookup_node_proxy& msg) { return state.handle(msg); },
    [&state](get_local_advert) { return state.advert(); },
    [&state](const local_addresses& msg) { return state.handle(msg); },
    [&state](get_node_metrics msg) { return state.handle(msg); },
    [&state](get_node_status msg) { return state.handle(msg); },
    [&state](const disconnect_node& msg) { return state.handle(msg); },
    [&state](const forget_node& msg) { return state.handle(msg); },
    [&state](const get_node_advert& msg) { return state.handle(msg); },
    [&state](get_connected_nodes msg) { return state.handle(msg); },
    [&state](const subscribe_observer& msg) { return state.handle(msg); },
    [&state](const unsubscribe_observer& msg) { return state.handle(msg); },
    [&state](const stop_router& msg) { return state.handle(msg); },
    [&state](const connect_request& msg) { return state.handle(msg); },
    [&state](const admission_request& msg) { return state.handle(msg); },
    [&state](const proven_connection& msg) { state.handle(msg); },
    [&state](const handshake_failed& msg) { state.handle(msg); },
    [&state](const request_ended& msg) { state.handle(msg); },
    [&state](const proxy_event& msg) { state.handle(msg); },
    [&state](node_proxy_dormant& msg) { state.handle(msg); },
    [&state](passed_on& msg) { state.handle(msg); },
    [&state](all_peer_metrics& msg) { state.handle(msg); },
    [&state](all_peer_statuses& msg) { state.handle(msg); },
    [&state](const engine_left& msg) { state.handle(msg); },
    [&state](tick) { state.handle_tick(); },
    [&state](const join_node& msg) { return state.handle(msg); },
    [&state](worker_report& msg) { state.handle(msg); },
    [](const worker_order&) {
      // For workers.
    },
    [](const shared_engine&) {
      // For workers, too.
    },
    [&state](const ended_engine& msg) { state.handle(msg); },
  };
}

} // namespace

router_service spawn_router(caf::actor_system& system,
                            const node_config& config,
                            const router_dependencies& services,
                            const stored_state& stored) {
  return spawn_in_loop<router_service, router_state>(
    system, *services.loops.front(), [=](auto* self) {
      return router_behavior(self, config, services, stored);
    });
}

} // namespace node_proxy::internal
