#include <node_proxy/protocol/peer/peer.hpp>

#include <algorithm>
#include <utility>

#include <node_proxy/protocol/wire/advert.hpp>

namespace node_proxy::internal {

peer::peer(std::shared_ptr<const peer_settings> settings,
           std::shared_ptr<const identity> self, const node_id& remote,
           const noise_public_key& remote_key, const peer_record& record,
           std::shared_ptr<receive_budget> budget,
           std::shared_ptr<spare_time> spare, random_source random)
  : settings_(std::move(settings)),
    connections_(settings_, {std::move(self), remote, remote_key}, record,
                 std::move(random)),
    delivery_(*settings_, connections_.local(), remote, std::move(budget),
              record),
    adverts_({settings_->dial_ranges, settings_->own_networks}),
    wishes_(connections_, delivery_, adverts_), obstacles_(adverts_, wishes_),
    spare_(std::move(spare)), reading_(spare_) {
  delivery_.handle_standing(wishes_.about_stranger(), {});
}

// -- events of this node ------------------------------------------------------

void peer::handle_send(send_token token, const node_out_msg& msg, timestamp now,
                       time_limit limit) {
  if (wishes_.stops_at())
    return fail(token, send_error::shutting_down);
  auto taken =
    delivery_.handle_send(token, msg, connections_.reachable(), now, limit);
  if (!taken) {
    if (taken.error() == send_error::unknown_node && obstacles_.untold())
      report_obstacle();
    return fail(token, taken.error());
  }
  follow_up(now);
}

void peer::handle_local_advert(std::shared_ptr<const node_advert> advert,
                               timestamp now) {
  adverts_.handle_local(std::move(advert));
  if (auto x = connections_.active()) {
    x->handle_local_advert(now.steady);
    x->send_advert_if_due(*adverts_.local(), now.steady);
  }
}

node_advert_reply peer::handle_remote_advert(const node_advert& advert,
                                             timestamp now) {
  if (auto ok = adverts_.handle_remote(advert, remote(), actions_); !ok)
    return {ok.error()};
  update_addresses(now);
  return {node_advert_accepted{advert.version}};
}

node_advert_reply peer::handle_introduction(const node_advert& advert,
                                            timestamp now) {
  if (auto ok = check_advert(advert, remote(), 0); !ok)
    return {ok.error()};
  set_standing(std::max(standing(), peer_standing::introduced), now);
  auto reply = handle_remote_advert(advert, now);
  if (adverts_.handle_introduction(advert, actions_))
    update_addresses(now);
  return reply;
}

void peer::handle_addresses(const address_memory& memory, timestamp now) {
  adverts_.handle_memory(memory);
  update_addresses(now);
}

void peer::handle_permanence(connection_permanence permanence, timestamp now) {
  wishes_.handle_permanence(permanence);
  if (auto x = connections_.active())
    x->restart_idle(now.steady);
  follow_up(now);
}

void peer::handle_standing(peer_standing standing, timestamp now) {
  set_standing(standing, now);
  follow_up(now);
}

void peer::handle_connect(timestamp now) {
  if (!connected() && wishes_.about_stranger())
    adverts_.handle_wish(actions_);
  want_connection();
  follow_up(now);
}

void peer::handle_seek(timestamp now) {
  want_connection();
  follow_up(now);
  handle_way_back(now);
}

void peer::handle_way_back(timestamp now) {
  if (connected() || !wishes_.wants_connection())
    return;
  connections_.handle_way_back(now);
  follow_up(now);
}

void peer::handle_displacement(timestamp now) {
  part(control::goodbye_reason::over_capacity, now);
  connections_.wait(now);
  follow_up(now);
}

bool peer::handle_parting(bool forget, timestamp now) {
  if (forget && (delivery_.has_messages() || !delivery_.at_rest()))
    return false;
  if (forget)
    wishes_.handle_permanence(connection_permanence::ephemeral);
  wishes_.handle_connect_end();
  part(control::goodbye_reason::idle, now);
  follow_up(now);
  return true;
}

void peer::handle_shutdown(steady_time at_latest, timestamp now) {
  wishes_.handle_shutdown(at_latest);
  // There is no time for a long wait.
  if (wishes_.wants_connection())
    connections_.handle_way_back(now);
  handle_timeout(now);
}

// -- events of connections ----------------------------------------------------

void peer::handle_dialled(attempt_id attempt, connection_id connection,
                          timestamp now) {
  connections_.handle_dialled(attempt, connection, adverts_.versions(), now);
  follow_up(now);
}

void peer::handle_dial_failed(attempt_id attempt, dial_error reason,
                              timestamp now) {
  if (connections_.looked_up(attempt) != nullptr)
    pay_for_lookup();
  connections_.handle_dial_failed(attempt, reason, now);
  follow_up(now);
}

void peer::handle_hosts(attempt_id attempt, std::span<const ip_address> hosts,
                        timestamp now) {
  const auto* name = connections_.looked_up(attempt);
  if (name == nullptr)
    return;
  auto found = adverts_.addresses_of(*name, hosts);
  if (found.empty())
    return handle_dial_failed(attempt, dial_error::forbidden_addresses, now);
  if (!connections_.handle_found(attempt, found, now))
    pay_for_lookup();
  follow_up(now);
}

void peer::handle_connect_reply(const connect_reply& reply, timestamp now) {
  auto refused = std::get_if<connect_reply_error>(&reply.result);
  if (!refused)
    return handle_connect(now);
  connections_.handle_refusal(*refused, now);
  take_events();
}

void peer::handle_closed(connection_id connection, close_reason reason,
                         timestamp now) {
  connections_.handle_closed(connection, reason, now);
  check_shutdown(now);
  follow_up(now);
}

// -- results ------------------------------------------------------------------

void peer::handle_timeout(timestamp now) {
  if (reading_.paused())
    connections_.handle_unread(now);
  reading_.handle_timeout(now.steady);
  shed_if_hopeless(now);
  delivery_.handle_timeout(now);
  shed_if_overrun(now);
  connections_.end_overdue(now);
  if (auto x = connections_.idle(now); x && wishes_.may_close_idle())
    leave(*x, control::goodbye_reason::idle, now);
  if (auto x = connections_.worn_out(now))
    leave(*x, control::goodbye_reason::limit, now);
  if (connections_.keep_up(adverts_.local(), now))
    trim();
  check_shutdown(now);
  follow_up(now);
}

std::optional<peer_action> peer::poll_action() {
  auto result = connections_.poll_transmit();
  if (result)
    return result;
  if (auto outcome = delivery_.poll_outcome())
    result = *outcome;
  else if (!actions_.empty())
    result = actions_.take_front();
  if (auto outcome = result ? std::get_if<send_outcome>(&*result) : nullptr)
    count_outcome(*outcome);
  return result;
}

std::optional<steady_time> peer::poll_timeout(timestamp now) const {
  auto x = connections_.active();
  auto stop = stopped() ? std::nullopt : wishes_.stops_at();
  auto rest = wishes_.dormant_from();
  return earliest(
    {delivery_.next_deadline(x && x->takes_control(), now),
     connections_.next_deadline(wishes_.wants_dials() && wishes_.may_dial(),
                                wishes_.may_close_idle()),
     reading_.next_deadline(), stop,
     rest && *rest > now.steady ? rest : std::nullopt});
}

// -- state --------------------------------------------------------------------

bool peer::stopped() const {
  return wishes_.drained() && connections_.at_rest() && actions_.empty();
}

bool peer::dormant(timestamp now) const {
  auto at = wishes_.dormant_from();
  return at && *at <= now.steady;
}

peer_record peer::record() const {
  return {epoch(),
          delivery_.out_record(),
          delivery_.in_record(),
          connections_.last_established(),
          connections_.remote_epoch_since(),
          connections_.pace(),
          wishes_.finished(),
          adverts_.last_caller()};
}

peer_metrics peer::metrics() const {
  auto result = counted_;
  static_cast<connection_metrics&>(result) = connections_.metrics();
  static_cast<delivery_metrics&>(result) = delivery_.metrics();
  return result;
}

// -- about the connections ----------------------------------------------------

/// Something else is known of the peer's addresses.
void peer::update_addresses(timestamp now) {
  connections_.handle_addresses(adverts_.best_addresses());
  wishes_.handle_addresses();
  obstacles_.handle_change();
  follow_up(now);
}

void peer::want_connection() {
  if (!wishes_.handle_connect())
    report_obstacle();
}

/// To be called after whatever may make a connection end, or be wanted.
void peer::follow_up(timestamp now) {
  take_events();
  if (!connections_.takes_attempts())
    return;
  if (!connections_.holds())
    delivery_.handle_departure();
  if (wishes_.wants_dials())
    dial(now);
  else
    connections_.cancel_dials();
  take_events();
}

void peer::dial(timestamp now) {
  if (wishes_.may_dial()) {
    if (connections_.dial(now) && wishes_.about_stranger())
      adverts_.handle_dial(actions_);
    else if (obstacles_.untold() && !connections_.reachable())
      report_obstacle();
  } else if (wishes_.wanted_once() && !connections_.holds_or_tries()) {
    wishes_.handle_connect_end();
    report_obstacle();
  }
}

/// What leads to new addresses is paid for when these are dialled.
void peer::pay_for_lookup() {
  if (wishes_.about_stranger())
    adverts_.handle_dial(actions_);
}

void peer::take_events() {
  while (auto action = connections_.poll_event()) {
    auto event = std::get_if<peer_event>(&*action);
    if (event)
      react(*event);
    if (auto failed = event ? std::get_if<peer_unreachable>(event) : nullptr)
      report_failure(*failed);
    else
      actions_.push_back(std::move(*action));
  }
}

/// Operators want to know why each time, unless anybody could bring that about.
void peer::report_failure(const peer_unreachable& event) {
  actions_.emplace_back(peer_event{event});
  auto reason = std::get_if<end_reason>(&event.reason);
  if (wishes_.about_stranger() || !reason)
    return;
  auto address =
    event.place ? std::optional{event.place->address} : std::nullopt;
  actions_.emplace_back(
    peer_event{peer_connect_failed{std::move(address), *reason}});
}

void peer::report_obstacle() {
  actions_.emplace_back(peer_event{obstacles_.poll_report()});
}

void peer::react(const peer_event& event) {
  using enum connect_reply_error;
  if (std::holds_alternative<peer_disconnected>(event)) {
    delivery_.handle_disconnect();
    trim();
  } else if (std::holds_alternative<peer_unreachable>(event)) {
    // Who wanted a connection once has no more than one round of all addresses.
    wishes_.handle_connect_end();
  } else if (auto refused = std::get_if<peer_refused>(&event)) {
    wishes_.handle_connect_end();
    if (refused->reason == over_capacity)
      delivery_.handle_over_capacity();
    else
      delivery_.handle_failure(refused->reason == denied
                                 ? send_error::denied
                                 : send_error::incompatible,
                               send_failure::unconfirmed_cause::unreachable);
  }
}

/// Whole batches are refused for the same reason.
void peer::fail(send_token token, send_error error) {
  send_failure failure{error};
  auto last =
    actions_.empty() ? nullptr : std::get_if<send_outcome>(&actions_.back());
  if (last == nullptr || !last->extend(token, failure))
    actions_.emplace_back(send_outcome{token, failure});
}

void peer::set_standing(peer_standing standing, timestamp now) {
  wishes_.handle_standing(standing);
  delivery_.handle_standing(is_stranger(standing), now.steady);
  reading_.handle_standing(is_stranger(standing));
}

void peer::count_outcome(const send_outcome& x) {
  if (x.failure)
    counted_.messages_failed[to_string(x.failure->error)] += x.count;
  else
    counted_.messages_delivered += x.count;
}

// -- the end of connections ----------------------------------------------------

/// Ends the last connection once everything is answered, or when time is up.
void peer::check_shutdown(timestamp now) {
  auto deadline = wishes_.stops_at();
  if (!deadline)
    return;
  // Nothing is to be waited for on a connection that has ended.
  take_events();
  if (wishes_.drains(now.steady))
    return;
  wishes_.handle_drained();
  delivery_.handle_failure(send_error::shutting_down,
                           send_failure::unconfirmed_cause::shutting_down);
  connections_.abandon_attempts();
  for (auto& x : connections_.all()) {
    leave(x, control::goodbye_reason::shutdown, now);
    if (now.steady >= *deadline)
      x.close();
  }
  take_events();
}

/// Ends the connection of a peer of which nothing good is to be expected.
void peer::shed_if_hopeless(timestamp now) {
  if (!wishes_.permanent() && reading_.hopeless(now.steady))
    shed(now);
}

/// Ends the connection of a peer that takes more memory than it may.
void peer::shed_if_overrun(timestamp now) {
  if (delivery_.poll_overrun())
    shed(now);
}

void peer::shed(timestamp now) {
  auto x = connections_.active();
  if (!x)
    return;
  leave(*x, control::goodbye_reason::limit, now);
  x->close();
  // It may be wanted, and do the same again.
  connections_.wait(now);
  take_events();
}

/// Ends in good order what is connected or about to be.
void peer::part(control::goodbye_reason reason, timestamp now) {
  for (auto& x : connections_.all())
    leave(x, reason, now);
  connections_.abandon_attempts();
}

/// Gives back memory that only many messages need.
void peer::trim() {
  for (auto& x : connections_.all())
    x.trim();
  delivery_.trim();
  actions_.trim();
}

} // namespace node_proxy::internal
