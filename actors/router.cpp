#include <node_proxy/actors/router/router_service.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

#include <node_proxy/actors/loop/loop_actor.hpp>
#include <node_proxy/actors/loop/now.hpp>
#include <node_proxy/actors/loop/os_random.hpp>
#include <node_proxy/actors/router/router_state.hpp>
#include <node_proxy/base/hex.hpp>
#include <node_proxy/protocol/wire/advert.hpp>

namespace node_proxy::internal {

namespace {

/// Seconds of Unix time: the first version of an advert, so that a node that
/// forgot its last one does not fall behind it.
std::uint64_t unix_time() {
  auto since = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(
    std::chrono::duration_cast<std::chrono::seconds>(since).count());
}

} // namespace

router_state::router_state(router_service::pointer self)
  : self_(self), random_(os_random_key()),
    engines_(std::make_shared<engine_directory>()),
    unanswered_(std::make_shared<unanswered_failures>()) {
  // nop
}

void router_state::start(const node_config& config,
                         const router_services& services,
                         const stored_state& stored) {
  config_ = config;
  services_ = services;
  earlier_version_ = stored.own_version;
  adverts_ = advert_book{config_.adverts_kept};
  book_ = peer_book{config_.peers_kept};
  for (const auto& id : stored.permanent_peers) {
    permanent_peers_.insert(id);
    adverts_.handle_hold(id, advert_hold::permanent);
  }
  for (const auto& x : config_.adverts)
    adverts_.handle_hold(x.id, advert_hold::configured);
  for (const auto& x : stored.nodes) {
    hold_if_named(x.advert.id);
    adverts_.handle_stored(x);
  }
  // There is no way back to one of which nothing is known.
  for (const auto& id : stored.connected_peers)
    if (adverts_.find(id))
      noted_connected_.insert(id);
    else
      unwritten_.connected[id] = false;
  for (const auto& x : config_.adverts)
    introduce(x);
  write_state();
  set_unexpected_handler(self_, [this] {
    services_.log.warn("ignored a message to the Router: it is none of those "
                       "that users and other processes may send");
  });
  self_->set_down_handler(
    [this](const caf::down_msg& msg) { handle_down(msg); });
}

router_state::~router_state() {
  engines_->close();
  // Nobody else would end them.
  if (local_)
    caf::anon_send_exit(local_, caf::exit_reason::user_shutdown);
  for (const auto& [id, to] : proxies_)
    caf::anon_send_exit(to.handle, caf::exit_reason::user_shutdown);
}

// -- what local engines ask
// ----------------------------------------------------

caf::result<delivered> router_state::handle(node_out_msg& msg) {
  if (is_local(msg) && !stopping_)
    return self_->delegate(local(), routed_msg{std::move(msg)});
  if (is_local(msg))
    return refuse<delivered>(errc::shutting_down, {});
  auto to = find_or_spawn(*msg.msg.target.node);
  if (!to)
    return refuse<delivered>(to.error(), to_hex(msg.msg.target.node->data));
  ++(*to)->sent;
  return self_->delegate((*to)->handle, routed_msg{std::move(msg)});
}

caf::result<batch_outcome> router_state::handle(node_out_batch& batch) {
  if (batch.msgs.empty())
    return batch_outcome{};
  const auto& first = batch.msgs.front();
  auto same_target = [this, &first](const node_out_msg& x) {
    return x.msg.target.node == first.msg.target.node
           || (is_local(x) && is_local(first));
  };
  auto count = batch.msgs.size();
  if (!std::ranges::all_of(batch.msgs, same_target))
    return refuse<batch_outcome>(
      errc::wrong_target, "the messages of a batch name one node, the same",
      count);
  if (is_local(first) && !stopping_)
    return self_->delegate(local(), routed_batch{std::move(batch)});
  if (is_local(first))
    return refuse<batch_outcome>(errc::shutting_down, {}, count);
  auto id = *first.msg.target.node;
  auto to = find_or_spawn(id);
  if (!to)
    return refuse<batch_outcome>(to.error(), to_hex(id.data), count);
  ++(*to)->sent;
  return self_->delegate((*to)->handle, routed_batch{std::move(batch)});
}

node_connect_reply router_state::handle(const node_connect_request& msg) {
  auto to = find_or_spawn(msg.id);
  if (!to && to.error() == errc::unknown_node)
    return {node_connect_result::unknown};
  if (!to)
    return {node_connect_result::denied};
  if (msg.permanent) {
    set_permanent(msg.id, true);
    send_as_user(**to, connection_permanence::permanent);
  } else {
    send_to(**to, connect_now{});
  }
  return {node_connect_result::ok};
}

node_advert_reply router_state::handle(const node_advert& advert) {
  if (advert.id == config_.self->id())
    return {node_advert_refusal::wrong_node};
  // A stale one may still say where the node is.
  if (auto ok = check_advert(advert, advert.id, 0); !ok)
    return {ok.error()};
  auto newer = advert.version > adverts_.version(advert.id);
  hold_if_named(advert.id);
  if (adverts_.handle_introduction(advert)) {
    keep(advert.id);
    if (auto to = proxies_.find(advert.id); to != proxies_.end())
      send_as_user(to->second, advert);
  }
  if (!newer)
    return {node_advert_refusal::stale};
  report({advert_event{advert.id, advert.version}});
  return {node_advert_accepted{advert.version}};
}

caf::result<node_proxy_found>
router_state::handle(const lookup_node_proxy& msg) {
  auto to = find_or_spawn(msg.id);
  if (!to)
    return refuse<node_proxy_found>(to.error(), to_hex(msg.id.data));
  send_to(**to, looked_up{});
  return node_proxy_found{(*to)->handle};
}

node_advert router_state::handle(local_addresses msg) {
  addresses_ = std::move(msg.addresses);
  auto first = !local_advert_;
  issue_advert(1 + (first ? earlier_version_ : local_advert_->version));
  // Peers are to get it with the handshake.
  if (first) {
    dial_permanent_peers();
    come_back();
  }
  return advert();
}

node_metrics router_state::metrics() {
  node_metrics result;
  result.connected_peers = connected_.size();
  result.node_proxies = proxies_.size();
  result.remembered_peers = book_.size(now_of(self_).steady);
  result.known_adverts = adverts_.size();
  for (const auto& [reason, count] : failed_handshakes_)
    result.failed_handshakes.push_back({std::string{reason}, count});
  result.unanswered_failures = unanswered_->counts();
  return result;
}

caf::result<router_stopped> router_state::handle(const stop_router& msg) {
  stopping_ = true;
  unanswered_before_ = unanswered_->total();
  auto waiting = make_promise<router_stopped>(self_);
  stop_waiting_ = waiting;
  for (auto& [id, to] : proxies_)
    send_to(to, stop_node_proxy{msg.grace});
  if (local_)
    self_->send(local_, stop_node_proxy{msg.grace});
  finish_stop();
  return waiting;
}

// -- private
// -------------------------------------------------------------------

/// What delivers to engines of this node.
local_delivery_actor& router_state::local() {
  if (!local_) {
    local_ = spawn_local_delivery(
      self_->system(), {config_.self->id(), config_.settings, services_.loop,
                        engines_, services_.log, unanswered_});
    self_->monitor(local_);
  }
  return local_;
}

/// The Node Proxy of a node that may be talked to. Errors: denied,
/// unknown_node, wrong_target, shutting_down, outbox_full (of guests).
expected<router_state::proxy*, errc>
router_state::find_or_spawn(const node_id& id) {
  if (stopping_)
    return unexpected{errc::shutting_down};
  if (id == config_.self->id())
    return unexpected{errc::wrong_target};
  auto facts = facts_about(id);
  if (!facts.allowed || facts.twin_connected)
    return unexpected{errc::denied};
  if (auto known = proxies_.find(id); known != proxies_.end())
    return &known->second;
  auto key = noise_key_of(id);
  if (!key || !is_known(id))
    return unexpected{errc::unknown_node};
  auto guest = is_guest(id);
  if (guest && !has_room_for_guest())
    return unexpected{errc::outbox_full};
  auto record = book_.take(id, now_of(self_).steady);
  auto& result =
    spawn_proxy(id, *key, record ? *record : peer_record{random_.next_u64()});
  result.guest = guest;
  return &result;
}

/// Whether there may be a way to a node: it says where it is, or came to us.
bool router_state::is_known(const node_id& id) {
  return adverts_.find(id) || book_.find(id, now_of(self_).steady) != nullptr;
}

/// Whether nothing but its own coming has made a node known.
bool router_state::is_guest(const node_id& id) const {
  return !permanent_peers_.contains(id) && !config_.admission.names(id)
         && !adverts_.introduced(id);
}

router_state::proxy& router_state::spawn_proxy(const node_id& id,
                                               const noise_public_key& key,
                                               const peer_record& record) {
  node_proxy_config config;
  config.self = config_.self;
  config.remote = id;
  config.remote_key = key;
  config.record = record;
  config.settings = config_.settings;
  config.seed = random_.next_key();
  config.transport = services_.transport;
  config.loop = services_.loop;
  config.router = caf::actor_cast<node_proxy_supervisor>(self_);
  config.engines = engines_;
  config.log = services_.log;
  config.unanswered = unanswered_;
  config.local_advert = local_advert_;
  if (auto known = adverts_.find(id))
    config.remote_known = *known;
  adverts_.handle_hold(id, advert_hold::served);
  auto handle = spawn_node_proxy(self_->system(), std::move(config));
  self_->monitor(handle);
  auto& result = proxies_[id];
  proxy_ids_.emplace(handle.id(), id);
  result.handle = std::move(handle);
  result.epoch = record.epoch;
  result.permanent = permanent_peers_.contains(id);
  if (result.permanent)
    send_as_user(result, connection_permanence::permanent);
  return result;
}

connect_facts router_state::facts_about(const node_id& id) const {
  connect_facts result;
  result.versions = config_.settings.versions;
  result.allowed = config_.admission.allows(id);
  // What a Node Proxy does is known here only later. So while there is one,
  // its peer is taken for connected.
  result.twin_connected = proxies_.contains(twin_of(id));
  result.over_capacity = !has_room_for(id);
  result.advert_versions = {local_advert_ ? local_advert_->version : 0,
                            adverts_.version(id)};
  return result;
}

/// Whether one more peer may be connected. Those that came and left count, too,
/// while something is kept for them, such as what slow engines have not taken:
/// somebody who comes under ever new names is not to fill the memory.
bool router_state::has_room_for(const node_id& id) const {
  auto known = proxies_.find(id);
  if (known != proxies_.end()
      && (known->second.connected || known->second.permanent))
    return true;
  if (connected_.size() >= config_.max_peers)
    return false;
  return known != proxies_.end() || has_room_for_guest();
}

/// Whether one more may be here or gone that came by itself.
bool router_state::has_room_for_guest() const {
  if (proxies_.size() < config_.max_peers)
    return true;
  auto left = std::ranges::count_if(proxies_, [](const auto& x) {
    return x.second.guest && !x.second.connected;
  });
  return static_cast<std::size_t>(left) < config_.max_peers;
}

/// Issues an advert of this node with at least the given version.
void router_state::issue_advert(std::uint64_t version) {
  auto advert = std::make_shared<node_advert>();
  advert->addrs = addresses_;
  advert->version = std::max(version, unix_time());
  advert->created = now_of(self_).minute();
  if (auto ok = sign_advert(*config_.self, *advert); !ok) {
    services_.log.error("cannot sign the advert of this node: {}",
                        to_string(ok.error()));
    return;
  }
  local_advert_ = std::move(advert);
  unwritten_.own_version = local_advert_->version;
  write_state();
  for (auto& [id, to] : proxies_)
    send_to(to, local_advert_changed{local_advert_});
}

void router_state::handle_down(const caf::down_msg& msg) {
  if (local_ && local_.address() == msg.source) {
    local_ = nullptr;
    finish_stop();
    return;
  }
  auto proxy = proxy_ids_.find(msg.source.id());
  if (proxy == proxy_ids_.end())
    return;
  auto remote = proxy->second;
  if (proxies_.at(remote).connected)
    handle_event(remote, peer_disconnected{"node_proxy_ended"});
  forget_proxy(remote);
  finish_stop();
}

void router_state::finish_stop() {
  if (!stopping_ || !proxies_.empty() || local_ || writing_)
    return;
  if (auto lost = unanswered_->total() - unanswered_before_; lost > 0)
    services_.log.warn("at the end {} messages were not delivered, or not "
                       "acknowledged, whose senders wait for no answer",
                       lost);
  fulfil(stop_waiting_, router_stopped{});
  self_->quit();
}

void router_state::report(node_event event) const {
  if (config_.observer)
    caf::anon_send(config_.observer, std::move(event));
}

namespace {

router_service::behavior_type
router_behavior(router_service::stateful_pointer<router_state> self,
                const node_config& config, const router_services& services,
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
    [&state](get_node_metrics) { return state.metrics(); },
    [&state](const stop_router& msg) { return state.handle(msg); },
    [&state](const admission_request& msg) { return state.handle(msg); },
    [&state](const proven_connection& msg) { state.handle(msg); },
    [&state](const handshake_failed& msg) { state.handle(msg); },
    [&state](const come_back_to& msg) { state.handle(msg); },
    [&state](const proxy_event& msg) { state.handle(msg); },
    [&state](node_proxy_dormant& msg) { state.handle(msg); },
    [&state](passed_on& msg) { state.handle(msg); },
  };
}

} // namespace

router_service spawn_router(caf::actor_system& system,
                            const node_config& config,
                            const router_services& services,
                            const stored_state& stored) {
  return spawn_in_loop<router_service, router_state>(
    system, *services.loop, [=](auto* self) {
      return router_behavior(self, config, services, stored);
    });
}

} // namespace node_proxy::internal
