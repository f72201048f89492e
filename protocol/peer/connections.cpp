#include <node_proxy/protocol/peer/connections.hpp>

#include <algorithm>
#include <cassert>
#include <utility>

namespace node_proxy::internal {

namespace {

/// How many connections of one peer there may be. More than two take somebody
/// who makes them faster than those that they supersede come to their end.
constexpr std::size_t max_links = 8;

} // namespace

connections::connections(std::shared_ptr<const peer_settings> settings,
                         peer_ends ends, const peer_record& record,
                         random_source random)
  : settings_(std::move(settings)), ends_(std::move(ends)),
    epoch_(record.epoch), attempts_(*settings_, ends_.self, ends_.remote_key,
                                    record.pace, std::move(random)),
    last_established_(record.last_established),
    remote_epoch_since_(record.remote_epoch_since) {}

// -- attempts to connect ------------------------------------------------------

void connections::handle_way_back(timestamp now) {
  if (!since_.refusal)
    attempts_.handle_way_back(now.steady);
}

void connections::handle_dialled(attempt_id attempt, connection_id connection,
                                 const node_advert_versions& adverts,
                                 timestamp now) {
  // Once the peer has proven itself, no other attempt is wanted.
  attempts_.handle_dialled(attempt, connection, takes_attempts(),
                           make_hello(adverts), now.steady, events_);
}

void connections::handle_dial_failed(attempt_id attempt, dial_error reason,
                                     timestamp now) {
  // The one that has met the peer may still succeed, or else has the last word.
  attempts_.handle_dial_failed(attempt, reason, takes_attempts(), now.steady,
                               events_);
}

void connections::handle_reply(connection_id connection, bytes_view body,
                               const resume_for& resume, timestamp now) {
  auto reply = attempts_.handle_reply(connection, body, now.steady, events_);
  if (!reply) {
    ++ended_[to_string(reply.error())];
  } else if (auto refused = std::get_if<connect_reply_error>(&*reply)) {
    handle_refusal(*refused, now);
  } else if (std::holds_alternative<attempts::sent_on>(*reply)) {
    ++ended_[to_string(connect_reply_error::over_capacity)];
  } else {
    auto& met = std::get<attempts::success>(*reply);
    link::confirming phase{resume(met.established.terms().remote_epoch),
                           now.steady, std::move(met.at), met.round_trip};
    links_
      .emplace_back(connection, settings_, std::move(met.established),
                    std::move(phase), now.steady)
      .await_proof(met.deadline);
  }
}

void connections::handle_refusal(connect_reply_error reason, timestamp now) {
  attempts_.handle_refusal(now.steady, events_);
  events_.emplace_back(peer_event{peer_refused{reason}});
  since_.refusal = reason;
}

bool connections::dial(timestamp now) {
  since_.sought = true;
  return attempts_.dial(now.steady, events_);
}

// -- from a session to an active connection -----------------------------------

link* connections::handle_session(connection_id connection, session session,
                                  steady_time answered, bool stopping,
                                  const resume_for& resume, bool finished,
                                  timestamp now) {
  assert(session.terms().local_epoch == epoch_);
  link::confirming phase{resume(session.terms().remote_epoch), answered};
  auto& x = links_.emplace_back(connection, settings_, std::move(session),
                                std::move(phase), now.steady);
  bound_links();
  if (!stopping)
    return &x;
  leave(x, control::goodbye_reason::shutdown, finished, now);
  return nullptr;
}

bool connections::prevails(link& x, std::optional<std::uint64_t> known,
                           bool finished, timestamp now) {
  auto other = active();
  if (is_over(x, known) || (other && !replaces(x, *other))) {
    supersede(x, *known, finished, now);
    return false;
  }
  if (other) {
    if (is_stable(*other, now))
      attempts_.handle_stable();
    supersede(*other, x.terms().remote_epoch, finished, now);
  }
  return true;
}

void connections::activate(link& x, std::uint64_t next_in, timestamp now) {
  x.activate(next_in, now.steady);
  ++established_;
  last_established_ = x.terms().digest;
  since_ = {};
  attempts_.handle_success();
  abandon_attempts();
}

// -- ending -------------------------------------------------------------------

void connections::leave(link& x, control::goodbye_reason reason, bool finished,
                        timestamp now) {
  if (x.is<link::leaving>() || x.is<link::closing>())
    return;
  auto was_active = x.is<link::active>();
  x.leave(reason, finished, now.steady);
  if (was_active)
    handle_end(x, reason, now);
  else
    ++ended_[to_string(reason)];
}

void connections::break_off(link& x, const end_reason& reason, timestamp now) {
  if (x.is<link::closing>())
    return;
  x.complain(now.steady);
  lose(x, reason, now);
}

void connections::handle_goodbye(link& x, const control::goodbye& frame,
                                 bool finished, timestamp now) {
  using enum control::goodbye_reason;
  auto reason = control::goodbye_reason_of(frame.reason);
  // Whoever gets such a goodbye, or answers it, lives beside the process that
  // took over.
  if (reason == displaced)
    events_.emplace_back(peer_event{peer_key_shared{!x.said_displaced()}});
  if (x.is<link::active>()) {
    leave(x, reason == other ? shutdown : reason, finished, now);
    if (reason == denied)
      handle_refusal(connect_reply_error::denied, now);
    else if (reason == over_capacity)
      handle_refusal(connect_reply_error::over_capacity, now);
    else
      attempts_.handle_loss(false, now.steady);
  }
  // A connection that another one took over was not the last one.
  since_.finished = x.said_finished() && frame.finished && reason != superseded
                    && reason != displaced
                    && x.terms().digest == last_established_;
  x.close();
}

void connections::handle_closed(connection_id connection, close_reason reason,
                                timestamp now) {
  if (attempts_.shakes_hands(connection)) {
    ++ended_[to_string(reason)];
    attempts_.handle_closed(connection, reason, now.steady, events_);
  } else if (auto x = find(connection)) {
    // Others were counted when they began to end.
    if (x->is<link::confirming>() || x->is<link::active>())
      lose(*x, reason, now);
    links_.remove_if(
      [connection](const link& y) { return y.id() == connection; });
  }
}

// -- time ---------------------------------------------------------------------

void connections::handle_unread(timestamp now) {
  if (auto x = active())
    x->handle_life(now.steady);
}

void connections::end_overdue(timestamp now) {
  while (attempts_.handle_timeout(now.steady, events_))
    ++ended_[to_string(missed_deadline::handshake_timeout)];
  for (auto& x : links_)
    end_if_overdue(x, now);
}

link* connections::idle(timestamp now) {
  auto x = active();
  return x && x->expired(link_timer::idle, now.steady) ? x : nullptr;
}

link* connections::worn_out(timestamp now) {
  auto x = active();
  return x && x->expired(link_timer::age, now.steady) ? x : nullptr;
}

bool connections::keep_up(const node_advert* advert, timestamp now) {
  auto x = active();
  if (!x)
    return false;
  x->rekey_if_due(now.steady);
  x->renew_if_due(now.steady);
  if (advert)
    x->send_advert_if_due(*advert, now.steady);
  if (!x->expired(link_timer::heartbeat, now.steady))
    return false;
  x->send_heartbeat(now.steady);
  return true;
}

std::optional<steady_time> connections::next_deadline(bool wanted,
                                                      bool may_idle) const {
  auto result = attempts_.next_deadline(wanted && takes_attempts());
  for (const auto& x : links_)
    result = earliest({result, x.next_deadline(may_idle)});
  return result;
}

// -- results ------------------------------------------------------------------

std::optional<peer_action> connections::poll_transmit() {
  for (auto i = links_.begin(); i != links_.end(); ++i) {
    if (auto frames = i->poll_frames())
      return transmit_frames{i->id(), std::move(*frames)};
    if (i->is<link::closing>()) {
      close_connection result{i->id()};
      links_.erase(i);
      return result;
    }
  }
  return std::nullopt;
}

std::optional<peer_action> connections::poll_event() {
  if (events_.empty())
    return std::nullopt;
  return events_.take_front();
}

// -- state --------------------------------------------------------------------

link* connections::active() {
  return const_cast<link*>(std::as_const(*this).active());
}

const link* connections::active() const {
  auto position = std::ranges::find_if(
    links_, [](const link& x) { return x.is<link::active>(); });
  return position != links_.end() ? &*position : nullptr;
}

link* connections::find(connection_id connection) {
  auto position = std::ranges::find(links_, connection, &link::id);
  return position != links_.end() ? &*position : nullptr;
}

bool connections::holds() const {
  return std::ranges::any_of(links_, [](const link& x) {
    return x.is<link::active>() || x.is<link::confirming>();
  });
}

bool connections::takes_attempts() const {
  return !std::ranges::any_of(links_, [](const link& x) {
    return x.is<link::confirming>() || (x.is<link::active>() && !x.renews());
  });
}

// -- private ------------------------------------------------------------------

hello connections::make_hello(const node_advert_versions& adverts) const {
  hello result;
  result.request = {settings_->versions.min,
                    settings_->versions.max,
                    local(),
                    remote(),
                    adverts.own,
                    adverts.known};
  result.epoch = epoch_;
  result.prev = last_established_;
  if (settings_->have_aes)
    result.ciphers.push_back(
      static_cast<std::uint64_t>(cipher_suite::aes256_gcm));
  result.ciphers.push_back(
    static_cast<std::uint64_t>(cipher_suite::chacha20_poly1305));
  result.max_message = settings_->max_message;
  return result;
}

/// Whether `x` belongs to a life of the peer that has ended: a later one has
/// been met. What is under way of the former one arrives nonetheless.
bool connections::is_over(const link& x,
                          std::optional<std::uint64_t> known) const {
  return known && known != x.terms().remote_epoch
         && x.in<link::confirming>().alive < remote_epoch_since_;
}

/// Whether `newer` survives beside `older`. Both ends come to the same answer.
bool connections::replaces(const link& newer, const link& older) const {
  const auto& a = newer.terms();
  const auto& b = older.terms();
  if (a.remote_epoch != b.remote_epoch || a.role == b.role
      || a.prev == b.digest)
    return true;
  auto smaller_is_self = local() < remote();
  return (a.role == connection_role::initiator) == smaller_is_self;
}

/// Gives up a connection in favour of another one, on which the peer's epoch is
/// `epoch`. If it is another one, who gets the goodbye is not alone with its
/// key.
void connections::supersede(link& x, std::uint64_t epoch, bool finished,
                            timestamp now) {
  auto reason = x.terms().remote_epoch == epoch
                  ? control::goodbye_reason::superseded
                  : control::goodbye_reason::displaced;
  ++ended_[to_string(reason)];
  x.leave(reason, finished, now.steady);
}

/// Ends a connection that is of no more use.
void connections::lose(link& x, const end_reason& reason, timestamp now) {
  auto was_active = x.is<link::active>();
  auto was_attempt =
    x.is<link::confirming>() && x.terms().role == connection_role::initiator;
  x.close();
  if (was_active) {
    handle_end(x, reason, now);
    attempts_.handle_loss(is_stable(x, now), now.steady);
    return;
  }
  ++ended_[to_string(reason)];
  if (was_attempt)
    attempts_.handle_failure(x.place(), reason, now.steady, events_);
}

/// The active connection was the only one, and is no longer active.
void connections::handle_end(const link& x, const end_reason& reason,
                             timestamp now) {
  ++ended_[to_string(reason)];
  last_end_ = end{reason, now.steady};
  if (is_stable(x, now))
    attempts_.handle_stable();
  events_.emplace_back(peer_event{peer_disconnected{reason}});
}

void connections::end_if_overdue(link& x, timestamp now) {
  if (x.expired(link_timer::handshake, now.steady))
    lose(x, missed_deadline::handshake_timeout, now);
  else if (x.expired(link_timer::goodbye, now.steady))
    lose(x, missed_deadline::goodbye_timeout, now);
  else if (x.expired(link_timer::dead_peer, now.steady))
    lose(x, missed_deadline::dead_peer, now);
  else if (x.expired(link_timer::peer_key, now.steady))
    break_off(x, session_error::key_worn_out, now);
}

bool connections::is_stable(const link& x, timestamp now) const {
  return now.steady - x.begun() >= settings_->stable_after;
}

/// Closes the oldest connection that is being left if there are too many.
void connections::bound_links() {
  if (links_.size() <= max_links)
    return;
  auto oldest = std::ranges::find_if(
    links_, [](const link& x) { return x.is<link::leaving>(); });
  if (oldest != links_.end())
    oldest->close();
}

} // namespace node_proxy::internal
