// What the Router does about what the acceptor and Node Proxies say, and what
// the directory of peers wants done.

#include <node_proxy/actors/caf/sending.hpp>
#include <node_proxy/actors/router/router_state.hpp>

#include <string_view>
#include <utility>

#include <node_proxy/actors/error.hpp>
#include <node_proxy/actors/loop/now.hpp>
#include <node_proxy/base/hex.hpp>

namespace node_proxy::internal {

namespace {

std::string_view words(issue_error error) {
  switch (error) {
  case issue_error::no_version_left:
    return "there is one of the highest version, which no other can follow";
  case issue_error::bad_addresses:
    return "there are too many addresses, or one that no advert can name";
  }
  return "unknown"; // a value without a name
}

} // namespace

// -- what the acceptor and Node Proxies say -----------------------------------

admission router_state::handle(const admission_request& msg) {
  auto result = directory_->handle_request(msg.request.src_node_id, coordinator,
                                           now_of(self_).steady);
  // Of others there is nothing to tell yet.
  if (!result.facts.allowed || result.facts.over_capacity)
    act();
  return result;
}

void router_state::handle(const proven_connection& msg) {
  handshakes_.handle_proven(msg.took);
  const auto& terms = msg.session->established.terms();
  auto taken = take_in({terms.remote, msg.session->remote_key,
                        terms.local_epoch, msg.session->from},
                       coordinator);
  if (taken)
    send_here(proxies_.at(terms.remote),
              attach_session{msg.session, msg.connection});
  else
    handshakes_.turn_down(msg, taken.error());
}

void router_state::handle(const handshake_failed& msg) {
  handshakes_.handle_failed(msg.reason);
  services_.log.debug("inbound handshake failed: {}", to_string(msg.reason));
}

void router_state::handle(const request_ended& msg) {
  directory_->handle_request_end(msg.from, msg.epoch, coordinator);
}

void router_state::handle(node_proxy_dormant& msg) {
  auto to = proxies_.find(msg.remote);
  if (to == proxies_.end() || !to->second.retirement.grants(msg.handled))
    return;
  demonitor_end(self_, to->second.handle.address());
  send_message(self_, to->second.handle, retire{});
  counts_.handle_end(to->second.handle.id(), msg.metrics);
  end_own(msg.remote, std::move(msg.record));
}

void router_state::handle(const proxy_event& msg) {
  std::visit([&](const auto& x) { take(msg.remote, x); }, msg.what);
}

void router_state::handle_tick() {
  timer_->handle_tick();
  directory_->handle_timeout(now_of(self_).steady);
  watch_workers();
  act();
}

void router_state::take(const node_id& remote, const peer_event& event) {
  auto is_news = directory_->handle_event(remote, event, now_of(self_).steady);
  act();
  if (is_news)
    std::visit([&](const auto& x) { report(remote, x); }, event);
}

void router_state::take(const node_id& remote, const learned_advert& msg) {
  auto is_news = directory_->handle_advert(msg.advert);
  act();
  if (is_news)
    report({advert_event{remote, msg.advert.version}});
}

void router_state::take(const node_id& remote, const learned_addresses& msg) {
  directory_->handle_addresses(remote, msg.memory);
  act();
}

void router_state::take(const node_id&, const overtaken_advert& msg) {
  check_issued(directory_->handle_overtaken(msg, now_of(self_)));
  act();
}

void router_state::take(const node_id& remote,
                        connection_permanence permanence) {
  directory_->handle_permanence(remote, permanence);
  act();
}

void router_state::check_issued(
  const expected<void, issue_error>& result) const {
  if (!result)
    services_.log.error("there is no new advert of this node: {}",
                        words(result.error()));
}

void router_state::take(const node_id&, const proxy_metrics& metrics) {
  counts_.handle_end(metrics.proxy, metrics.counted);
}

// -- what the directory wants -------------------------------------------------

void router_state::act() {
  while (auto action = directory_->poll_action())
    std::visit([this](const auto& x) { perform(x); }, *action);
  if (auto at = directory_->poll_timeout())
    timer_->wait_until(*at);
  watch_limits();
  write_state();
}

void router_state::perform(const serve_claim& action) {
  if (action.holder == coordinator)
    serve_here(action.peer);
  else
    serve_elsewhere(action);
}

void router_state::serve_here(const serve_peer& x) {
  auto handle = spawner_.spawn(x, directory_->advert());
  proxy_ids_.emplace(handle.id(), x.id);
  auto& result = proxies_[x.id];
  result.handle = std::move(handle);
  if (x.permanent)
    send_as_user(result, connection_permanence::permanent);
}

void router_state::perform(const end_claim& action) {
  auto ended = proxies_.extract(action.id);
  const auto& x = ended.mapped();
  if (x.elsewhere)
    workers_->held.handle_release(action.id);
  else
    proxy_ids_.erase(x.handle.id());
}

void router_state::perform(const report_lost& action) {
  report(action.id, peer_disconnected{action.reason});
}

void router_state::perform(const regard_peer& action) {
  send_to(proxies_.at(action.id), regarded{action.standing});
}

void router_state::perform(const displace_peer& action) {
  send_to(proxies_.at(action.id), displaced{});
}

void router_state::perform(const seek_peer& action) {
  send_to(proxies_.at(action.id), seek{});
}

void router_state::perform(const hurry_peer& action) {
  send_to(proxies_.at(action.id), way_back{});
}

void router_state::perform(const introduce_peer& action) {
  send_as_user(proxies_.at(action.advert.id), action.advert);
}

void router_state::perform(const announce_advert& action) {
  for (auto& [id, to] : proxies_)
    if (!to.elsewhere)
      send_here(to, local_advert_changed{action.advert});
  tell_all(new_advert{*action.advert});
}

void router_state::perform(const report_denied& action) {
  services_.log.warn(
    "no permanent connection to {} ({})",
    words_about(action.id, action.reason, directory_->allows(action.id)),
    to_string(action.reason));
}

void router_state::perform(const report_turned_away& action) {
  auto denied = action.reason == connect_reply_error::denied;
  services_.log.warn("refused {}: {}", to_hex(action.id.data),
                     denied ? "the policy of this node denies it"
                            : "there is no room for it (over_capacity)");
  report({refused_event{action.id, action.reason, refusing_side::here}});
}

void router_state::perform(const report_left_out& action) {
  services_.log.warn(
    "{} events of peers that nobody here has introduced, or "
    "that are turned away, were not reported: there were too many",
    action.events);
  report({left_out_event{action.events}});
}

/// Has the keeper write what has changed. What changes while it does is written
/// after that.
void router_state::write_state() {
  if (writing_)
    return;
  auto changes = directory_->poll_changes(now_of(self_).steady);
  if (!changes || !services_.keeper)
    return;
  writing_ = true;
  auto written = [this] {
    writing_ = false;
    write_state();
    finish_stop();
  };
  send_request(self_, services_.keeper, caf::infinite, std::move(*changes))
    .then([written](done) { written(); },
          [this, written](const caf::error& error) {
            services_.log.error("the state is no longer written: {}",
                                describe(error));
            services_.keeper = nullptr;
            written();
          });
}

// -- what is reported to operators --------------------------------------------

void router_state::report(const node_event& event) {
  observers_.report(event);
}

void router_state::report(const node_id& remote, const peer_connected& event) {
  auto direction = event.role == connection_role::initiator
                     ? connection_direction::out
                     : connection_direction::in;
  services_.log.info("connected to {} ({})", to_hex(remote.data),
                     to_string(direction));
  report({connected_event{remote, event.proto_ver, direction}});
}

void router_state::report(const node_id& remote, const peer_resumed& event) {
  report({resumed_event{remote, event.resent}});
}

void router_state::report(const node_id& remote,
                          const peer_disconnected& event) {
  services_.log.info("disconnected from {}: {}", to_hex(remote.data),
                     to_string(event.reason));
  report({disconnected_event{remote, std::string{to_string(event.reason)}}});
}

void router_state::report(const node_id& remote, const peer_refused& event) {
  services_.log.warn("refused by {}: {}", to_hex(remote.data),
                     to_string(event.reason));
  report({refused_event{remote, event.reason, refusing_side::peer}});
}

void router_state::report(const node_id& remote, const peer_key_shared& event) {
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

void router_state::report(const node_id& remote,
                          const peer_unreachable& event) {
  failed_attempt last;
  last.reason =
    std::visit([](const auto& x) { return to_string(x); }, event.reason);
  if (event.place) {
    last.address = event.place->address;
    if (!event.place->name.empty())
      last.name = event.place->name;
  }
  services_.log.warn("{} {}: {}", to_hex(remote.data),
                     event.undialled() ? "is not dialled" : "cannot be reached",
                     describe(last));
  // Attempts are told of each time, see `peer_connect_failed`.
  if (event.undialled())
    report({connect_failed_event{remote, last.reason, last.address}});
}

void router_state::report(const node_id& remote,
                          const peer_connect_failed& event) {
  report({connect_failed_event{remote, std::string{to_string(event.reason)},
                               event.address}});
}

} // namespace node_proxy::internal
