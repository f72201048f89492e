#include <node_proxy/protocol/peer/peer.hpp>

#include <algorithm>
#include <utility>

#include <node_proxy/messages/limits.hpp>
#include <node_proxy/protocol/wire/address_kind.hpp>
#include <node_proxy/protocol/wire/advert.hpp>

namespace node_proxy::internal {

namespace {

/// Keeps the earlier of two times.
void earlier(std::optional<steady_time>& result,
             std::optional<steady_time> other) {
  if (other && (!result || *other < *result))
    result = other;
}

} // namespace

peer::peer(const peer_settings& settings, std::shared_ptr<const identity> self,
           const node_id& remote, const noise_public_key& remote_key,
           const peer_record& record, random_source random)
  : settings_(settings), self_(std::move(self)), remote_(remote),
    remote_key_(remote_key), epoch_(record.epoch), random_(std::move(random)),
    outbox_(settings.outbox_bytes, settings.outbox_messages, record.out),
    inbox_(settings.window, settings.max_message, record.in),
    unreliable_out_(settings.window),
    unreliable_in_(settings.window, settings.max_message),
    arena_(2 * settings.window), dialler_(settings),
    last_established_(record.last_established),
    remote_epoch_since_(record.remote_epoch_since) {
  // nop
}

// -- events of this node
// -------------------------------------------------------

void peer::handle_send(send_token token, const node_out_msg& msg,
                       timestamp now) {
  if (shutdown_deadline_)
    return fail(token, send_error::shutting_down);
  if (msg.msg.sender.node && *msg.msg.sender.node != self_->id())
    return fail(token, send_error::wrong_sender);
  if (msg.msg.target.node && *msg.msg.target.node != remote_)
    return fail(token, send_error::wrong_target);
  auto expires = deadline_of(msg.expiry, now);
  if (!expires)
    return fail(token, send_error::bad_expiry);
  auto data = codec_.encode(msg.msg);
  if (!data)
    return fail(token, send_error::malformed);
  auto size = data->size();
  auto reliable = msg.prefs.reliability == transport_reliability::reliable;
  auto most = reliable ? settings_.outbox_bytes : settings_.window;
  auto overhead = reliable ? outbox::memory_overhead : limits::message_overhead;
  if (size > remote_max_message_.value_or(size) || size + overhead > most)
    return fail(token, send_error::too_large);
  if (has_passed(*expires, now))
    return fail(token, send_error::expired);
  if (!reachable())
    return fail(token, send_error::unknown_node);
  auto taken = reliable ? outbox_.handle_send(token, std::move(*data), *expires)
                        : unreliable_out_.handle_send(token, std::move(*data),
                                                      *expires, now);
  if (!taken)
    return fail(token, send_error::outbox_full);
  ++metrics_.messages_out;
  consider_dial(now);
}

void peer::handle_finished(const delivery_id& id,
                           std::optional<control::reject_reason> reason,
                           timestamp now) {
  if (reason)
    ++metrics_.messages_rejected;
  if (id.generation == unreliable_generation)
    unreliable_in_.handle_finished(id.first);
  else
    inbox_.handle_finished(id, reason, now.steady);
}

void peer::handle_local_advert(std::shared_ptr<const node_advert> advert,
                               timestamp now) {
  local_advert_ = std::move(advert);
  if (auto x = active()) {
    x->advert_due = std::max(now.steady, x->next_advert);
    send_due_advert(*x, now);
  }
}

node_advert_reply peer::handle_remote_advert(const node_advert& advert,
                                             timestamp now) {
  if (auto ok = check_advert(advert, remote_, advert_version()); !ok)
    return {ok.error()};
  remote_advert_ = advert;
  actions_.emplace_back(learned_advert{advert});
  update_addresses(now);
  return {node_advert_accepted{advert.version}};
}

node_advert_reply peer::handle_introduction(const node_advert& advert,
                                            timestamp now) {
  if (auto ok = check_advert(advert, remote_, 0); !ok)
    return {ok.error()};
  auto reply = handle_remote_advert(advert, now);
  auto memory = addresses_;
  memory.handle_introduction(advert);
  if (remember(memory))
    update_addresses(now);
  return reply;
}

void peer::handle_addresses(const address_memory& memory, timestamp now) {
  addresses_ = memory;
  update_addresses(now);
}

void peer::handle_permanence(connection_permanence permanence, timestamp now) {
  permanence_ = permanence;
  if (auto x = active())
    x->last_message = now.steady;
  consider_dial(now);
}

void peer::handle_connect(timestamp now) {
  connect_wanted_ = !connected() && dialler_.has_addresses();
  if (!connected() && !connect_wanted_)
    actions_.emplace_back(peer_event{peer_unreachable{}});
  consider_dial(now);
}

void peer::handle_way_back(timestamp now) {
  if (refused_ || connected() || !wants_connection())
    return;
  dialler_.handle_way_back(now.steady, random_);
  consider_dial(now);
}

void peer::handle_shutdown(steady_time at_latest, timestamp now) {
  shutdown_deadline_ = at_latest;
  draining_ = true;
  // There is no time for a long wait.
  if (!refused_ && wants_connection())
    dialler_.handle_way_back(now.steady, random_);
  handle_timeout(now);
}

// -- results
// -------------------------------------------------------------------

void peer::handle_timeout(timestamp now) {
  outbox_.handle_timeout(now, expiry_error_);
  unreliable_out_.handle_timeout(now, expiry_error_);
  while (!dialler_.handshakes().empty()
         && dialler_.handshakes().front().deadline <= now.steady) {
    ++metrics_.ends["handshake_timeout"];
    fail_handshake(dialler_.handshakes().front().connection, now);
  }
  for (auto& x : links_)
    check_link(x, now);
  if (shutdown_deadline_)
    check_shutdown(now);
  consider_dial(now);
}

std::optional<peer_action> peer::poll_action() {
  for (auto i = links_.begin(); i != links_.end(); ++i) {
    if (!i->out.empty()) {
      i->backlog += i->out.size();
      return transmit_frames{i->id, std::exchange(i->out, {})};
    }
    if (i->is<link::closing>()) {
      close_connection result{i->id};
      links_.erase(i);
      return result;
    }
  }
  if (auto outcome = outbox_.poll_outcome())
    return *outcome;
  if (auto outcome = unreliable_out_.poll_outcome())
    return *outcome;
  if (actions_.empty())
    return std::nullopt;
  return actions_.take_front();
}

std::optional<steady_time> peer::poll_timeout(timestamp now) const {
  auto result = outbox_.next_deadline(now);
  earlier(result, unreliable_out_.next_deadline());
  auto wanted = wants_connection() && !holds_connection();
  earlier(result, dialler_.next_deadline(wanted));
  for (const auto& x : links_)
    earlier(result, link_deadline(x));
  if (shutdown_deadline_ && !stopped())
    earlier(result, shutdown_deadline_);
  if (auto at = dormant_from(); at && *at > now.steady)
    earlier(result, at);
  return result;
}

// -- state
// ---------------------------------------------------------------------

bool peer::connected() const {
  return active() != nullptr;
}

bool peer::stopped() const {
  return shutdown_deadline_ && !draining_ && links_.empty() && !dialler_.busy()
         && actions_.empty();
}

bool peer::dormant(timestamp now) const {
  auto at = dormant_from();
  return at && *at <= now.steady;
}

std::optional<peer_record> peer::record() const {
  // What both ends have finished begins anew. What never came to a connection
  // has nothing to go on with.
  auto finished = finished_ && outbox_.empty() && !inbox_.unsettled();
  if (finished || !last_established_)
    return std::nullopt;
  return peer_record{epoch_, outbox_.record(), inbox_.record(),
                     last_established_, remote_epoch_since_};
}

// -- private
// -------------------------------------------------------------------

std::vector<transport_address> peer::best_addresses() const {
  auto result = addresses_.best_first(
    remote_advert_ ? remote_advert_->addrs : std::vector<weighted_address>{});
  // Who names such addresses must not make this host talk to itself, or to
  // many.
  std::erase_if(result, [](const transport_address& x) {
    return objection_to_dial(x).has_value();
  });
  return result;
}

/// Something else is known of the peer's addresses.
void peer::update_addresses(timestamp now) {
  dialler_.handle_addresses(best_addresses());
  connect_wanted_ = connect_wanted_ && dialler_.has_addresses();
  consider_dial(now);
}

/// @returns whether that is something new.
bool peer::remember(const address_memory& memory) {
  if (memory == addresses_)
    return false;
  addresses_ = memory;
  actions_.emplace_back(learned_addresses{memory});
  return true;
}

/// Whole batches are refused for the same reason.
void peer::fail(send_token token, send_error error) {
  send_failure failure{error};
  auto last =
    actions_.empty() ? nullptr : std::get_if<send_outcome>(&actions_.back());
  if (last == nullptr || !last->extend(token, failure))
    actions_.emplace_back(send_outcome{token, failure});
}

void peer::fail_all(send_error definite,
                    send_failure::unconfirmed_cause cause) {
  outbox_.handle_failure(definite, cause);
  unreliable_out_.handle_failure(definite);
}

/// Whether there is a way to the peer, or it may come to us as it did before.
bool peer::reachable() const {
  return !links_.empty() || dialler_.busy() || dialler_.has_addresses()
         || inbox_.received();
}

bool peer::wants_connection() const {
  auto has_messages = outbox_.pending() || !unreliable_out_.empty();
  if (shutdown_deadline_)
    return draining_ && has_messages;
  return permanence_ == connection_permanence::permanent || connect_wanted_
         || has_messages;
}

/// From when on the peer is dormant; nothing while something is under way. What
/// has arrived in part is worth waiting for the rest.
std::optional<steady_time> peer::dormant_from() const {
  if (shutdown_deadline_ || !links_.empty() || dialler_.busy()
      || wants_connection() || !inbox_.at_rest() || !unreliable_in_.idle())
    return std::nullopt;
  auto result = dialler_.not_before();
  if (!inbox_.idle())
    result = std::max(result, disconnected_ + settings_.idle_timeout);
  return result;
}

void peer::consider_dial(timestamp now) {
  if (holds_connection() || !wants_connection())
    return;
  if (auto attempt = dialler_.poll_attempt(now.steady)) {
    ++metrics_.attempts;
    actions_.emplace_back(*attempt);
  }
}

/// Whether what is queued has time and a way to go. That the peer may come by
/// itself is not waited for.
bool peer::drains(timestamp now) const {
  return now.steady < *shutdown_deadline_
         && (outbox_.pending() || !unreliable_out_.empty())
         && (holds_connection() || dialler_.busy() || dialler_.has_addresses());
}

/// Ends the last connection once everything is answered, or when time is up.
void peer::check_shutdown(timestamp now) {
  if (draining_ && drains(now))
    return;
  draining_ = false;
  fail_all(send_error::shutting_down,
           send_failure::unconfirmed_cause::shutting_down);
  abandon_attempts();
  for (auto& any : links_) {
    leave(any, control::goodbye_reason::shutdown, now);
    if (now.steady >= *shutdown_deadline_)
      any.phase = link::closing{};
  }
}

} // namespace node_proxy::internal
