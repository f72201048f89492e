#include <node_proxy/actors/router.hpp>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>

#include <spdlog/spdlog.h>

#include <node_proxy/actors/node_event.hpp>
#include <node_proxy/actors/now.hpp>
#include <node_proxy/actors/os_random.hpp>
#include <node_proxy/actors/outcome.hpp>
#include <node_proxy/protocol/advert.hpp>
#include <node_proxy/protocol/hex.hpp>
#include <node_proxy/protocol/random_source.hpp>
#include <node_proxy/protocol/utf8.hpp>

namespace node_proxy {

namespace {

/// Seconds of Unix time: the first version of an advert, so that a node that
/// forgot its last one does not fall behind it.
std::uint64_t unix_time() {
  auto since = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(
    std::chrono::duration_cast<std::chrono::seconds>(since).count());
}

class router_state {
public:
  explicit router_state(router_actor::pointer self)
    : self_(self), random_(os_random_key()),
      engines_(std::make_shared<engine_directory>()) {
    // nop
  }

  void start(const node_config& config, transport_actor transport);

  // -- what local engines ask
  // --------------------------------------------------

  caf::result<delivered> handle(node_out_msg& msg);
  caf::result<batch_outcome> handle(node_out_batch& batch);
  node_connect_reply handle(const node_connect_request& msg);
  node_advert_reply handle(const node_advert& advert);
  caf::result<engine_registered> handle(const register_engine& msg);
  caf::result<engine_unregistered> handle(const unregister_engine& msg);
  caf::result<engine_found> handle(const lookup_engine& msg);
  caf::result<node_proxy_found> handle(const lookup_node_proxy& msg);
  node_advert handle(local_addresses msg);
  node_metrics metrics() const;
  caf::result<router_stopped> handle(const stop_router& msg);

  node_advert advert() const {
    return local_advert_ ? *local_advert_ : node_advert{};
  }

  // -- what acceptors and Node Proxies say
  // -------------------------------------

  admission handle(const admission_request& msg);
  void handle(const proven_connection& msg);
  void handle(const proxy_event& msg);

  void handle(const handshake_failed& msg) {
    ++failed_handshakes_[msg.reason];
    spdlog::debug("inbound handshake failed: {}", msg.reason);
  }

private:
  struct proxy {
    node_proxy_actor handle;
    std::uint64_t epoch = 0;
    bool connected = false;
    bool permanent = false;
    // The peer's last word if it refused us, until it takes us.
    std::optional<connect_reply_error> refused = std::nullopt;
    // None of its addresses answered, since it was last connected.
    bool unreachable = false;
  };

  expected<proxy*, errc> find_or_spawn(const node_id& id);
  proxy& spawn_proxy(const node_id& id, const noise_public_key& key,
                     std::uint64_t epoch);
  connect_facts facts_about(const node_id& id) const;
  void publish_engines(engine_directory engines);
  void issue_advert(std::uint64_t version);
  void handle_down(const caf::down_msg& msg);
  void finish_stop();
  void report(node_event event) const;

  void handle_what(const node_id& remote, const peer_event& event);
  void handle_what(const node_id& remote, const learned_advert& msg);
  void handle_what(const node_id& remote, const overtaken_advert& msg);
  void handle_event(const node_id& remote, const peer_connected& event);
  void handle_event(const node_id& remote, const peer_resumed& event);
  void handle_event(const node_id& remote, const peer_disconnected& event);
  void handle_event(const node_id& remote, const peer_refused& event);
  void handle_event(const node_id& remote, const peer_unreachable& event);

  router_actor::pointer self_;
  node_config config_;
  transport_actor transport_;
  random_source random_;
  std::unordered_map<node_id, proxy> proxies_;
  // Connected peers by their id without the sign bit.
  std::unordered_map<node_id, node_id> connected_;
  std::unordered_map<node_id, node_advert> adverts_;
  std::shared_ptr<const engine_directory> engines_;
  std::vector<weighted_address> addresses_;
  std::shared_ptr<const node_advert> local_advert_;
  std::map<std::string_view, std::uint64_t> failed_handshakes_;
  bool stopping_ = false;
  promise<router_stopped> stop_waiting_;
};

void router_state::start(const node_config& config, transport_actor transport) {
  config_ = config;
  transport_ = std::move(transport);
  for (const auto& x : config_.adverts)
    static_cast<void>(handle(x));
  self_->set_down_handler(
    [this](const caf::down_msg& msg) { handle_down(msg); });
}

// -- what local engines ask
// ----------------------------------------------------

caf::result<delivered> router_state::handle(node_out_msg& msg) {
  if (!msg.msg.target.node)
    return make_error(errc::wrong_target, "the target names no node");
  auto to = find_or_spawn(*msg.msg.target.node);
  if (!to)
    return make_error(to.error(), to_hex(msg.msg.target.node->data));
  return self_->delegate((*to)->handle, routed_msg{std::move(msg)});
}

caf::result<batch_outcome> router_state::handle(node_out_batch& batch) {
  if (batch.msgs.empty())
    return batch_outcome{};
  const auto& first = batch.msgs.front().msg.target.node;
  auto same_target = [&first](const node_out_msg& x) {
    return x.msg.target.node == first;
  };
  if (!first || !std::ranges::all_of(batch.msgs, same_target))
    return make_error(errc::wrong_target,
                      "the messages of a batch name one node, the same");
  auto to = find_or_spawn(*first);
  if (!to)
    return make_error(to.error(), to_hex(first->data));
  return self_->delegate((*to)->handle, routed_batch{std::move(batch)});
}

node_connect_reply router_state::handle(const node_connect_request& msg) {
  auto to = find_or_spawn(msg.id);
  if (!to && to.error() == errc::unknown_node)
    return {node_connect_result::unknown};
  if (!to)
    return {node_connect_result::denied};
  if (msg.permanent) {
    (*to)->permanent = true;
    caf::anon_send((*to)->handle, connection_permanence::permanent);
  } else {
    self_->send((*to)->handle, connect_now{});
  }
  return {node_connect_result::ok};
}

node_advert_reply router_state::handle(const node_advert& advert) {
  if (advert.id == config_.self->id())
    return {node_advert_refusal::wrong_node};
  auto known = adverts_.find(advert.id);
  auto version = known != adverts_.end() ? known->second.version : 0;
  if (auto ok = check_advert(advert, advert.id, version); !ok)
    return {ok.error()};
  adverts_[advert.id] = advert;
  if (auto to = proxies_.find(advert.id); to != proxies_.end())
    caf::anon_send(to->second.handle, advert);
  report({advert_event{advert.id, advert.version}});
  return {node_advert_accepted{advert.version}};
}

caf::result<engine_registered>
router_state::handle(const register_engine& msg) {
  if (msg.name.empty() || msg.name.size() > limits::engine_name
      || !is_utf8(msg.name))
    return make_error(errc::bad_config,
                      "an engine name has 1 to 255 bytes of UTF-8");
  if (!msg.engine)
    return make_error(errc::bad_config, "no engine given for " + msg.name);
  auto engines = *engines_;
  if (!engines.emplace(msg.name, engine_entry{msg.engine, msg.batches}).second)
    return make_error(errc::name_in_use, msg.name);
  self_->monitor(msg.engine);
  publish_engines(std::move(engines));
  return engine_registered{msg.name};
}

caf::result<engine_unregistered>
router_state::handle(const unregister_engine& msg) {
  auto engines = *engines_;
  if (engines.erase(msg.name) == 0)
    return make_error(errc::unknown_engine, msg.name);
  publish_engines(std::move(engines));
  return engine_unregistered{msg.name};
}

caf::result<engine_found> router_state::handle(const lookup_engine& msg) {
  auto entry = engines_->find(msg.name);
  if (entry == engines_->end())
    return make_error(errc::unknown_engine, msg.name);
  return engine_found{entry->second.engine};
}

caf::result<node_proxy_found>
router_state::handle(const lookup_node_proxy& msg) {
  auto to = find_or_spawn(msg.id);
  if (!to)
    return make_error(to.error(), to_hex(msg.id.data));
  return node_proxy_found{(*to)->handle};
}

node_advert router_state::handle(local_addresses msg) {
  addresses_ = std::move(msg.addresses);
  issue_advert(local_advert_ ? local_advert_->version + 1 : 1);
  return advert();
}

node_metrics router_state::metrics() const {
  node_metrics result;
  result.connected_peers = connected_.size();
  result.node_proxies = proxies_.size();
  for (const auto& [reason, count] : failed_handshakes_)
    result.failed_handshakes.push_back({std::string{reason}, count});
  return result;
}

caf::result<router_stopped> router_state::handle(const stop_router& msg) {
  stopping_ = true;
  auto waiting = make_promise<router_stopped>(self_);
  stop_waiting_ = waiting;
  for (auto& [id, to] : proxies_)
    self_->send(to.handle, stop_node_proxy{msg.grace});
  finish_stop();
  return waiting;
}

// -- what acceptors and Node Proxies say
// ---------------------------------------

admission router_state::handle(const admission_request& msg) {
  const auto& id = msg.request.src_node_id;
  auto known = proxies_.find(id);
  auto epoch =
    known != proxies_.end() ? known->second.epoch : random_.next_u64();
  return {facts_about(id), epoch};
}

void router_state::handle(const proven_connection& msg) {
  auto& established = msg.session->established;
  const auto& terms = established.terms();
  auto facts = facts_about(terms.remote);
  auto key = noise_key_of(terms.remote);
  // Things may have changed since the peer was admitted.
  if (stopping_ || !key || !facts.allowed || facts.twin_connected
      || facts.over_capacity) {
    auto reason = facts.over_capacity ? control::goodbye_reason::over_capacity
                                      : control::goodbye_reason::denied;
    if (stopping_)
      reason = control::goodbye_reason::shutdown;
    self_->send(msg.connection,
                write_frames{refusal_frames(established, reason)});
    self_->send(msg.connection, shut{});
    return;
  }
  auto known = proxies_.find(terms.remote);
  auto& to = known != proxies_.end()
               ? known->second
               : spawn_proxy(terms.remote, *key, terms.local_epoch);
  self_->send(to.handle, attach_session{msg.session, msg.connection});
}

void router_state::handle(const proxy_event& msg) {
  std::visit([&](const auto& x) { handle_what(msg.remote, x); }, msg.what);
}

void router_state::handle_what(const node_id& remote, const peer_event& event) {
  std::visit([&](const auto& x) { handle_event(remote, x); }, event);
}

void router_state::handle_what(const node_id& remote,
                               const learned_advert& msg) {
  auto& known = adverts_[remote];
  if (msg.advert.version <= known.version)
    return;
  known = msg.advert;
  report({advert_event{remote, known.version}});
}

void router_state::handle_what(const node_id&, const overtaken_advert& msg) {
  if (!local_advert_ || msg.version >= local_advert_->version)
    issue_advert(msg.version + 1);
}

void router_state::handle_event(const node_id& remote,
                                const peer_connected& event) {
  auto direction = event.role == connection_role::initiator
                     ? connection_direction::out
                     : connection_direction::in;
  if (auto to = proxies_.find(remote); to != proxies_.end()) {
    to->second.connected = true;
    to->second.refused.reset();
    to->second.unreachable = false;
    connected_[without_sign_bit(remote)] = remote;
  }
  spdlog::info("connected to {} ({})", to_hex(remote.data),
               to_string(direction));
  report({connected_event{remote, event.proto_ver, direction}});
}

void router_state::handle_event(const node_id& remote,
                                const peer_resumed& event) {
  report({resumed_event{remote, event.resent}});
}

void router_state::handle_event(const node_id& remote,
                                const peer_disconnected& event) {
  if (auto to = proxies_.find(remote); to != proxies_.end()) {
    to->second.connected = false;
    connected_.erase(without_sign_bit(remote));
  }
  spdlog::info("disconnected from {}: {}", to_hex(remote.data), event.reason);
  report({disconnected_event{remote, std::string{event.reason}}});
}

void router_state::handle_event(const node_id& remote,
                                const peer_refused& event) {
  // Attempts go on, but say nothing new.
  auto to = proxies_.find(remote);
  if (to != proxies_.end()
      && std::exchange(to->second.refused, event.reason) == event.reason)
    return;
  spdlog::warn("refused by {}: {}", to_hex(remote.data),
               to_string(event.reason));
  report({refused_event{remote, event.reason}});
}

void router_state::handle_event(const node_id& remote,
                                const peer_unreachable&) {
  auto to = proxies_.find(remote);
  if (to != proxies_.end() && !std::exchange(to->second.unreachable, true))
    spdlog::warn("{} cannot be reached", to_hex(remote.data));
}

// -- private
// -------------------------------------------------------------------

/// The Node Proxy of a node that may be talked to. Errors: denied,
/// unknown_node, wrong_target, shutting_down.
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
  if (!key || !adverts_.contains(id))
    return unexpected{errc::unknown_node};
  return &spawn_proxy(id, *key, random_.next_u64());
}

router_state::proxy& router_state::spawn_proxy(const node_id& id,
                                               const noise_public_key& key,
                                               std::uint64_t epoch) {
  node_proxy_config config;
  config.self = config_.self;
  config.remote = id;
  config.remote_key = key;
  config.epoch = epoch;
  config.settings = config_.settings;
  config.seed = random_.next_key();
  config.transport = transport_;
  config.router = caf::actor_cast<node_proxy_supervisor>(self_);
  config.engines = engines_;
  config.local_advert = local_advert_;
  if (auto known = adverts_.find(id); known != adverts_.end())
    config.remote_advert = known->second;
  auto handle = spawn_node_proxy(self_->system(), std::move(config));
  self_->monitor(handle);
  auto& result = proxies_[id];
  result.handle = std::move(handle);
  result.epoch = epoch;
  return result;
}

connect_facts router_state::facts_about(const node_id& id) const {
  connect_facts result;
  result.versions = config_.settings.versions;
  result.allowed = config_.admission.allows(id);
  auto twin = connected_.find(without_sign_bit(id));
  result.twin_connected = twin != connected_.end() && twin->second != id;
  auto known = proxies_.find(id);
  auto has_slot = known != proxies_.end()
                  && (known->second.connected || known->second.permanent);
  result.over_capacity = !has_slot && connected_.size() >= config_.max_peers;
  auto advert = adverts_.find(id);
  result.advert_versions = {local_advert_ ? local_advert_->version : 0,
                            advert != adverts_.end() ? advert->second.version
                                                     : 0};
  return result;
}

void router_state::publish_engines(engine_directory engines) {
  engines_ = std::make_shared<engine_directory>(std::move(engines));
  for (auto& [id, to] : proxies_)
    self_->send(to.handle, engines_changed{engines_});
}

/// Issues an advert of this node with at least the given version.
void router_state::issue_advert(std::uint64_t version) {
  auto advert = std::make_shared<node_advert>();
  advert->addrs = addresses_;
  advert->version = std::max(version, unix_time());
  advert->created = now_of(self_).minute();
  if (auto ok = sign_advert(*config_.self, *advert); !ok) {
    spdlog::error("cannot sign the advert of this node: {}",
                  to_string(ok.error()));
    return;
  }
  local_advert_ = std::move(advert);
  for (auto& [id, to] : proxies_)
    self_->send(to.handle, local_advert_changed{local_advert_});
}

void router_state::handle_down(const caf::down_msg& msg) {
  auto is_down = [&msg](const auto& handle) {
    return handle.address() == msg.source;
  };
  for (auto i = proxies_.begin(); i != proxies_.end(); ++i) {
    if (!is_down(i->second.handle))
      continue;
    if (i->second.connected)
      handle_event(i->first, peer_disconnected{"node_proxy_ended"});
    proxies_.erase(i);
    finish_stop();
    return;
  }
  auto engines = *engines_;
  if (std::erase_if(engines,
                    [&](const auto& x) { return is_down(x.second.engine); })
      > 0)
    publish_engines(std::move(engines));
}

void router_state::finish_stop() {
  if (!stopping_ || !proxies_.empty())
    return;
  fulfil(stop_waiting_, router_stopped{});
  self_->quit();
}

void router_state::report(node_event event) const {
  if (config_.observer)
    caf::anon_send(config_.observer, std::move(event));
}

router_actor::behavior_type
router_behavior(router_actor::stateful_pointer<router_state> self,
                const node_config& config, transport_actor transport) {
  auto& state = state_of(self);
  state.start(config, std::move(transport));
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
    [&state](const proxy_event& msg) { state.handle(msg); },
  };
}

} // namespace

router_actor spawn_router(caf::actor_system& system, const node_config& config,
                          transport_actor transport) {
  return system.spawn(router_behavior, config, std::move(transport));
}

} // namespace node_proxy
