// What the Router remembers about other nodes, in memory and on disk.

#include <node_proxy/actors/router/router_state.hpp>

#include <chrono>
#include <utility>

#include <node_proxy/actors/error.hpp>
#include <node_proxy/actors/loop/now.hpp>
#include <node_proxy/base/hex.hpp>

namespace node_proxy::internal {

namespace {

/// To how many peers a node comes back by itself, and how long it takes for
/// that.
constexpr std::size_t max_come_backs = 256;
constexpr std::chrono::milliseconds come_back_time{1'000};

} // namespace

/// The Node Proxy of a node has ended.
void router_state::forget_proxy(const node_id& id) {
  auto ended = proxies_.extract(id);
  proxy_ids_.erase(ended.mapped().handle.id());
  adverts_.handle_release(id, advert_hold::served);
  write_state();
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
      adverts_.version(advert.id), to_hex(advert.id.data), advert.version);
  else
    services_.log.warn("the advert of {} that was given is not used: {}",
                       to_hex(advert.id.data), to_string(*refused));
}

void router_state::hold_if_named(const node_id& id) {
  if (config_.admission.names(id))
    adverts_.handle_hold(id, advert_hold::configured);
}

/// What is known of a node is to be on disk.
void router_state::keep(const node_id& id) {
  if (auto known = adverts_.find(id))
    unwritten_.nodes[id] = *known;
  write_state();
}

void router_state::set_permanent(const node_id& id, bool permanent) {
  if (auto to = proxies_.find(id); to != proxies_.end())
    to->second.permanent = permanent;
  auto changed = permanent ? permanent_peers_.insert(id).second
                           : permanent_peers_.erase(id) > 0;
  if (!changed)
    return;
  if (permanent)
    adverts_.handle_hold(id, advert_hold::permanent);
  else
    adverts_.handle_release(id, advert_hold::permanent);
  unwritten_.permanent[id] = permanent;
  write_state();
}

/// Notes on disk who is connected, so that the next process goes to those who
/// may be waiting for it.
void router_state::set_connected(const node_id& id, bool connected) {
  auto changed = connected ? adverts_.find(id) != nullptr
                               && noted_connected_.insert(id).second
                           : noted_connected_.erase(id) > 0;
  if (!changed)
    return;
  unwritten_.connected[id] = connected;
  write_state();
}

/// Dials those whose connections were lost, by this process or by an earlier
/// one that ended: they may have something for us, and wait ever longer between
/// their attempts. Not all of them in one moment.
void router_state::come_back() {
  auto left = max_come_backs;
  for (const auto& id : noted_connected_) {
    if (connected_.contains(id))
      continue;
    if (left-- == 0)
      return;
    send_later(self_,
               std::chrono::milliseconds{random_.below(come_back_time.count())},
               come_back_to{id});
  }
}

void router_state::handle(const come_back_to& msg) {
  if (connected_.contains(msg.id) || !noted_connected_.contains(msg.id))
    return;
  if (auto to = find_or_spawn(msg.id))
    send_to(**to, connect_now{});
}

/// Those of an earlier process.
void router_state::dial_permanent_peers() {
  for (const auto& id : permanent_peers_) {
    auto key = noise_key_of(id);
    if (proxies_.contains(id))
      continue;
    if (!key || !config_.admission.allows(id)
        || proxies_.contains(twin_of(id))) {
      services_.log.warn("no permanent connection to {}: denied",
                         to_hex(id.data));
      continue;
    }
    auto record = book_.take(id, now_of(self_).steady);
    spawn_proxy(id, *key, record ? *record : peer_record{random_.next_u64()});
  }
}

/// Has written what has changed; what changes meanwhile is written then.
void router_state::write_state() {
  while (auto id = adverts_.poll_forgotten()) {
    unwritten_.nodes[*id] = std::nullopt;
    // There is no way back to it either.
    if (noted_connected_.erase(*id) > 0)
      unwritten_.connected[*id] = false;
  }
  if (!services_.keeper) {
    unwritten_ = {};
    return;
  }
  if (unwritten_.empty() || std::exchange(writing_, true))
    return;
  auto written = [this] {
    writing_ = false;
    write_state();
    finish_stop();
  };
  self_->request(services_.keeper, caf::infinite, std::exchange(unwritten_, {}))
    .then([written](done) { written(); },
          [this, written](const caf::error& error) {
            services_.log.error("the state is no longer written: {}",
                                describe(error));
            services_.keeper = nullptr;
            written();
          });
}

} // namespace node_proxy::internal
