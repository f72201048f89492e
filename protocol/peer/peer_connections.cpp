// How connections of a peer come and go.

#include <algorithm>
#include <utility>

#include <node_proxy/protocol/peer/peer.hpp>

namespace node_proxy::internal {

namespace {

/// How many connections of one peer there may be. More than two take somebody
/// who makes them faster than those that they supersede come to their end.
constexpr std::size_t most_links = 8;

} // namespace

// -- dialling
// ------------------------------------------------------------------

void peer::handle_dialled(attempt_id attempt, connection_id connection,
                          timestamp now) {
  // Once the peer has proven itself, no other attempt is wanted.
  auto wanted = !holds_connection();
  auto address = dialler_.handle_dialled(attempt, wanted);
  if (!wanted || !address) {
    actions_.emplace_back(close_connection{connection});
    return;
  }
  begin_handshake(connection, *address, now);
  consider_dial(now);
}

void peer::begin_handshake(connection_id connection,
                           const transport_address& address, timestamp now) {
  initiator_handshake handshake{*self_, remote_key_, random_.next_key(),
                                make_hello()};
  auto init = handshake.write_init();
  if (!init) {
    // The key of the remote node leads to a shared secret of zeros.
    actions_.emplace_back(close_connection{connection});
    fail_attempt(now);
    return;
  }
  actions_.emplace_back(transmit_frames{connection, std::move(*init)});
  dialler_.handle_handshake({connection, address, std::move(handshake),
                             now.steady + settings_.handshake_timeout});
}

void peer::handle_dial_failed(attempt_id attempt, timestamp now) {
  if (!dialler_.is_dialling(attempt))
    return;
  dialler_.handle_dial_failed(attempt);
  // The one that has met the peer may still succeed, or else has the last word.
  if (holds_connection())
    ++metrics_.failed_attempts;
  else
    fail_attempt(now);
  consider_dial(now);
}

hello peer::make_hello() const {
  hello result;
  result.request = {settings_.versions.min,
                    settings_.versions.max,
                    self_->id(),
                    remote_,
                    local_advert_ ? local_advert_->version : 0,
                    advert_version()};
  result.epoch = epoch_;
  result.prev = last_established_;
  if (settings_.have_aes)
    result.ciphers.push_back(
      static_cast<std::uint64_t>(cipher_suite::aes256_gcm));
  result.ciphers.push_back(
    static_cast<std::uint64_t>(cipher_suite::chacha20_poly1305));
  result.max_message = settings_.max_message;
  return result;
}

void peer::handle_handshake_reply(dialler::handshaking& attempt,
                                  bytes_view body, timestamp now) {
  auto connection = attempt.connection;
  auto reply = attempt.handshake.handle_reply(body);
  if (!reply) {
    ++metrics_.ends[to_string(reply.error())];
    fail_handshake(connection, now);
  } else if (auto refused = std::get_if<connect_reply_error>(&*reply)) {
    close_handshakes();
    handle_refusal(*refused, now);
  } else {
    complete_handshake(connection, std::move(std::get<session>(*reply)), now);
  }
}

/// The peer has proven itself on a connection that was dialled. On others it
/// has been told nothing that it would act upon: they are closed.
void peer::complete_handshake(connection_id connection, session&& established,
                              timestamp now) {
  auto attempt = dialler_.find(connection);
  auto& x = links_.emplace_back(connection, std::move(established), now.steady,
                                now.steady);
  x.phase = link::confirming{attempt->deadline};
  x.dialled_at = attempt->address;
  dialler_.handle_handshake_end(connection);
  while (!dialler_.handshakes().empty()) {
    auto other = dialler_.handshakes().front().connection;
    actions_.emplace_back(close_connection{other});
    dialler_.handle_handshake_abandoned(other);
  }
  send_resume(x, now);
}

/// The peer, or its authenticated reply, said no.
void peer::handle_refusal(connect_reply_error reason, timestamp now) {
  actions_.emplace_back(peer_event{peer_refused{reason}});
  dialler_.handle_refusal(now.steady, random_);
  connect_wanted_ = false;
  refused_ = true;
  switch (reason) {
  case connect_reply_error::over_capacity:
    expiry_error_ = send_error::over_capacity;
    break;
  case connect_reply_error::incompatible:
    fail_all(send_error::incompatible,
             send_failure::unconfirmed_cause::unreachable);
    break;
  case connect_reply_error::denied:
    fail_all(send_error::denied, send_failure::unconfirmed_cause::unreachable);
    break;
  }
}

void peer::handle_connect_reply(const connect_reply& reply, timestamp now) {
  if (auto refused = std::get_if<connect_reply_error>(&reply.result)) {
    close_handshakes();
    handle_refusal(*refused, now);
  } else {
    handle_connect(now);
  }
}

connect_reply peer::answer(const connect_request& request) const {
  connect_facts facts;
  facts.versions = settings_.versions;
  facts.allowed = request.src_node_id == remote_;
  facts.advert_versions = {local_advert_ ? local_advert_->version : 0,
                           advert_version()};
  return answer_request(request, self_->id(), facts);
}

/// A handshake came to nothing. Its connection is of no use any more.
void peer::fail_handshake(connection_id connection, timestamp now) {
  actions_.emplace_back(close_connection{connection});
  dialler_.handle_handshake_end(connection);
  fail_attempt(now);
}

void peer::close_handshakes() {
  for (const auto& x : dialler_.handshakes())
    actions_.emplace_back(close_connection{x.connection});
}

/// Gives up all that was to lead to a connection. Connections that still come
/// of it are closed.
void peer::abandon_attempts() {
  close_handshakes();
  dialler_.handle_end();
}

/// An attempt to connect came to nothing. Who wanted a connection once has no
/// more than one round of all addresses.
void peer::fail_attempt(timestamp now) {
  ++metrics_.failed_attempts;
  if (!dialler_.handle_failure(now.steady, random_))
    return;
  connect_wanted_ = false;
  actions_.emplace_back(peer_event{peer_unreachable{}});
}

// -- establishing
// --------------------------------------------------------------

void peer::handle_session(connection_id connection, proven_session session,
                          timestamp now) {
  auto& x = links_.emplace_back(connection, std::move(session.established),
                                session.answered, now.steady);
  // If the handshake began before this peer came to be it is about another
  // epoch. The initiator will try again.
  auto is_ours = x.terms().local_epoch == epoch_;
  if (!is_ours || (shutdown_deadline_ && !draining_)) {
    ++metrics_.ends[is_ours ? "shutting_down" : "other_epoch"];
    x.phase = link::closing{};
    return;
  }
  bound_links();
  send_resume(x, now);
  establish(x, session.resume, now);
}

void peer::send_resume(link& x, timestamp now) {
  x.said = {outbox_.first(), inbox_.received(), inbox_.window()};
  x.seal(x.said, now.steady);
}

/// The peer was met where it was dialled.
void peer::handle_contact(const transport_address& address) {
  auto memory = addresses_;
  memory.handle_contact(address, dialler_.tried());
  if (remember(memory))
    dialler_.handle_contact(best_addresses());
}

/// Both ends of `x` are proven. If there is another such connection, one of
/// them goes.
void peer::establish(link& x, const control::resume& resume, timestamp now) {
  if (x.dialled_at)
    handle_contact(*x.dialled_at);
  auto other = active();
  if (is_over(x) || (other && !replaces(x, *other)))
    return supersede(x, inbox_.received()->epoch, now);
  if (other) {
    if (is_stable(*other, now))
      dialler_.handle_stable();
    supersede(*other, x.terms().remote_epoch, now);
    stop_transfer();
  }
  if (auto reason = activate(x, resume, now)) {
    if (other)
      actions_.emplace_back(peer_event{peer_disconnected{*reason}});
    return break_off(x, *reason, now);
  }
  if (!other)
    actions_.emplace_back(
      peer_event{peer_connected{x.terms().proto_ver, x.terms().role}});
  // A peer that restarts again and again gets no more room by that.
  if (inbox_.orphaned() > settings_.window) {
    leave(x, control::goodbye_reason::limit, now);
    x.phase = link::closing{};
  }
}

/// Gives up a connection in favour of another one, on which the peer's epoch is
/// `epoch`. If it is another one, who gets the goodbye is not alone with its
/// key.
void peer::supersede(link& x, std::uint64_t epoch, timestamp now) {
  auto reason = x.terms().remote_epoch == epoch
                  ? control::goodbye_reason::superseded
                  : control::goodbye_reason::displaced;
  ++metrics_.ends[to_string(reason)];
  say_goodbye(x, reason, now);
}

/// Whether `x` belongs to a life of the peer that has ended: a later one has
/// been met. What is under way of the former one arrives nonetheless.
bool peer::is_over(const link& x) const {
  auto known = inbox_.received();
  return known && known->epoch != x.terms().remote_epoch
         && x.alive_after < remote_epoch_since_;
}

/// Whether `newer` survives beside `older`. Both ends come to the same answer.
bool peer::replaces(const link& newer, const link& older) const {
  const auto& a = newer.terms();
  const auto& b = older.terms();
  if (a.remote_epoch != b.remote_epoch || a.role == b.role
      || a.prev == b.digest)
    return true;
  auto smaller_is_self = self_->id() < remote_;
  return (a.role == connection_role::initiator) == smaller_is_self;
}

/// Goes on with the messages on this connection.
/// @returns what is wrong with `resume`, if anything.
std::optional<std::string_view>
peer::activate(link& x, const control::resume& resume, timestamp now) {
  const auto& terms = x.terms();
  auto known = inbox_.received();
  if (auto ok = inbox_.handle_resume(terms.remote_epoch, resume.first); !ok)
    return to_string(ok.error());
  if (!known || known->epoch != terms.remote_epoch)
    remote_epoch_since_ = x.alive_after;
  auto first_number = [](const control::resume& sender,
                         const control::resume& receiver, std::uint64_t epoch) {
    auto goes_on = receiver.received && receiver.received->epoch == epoch;
    return goes_on ? receiver.received->next : sender.first;
  };
  x.next_in = first_number(resume, x.said, terms.remote_epoch);
  auto resent =
    outbox_.handle_resume(first_number(x.said, resume, epoch_), resume.window);
  if (!resent)
    return "beyond_sent";
  x.phase = link::active{};
  x.last_message = now.steady;
  last_established_ = terms.digest;
  finished_ = false;
  refused_ = false;
  remote_max_message_ = terms.remote_max_message;
  outbox_.handle_max_message(terms.remote_max_message);
  expiry_error_ = send_error::expired;
  connect_wanted_ = false;
  // The last acknowledgement may have been lost, or have come too late.
  ack_due_ = known && known->epoch == terms.remote_epoch;
  settle_due_ = false;
  abandon_attempts();
  exchange_adverts(x, now);
  if (*resent > 0)
    actions_.emplace_back(peer_event{peer_resumed{*resent}});
  return std::nullopt;
}

/// Sends what the other end has in an older version. What it has of its own in
/// an older version than we do was issued by it and forgotten.
void peer::exchange_adverts(link& x, timestamp now) {
  const auto& remote = x.terms().remote_adverts;
  if (local_advert_ && remote.known < local_advert_->version)
    x.seal(*local_advert_, now.steady);
  if (remote_advert_ && remote.own < remote_advert_->version)
    x.seal(*remote_advert_, now.steady);
}

/// Of many adverts that are issued one after the other the peer is to get the
/// last one, and not more than it takes. What a network holds up arrives sooner
/// after each other than it was sent.
void peer::send_due_advert(link& x, timestamp now) {
  if (!x.advert_due || now.steady < *x.advert_due)
    return;
  x.seal(*local_advert_, now.steady);
  x.advert_due.reset();
  x.next_advert = now.steady + 2 * advert_interval;
}

// -- ending
// --------------------------------------------------------------------

void peer::say_goodbye(link& x, control::goodbye_reason reason, timestamp now) {
  auto finished = outbox_.empty() && inbox_.idle() && !inbox_.unsettled();
  x.seal(control::goodbye{static_cast<std::uint64_t>(reason), finished},
         now.steady);
  x.said_finished = finished;
  x.said_displaced = reason == control::goodbye_reason::displaced;
  x.phase = link::leaving{now.steady + settings_.goodbye_timeout,
                          x.is<link::confirming>()};
}

/// Ends a connection in good order.
void peer::leave(link& x, control::goodbye_reason reason, timestamp now) {
  if (x.is<link::leaving>() || x.is<link::closing>())
    return;
  auto was_active = x.is<link::active>();
  if (was_active) {
    ack_due_ = ack_due_ || inbox_.ack_wanted_since();
    flush_control(x, now);
  }
  say_goodbye(x, reason, now);
  if (was_active)
    end_active(x, to_string(reason), now);
  else
    ++metrics_.ends[to_string(reason)];
}

/// Ends a connection whose other end broke the protocol.
void peer::break_off(link& x, std::string_view reason, timestamp now) {
  if (x.is<link::closing>())
    return;
  if (!x.is<link::leaving>())
    x.seal(control::goodbye{static_cast<std::uint64_t>(
                              control::goodbye_reason::protocol_error),
                            false},
           now.steady);
  lose(x, reason, now);
}

/// Ends a connection that is of no more use.
void peer::lose(link& x, std::string_view reason, timestamp now) {
  auto phase = std::exchange(x.phase, link::closing{});
  if (std::holds_alternative<link::active>(phase)) {
    end_active(x, reason, now);
    dialler_.handle_loss(is_stable(x, now), now.steady, random_);
    return;
  }
  ++metrics_.ends[reason];
  auto is_attempt = x.terms().role == connection_role::initiator;
  if (is_attempt && std::holds_alternative<link::confirming>(phase))
    fail_attempt(now);
}

/// The active connection was the only one, and is no longer active.
void peer::end_active(const link& x, std::string_view reason, timestamp now) {
  ++metrics_.ends[reason];
  if (is_stable(x, now))
    dialler_.handle_stable();
  stop_transfer();
  disconnected_ = now.steady;
  actions_.emplace_back(peer_event{peer_disconnected{reason}});
}

/// Nothing more goes or comes on the connection that was active.
void peer::stop_transfer() {
  outbox_.handle_disconnect();
  unreliable_out_.handle_disconnect();
  unreliable_in_.handle_disconnect();
  trim();
}

/// Gives back memory that only many messages need.
void peer::trim() {
  arena_.trim();
  outbox_.trim();
  inbox_.trim();
  actions_.trim();
}

bool peer::is_stable(const link& x, timestamp now) const {
  return now.steady - x.begun >= settings_.stable_after;
}

void peer::handle_closed(connection_id connection, std::string_view reason,
                         timestamp now) {
  if (dialler_.find(connection)) {
    ++metrics_.ends[reason];
    dialler_.handle_handshake_end(connection);
    fail_attempt(now);
  } else if (auto x = find(connection)) {
    // Others were counted when they began to end.
    if (x->is<link::confirming>() || x->is<link::active>())
      lose(*x, reason, now);
    links_.remove_if(
      [connection](const link& y) { return y.id == connection; });
  }
  if (shutdown_deadline_)
    check_shutdown(now);
  consider_dial(now);
}

// -- upkeep
// --------------------------------------------------------------------

link* peer::active() {
  return const_cast<link*>(std::as_const(*this).active());
}

const link* peer::active() const {
  auto position = std::ranges::find_if(
    links_, [](const link& x) { return x.is<link::active>(); });
  return position != links_.end() ? &*position : nullptr;
}

link* peer::find(connection_id connection) {
  auto position = std::ranges::find(links_, connection, &link::id);
  return position != links_.end() ? &*position : nullptr;
}

/// Closes the oldest connection that is being left if there are too many.
void peer::bound_links() {
  if (links_.size() <= most_links)
    return;
  auto oldest = std::ranges::find_if(
    links_, [](const link& x) { return x.is<link::leaving>(); });
  if (oldest != links_.end())
    oldest->phase = link::closing{};
}

/// Whether a connection is there, or about to be.
bool peer::holds_connection() const {
  return std::ranges::any_of(links_, [](const link& x) {
    return x.is<link::active>() || x.is<link::confirming>();
  });
}

/// Only the initiator closes for want of messages, and only if nothing is left
/// to be said on either side.
bool peer::may_close_idle(const link& x) const {
  return x.terms().role == connection_role::initiator
         && permanence_ == connection_permanence::ephemeral && outbox_.empty()
         && unreliable_out_.empty() && inbox_.idle() && !inbox_.unsettled();
}

void peer::check_link(link& x, timestamp now) {
  if (auto confirming = std::get_if<link::confirming>(&x.phase)) {
    if (confirming->deadline <= now.steady)
      lose(x, "handshake_timeout", now);
  } else if (auto leaving = std::get_if<link::leaving>(&x.phase)) {
    if (leaving->deadline <= now.steady)
      lose(x, "goodbye_timeout", now);
  } else if (x.is<link::active>()) {
    if (now.steady - x.last_in >= settings_.dead_peer_limit)
      return lose(x, "dead_peer", now);
    if (x.peer_key_worn_out(now.steady))
      return break_off(x, to_string(session_error::key_worn_out), now);
    if (may_close_idle(x)
        && now.steady - x.last_message >= settings_.idle_timeout)
      return leave(x, control::goodbye_reason::idle, now);
    x.rekey_if_due(settings_, now.steady);
    send_due_advert(x, now);
    if (x.heartbeat_due(settings_) <= now.steady)
      send_heartbeat(x, now);
  }
}

void peer::send_heartbeat(link& x, timestamp now) {
  trim();
  if (x.takes_control(settings_))
    x.seal(control::heartbeat{}, now.steady);
  else
    x.last_out = now.steady; // it would only wait with all the rest
}

/// When `check_link` or `flush` has something to do.
std::optional<steady_time> peer::link_deadline(const link& x) const {
  if (auto confirming = std::get_if<link::confirming>(&x.phase))
    return confirming->deadline;
  if (auto leaving = std::get_if<link::leaving>(&x.phase))
    return leaving->deadline;
  if (!x.is<link::active>())
    return std::nullopt;
  auto result =
    std::min({x.last_in + settings_.dead_peer_limit, x.heartbeat_due(settings_),
              x.key_since + settings_.rekey_interval,
              x.peer_key_since + 2 * key_lifetime});
  if (x.advert_due)
    result = std::min(result, *x.advert_due);
  if (may_close_idle(x))
    result = std::min(result, x.last_message + settings_.idle_timeout);
  if (auto since = inbox_.ack_wanted_since();
      since && x.takes_control(settings_))
    result = std::min(result, *since + settings_.ack_delay);
  return result;
}

} // namespace node_proxy::internal
