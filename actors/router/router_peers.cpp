// What the Router does about what acceptors and Node Proxies say.

#include <node_proxy/actors/router/router_state.hpp>

#include <algorithm>
#include <utility>

#include <node_proxy/actors/loop/now.hpp>
#include <node_proxy/base/hex.hpp>

namespace node_proxy::internal {

// -- what acceptors and Node Proxies say
// ---------------------------------------

namespace {

/// How many peers an operator is told about only once.
constexpr std::size_t most_troubles = 1'024;

/// How often all who are not connected are told to try again.
constexpr duration way_back_interval = std::chrono::seconds{1};

/// How many messages for engines somebody has sent at once.
std::uint64_t messages_in(const caf::message& content) {
  if (content.match_elements<node_out_msg>())
    return 1;
  if (content.match_elements<node_out_batch>())
    return content.get_as<node_out_batch>(0).msgs.size();
  return 0;
}

/// Whether a connection ended in good order.
bool is_goodbye(std::string_view reason) {
  const auto& names = enum_names<control::goodbye_reason>;
  return std::ranges::find(names, reason) != names.end();
}

} // namespace

admission router_state::handle(const admission_request& msg) {
  const auto& id = msg.request.src_node_id;
  auto facts = facts_about(id);
  if (auto known = proxies_.find(id); known != proxies_.end())
    return {facts, known->second.epoch};
  if (auto record = book_.find(id, now_of(self_).steady))
    return {facts, record->epoch};
  return {facts, random_.next_u64(), true};
}

void router_state::handle(const proven_connection& msg) {
  auto& established = msg.session->established;
  const auto& terms = established.terms();
  auto facts = facts_about(terms.remote);
  // Things may have changed since the peer was admitted.
  auto comes_too_late = stopping_ && !proxies_.contains(terms.remote);
  if (comes_too_late || !facts.allowed || facts.twin_connected
      || facts.over_capacity) {
    auto reason = facts.over_capacity ? control::goodbye_reason::over_capacity
                                      : control::goodbye_reason::denied;
    if (stopping_)
      reason = control::goodbye_reason::shutdown;
    msg.connection->write(refusal_frames(established, reason));
    msg.connection->close();
    return;
  }
  auto to = proxies_.find(terms.remote);
  if (to == proxies_.end()) {
    auto record = book_.take(terms.remote, now_of(self_).steady);
    if (!record && msg.is_new)
      record = peer_record{terms.local_epoch};
    if (!record) {
      // What there was of that epoch has been forgotten meanwhile. Its numbers
      // must not begin anew; the peer comes again and gets another one.
      ++failed_handshakes_["epoch_ended"];
      msg.connection->close();
      return;
    }
    spawn_proxy(terms.remote, msg.session->remote_key, *record).guest = true;
    to = proxies_.find(terms.remote);
  }
  send_to(to->second, attach_session{msg.session, msg.connection});
}

void router_state::handle(const handshake_failed& msg) {
  ++failed_handshakes_[msg.reason];
  services_.log.debug("inbound handshake failed: {}", msg.reason);
}

void router_state::handle(node_proxy_dormant& msg) {
  auto to = proxies_.find(msg.remote);
  if (to == proxies_.end() || to->second.sent != msg.heard)
    return;
  if (msg.record)
    book_.handle_dormant(msg.remote, std::move(*msg.record),
                         config_.admission.names(msg.remote),
                         now_of(self_).steady);
  self_->demonitor(to->second.handle.address());
  self_->send(to->second.handle, retire{});
  forget_proxy(msg.remote);
}

void router_state::handle(passed_on& msg) {
  auto waits = is_request(self_);
  auto to = find_or_spawn(msg.remote);
  if (!to) {
    if (waits)
      self_->make_response_promise().deliver(
        make_error(to.error(), to_hex(msg.remote.data)));
    else
      unanswered_->add(to.error(), messages_in(msg.content));
    return;
  }
  auto handle = caf::actor_cast<caf::actor>((*to)->handle);
  if (waits)
    self_->delegate(handle, std::move(msg.content));
  else
    caf::anon_send(handle, std::move(msg.content));
  send_to(**to, routed_mark{});
}

void router_state::handle(const proxy_event& msg) {
  std::visit([&](const auto& x) { handle_what(msg.remote, x); }, msg.what);
}

void router_state::handle_what(const node_id& remote, const peer_event& event) {
  std::visit([&](const auto& x) { handle_event(remote, x); }, event);
}

void router_state::handle_what(const node_id& remote,
                               const learned_advert& msg) {
  if (msg.advert.version <= adverts_.version(remote))
    return;
  hold_if_named(remote);
  adverts_.handle_advert(msg.advert);
  keep(remote);
  // From now on there is a way back to it.
  if (connected_.contains(remote))
    set_connected(remote, true);
  report({advert_event{remote, msg.advert.version}});
}

void router_state::handle_what(const node_id& remote,
                               const learned_addresses& msg) {
  adverts_.handle_addresses(remote, msg.memory);
  keep(remote);
}

void router_state::handle_what(const node_id&, const overtaken_advert& msg) {
  if (!local_advert_ || msg.version >= local_advert_->version)
    issue_advert(msg.version + 1);
}

void router_state::handle_what(const node_id& remote,
                               connection_permanence permanence) {
  set_permanent(remote, permanence == connection_permanence::permanent);
}

void router_state::handle_event(const node_id& remote,
                                const peer_connected& event) {
  auto direction = event.role == connection_role::initiator
                     ? connection_direction::out
                     : connection_direction::in;
  if (auto to = proxies_.find(remote); to != proxies_.end()) {
    to->second.connected = true;
    connected_.insert(remote);
    // It had been lost, perhaps with others.
    if (noted_connected_.contains(remote) || connected_.size() == 1)
      tell_way_back();
  }
  set_connected(remote, true);
  troubles_.erase(remote);
  services_.log.info("connected to {} ({})", to_hex(remote.data),
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
    connected_.erase(remote);
  }
  // Who was told goodbye does not wait for us; but at our own end it may.
  if (!stopping_ && is_goodbye(event.reason))
    set_connected(remote, false);
  services_.log.info("disconnected from {}: {}", to_hex(remote.data),
                     event.reason);
  report({disconnected_event{remote, std::string{event.reason}}});
}

void router_state::handle_event(const node_id& remote,
                                const peer_refused& event) {
  set_connected(remote, false);
  // Attempts go on, but say nothing new.
  if (std::exchange(trouble_with(remote).refused, event.reason) == event.reason)
    return;
  services_.log.warn("refused by {}: {}", to_hex(remote.data),
                     to_string(event.reason));
  report({refused_event{remote, event.reason}});
}

void router_state::handle_event(const node_id& remote,
                                const peer_key_shared& event) {
  if (event.is_own)
    services_.log.warn(
      "{} says that another process connects to it with the key of this node; "
      "the two displace each other: end one of them, or give it a key of its "
      "own",
      to_hex(remote.data));
  else
    services_.log.warn(
      "two processes have the key of {}, and displace each other: one of them "
      "has to end, or to get a key of its own",
      to_hex(remote.data));
  report({key_shared_event{event.is_own ? config_.self->id() : remote}});
}

void router_state::handle_event(const node_id& remote,
                                const peer_unreachable&) {
  if (!std::exchange(trouble_with(remote).unreachable, true))
    services_.log.warn("{} cannot be reached", to_hex(remote.data));
}

/// The network may have been away, and others may be waiting.
void router_state::tell_way_back() {
  auto now = now_of(self_).steady;
  if (now < next_way_back_)
    return;
  next_way_back_ = now + way_back_interval;
  for (auto& [id, to] : proxies_)
    if (!to.connected)
      send_to(to, way_back{});
  come_back();
}

router_state::trouble& router_state::trouble_with(const node_id& id) {
  // Being told twice is better than not at all.
  if (troubles_.size() >= most_troubles && !troubles_.contains(id))
    troubles_.clear();
  return troubles_[id];
}

} // namespace node_proxy::internal
