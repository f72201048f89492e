#include <node_proxy/protocol/peer/attempts.hpp>

#include <utility>

namespace node_proxy::internal {

attempts::attempts(const peer_settings& settings,
                   std::shared_ptr<const identity> self,
                   const noise_public_key& remote_key, const dial_pace& pace,
                   random_source random)
  : handshake_timeout_(settings.handshake_timeout), self_(std::move(self)),
    remote_key_(remote_key), random_(std::move(random)),
    dialler_(settings, pace) {}

// -- events -------------------------------------------------------------------

void attempts::handle_dialled(attempt_id attempt, connection_id connection,
                              bool wanted, hello offer, steady_time now,
                              fifo<peer_action>& out) {
  auto to = dialler_.handle_dialled(attempt, wanted);
  if (!wanted || !to) {
    out.emplace_back(close_connection{connection});
    return;
  }
  initiator_handshake handshake{*self_, remote_key_, random_.next_key(),
                                std::move(offer)};
  auto init = handshake.write_init();
  if (!init) {
    // The key of the remote node leads to a shared secret of zeros.
    out.emplace_back(close_connection{connection});
    handle_failure(to, dial_error::bad_key, now, out);
    return;
  }
  out.emplace_back(transmit_frames{connection, std::move(*init)});
  dialler_.handle_handshake({connection, std::move(*to), std::move(handshake),
                             now + handshake_timeout_});
}

void attempts::handle_dial_failed(attempt_id attempt, dial_error reason,
                                  bool last_word, steady_time now,
                                  fifo<peer_action>& out) {
  auto to = dialler_.handle_dial_failed(attempt);
  if (!to)
    return;
  // A name counts if it leads nowhere.
  made_ += std::holds_alternative<dns_addr>(to->address) ? 1 : 0;
  if (last_word)
    handle_failure(to, reason, now, out);
  else
    ++failed_;
}

bool attempts::handle_found(attempt_id attempt,
                            const std::vector<transport_address>& addresses,
                            bool last_word, steady_time now,
                            fifo<peer_action>& out) {
  auto is_new = dialler_.handle_found(attempt, addresses, now);
  // What was known before has failed, is under way or has yet to be tried.
  if (!is_new && last_word)
    go_on(now, out);
  return is_new;
}

expected<
  std::variant<attempts::success, attempts::sent_on, connect_reply_error>,
  handshake_error>
attempts::handle_reply(connection_id connection, bytes_view body,
                       steady_time now, fifo<peer_action>& out) {
  auto attempt = dialler_.find(connection);
  auto reply = attempt->handshake.handle_reply(body);
  if (!reply) {
    end_handshake(connection, reply.error(), now, out);
    return unexpected{reply.error()};
  }
  if (auto refused = std::get_if<connect_reply_error>(&*reply)) {
    if (*refused != connect_reply_error::over_capacity
        || !dialler_.has_others())
      return *refused;
    end_handshake(connection, *refused, now, out);
    return sent_on{};
  }
  success result{std::move(std::get<session>(*reply)), attempt->to,
                 attempt->deadline,
                 now - (attempt->deadline - handshake_timeout_)};
  dialler_.handle_handshake_end(connection);
  while (!dialler_.handshakes().empty()) {
    auto other = dialler_.handshakes().front().connection;
    out.emplace_back(close_connection{other});
    dialler_.handle_handshake_abandoned(other);
  }
  return result;
}

void attempts::handle_closed(connection_id connection, const end_reason& reason,
                             steady_time now, fifo<peer_action>& out) {
  std::optional<destination> to;
  if (auto ended = dialler_.find(connection))
    to = ended->to;
  dialler_.handle_handshake_end(connection);
  handle_failure(to, reason, now, out);
}

void attempts::handle_refusal(steady_time now, fifo<peer_action>& out) {
  close_handshakes(out);
  dialler_.handle_refusal(now, random_);
  cancel_abandoned(out);
}

void attempts::handle_end(fifo<peer_action>& out) {
  close_handshakes(out);
  dialler_.handle_end();
  cancel_abandoned(out);
}

void attempts::handle_failure(const std::optional<destination>& to,
                              const end_reason& reason, steady_time now,
                              fifo<peer_action>& out) {
  ++failed_;
  last_failure_ = failure{to, reason, now};
  go_on(now, out);
}

bool attempts::handle_timeout(steady_time now, fifo<peer_action>& out) {
  const auto& all = dialler_.handshakes();
  if (all.empty() || all.front().deadline > now)
    return false;
  end_handshake(all.front().connection, missed_deadline::handshake_timeout, now,
                out);
  return true;
}

// -- results ------------------------------------------------------------------

bool attempts::dial(steady_time now, fifo<peer_action>& out) {
  auto attempt = dialler_.poll_attempt(now);
  if (!attempt)
    return false;
  auto is_lookup = std::holds_alternative<dns_addr>(attempt->to.address);
  made_ += is_lookup ? 0 : 1;
  out.emplace_back(std::move(*attempt));
  return !is_lookup;
}

// -- private ------------------------------------------------------------------

/// On to the next address, or wait.
void attempts::go_on(steady_time now, fifo<peer_action>& out) {
  if (!dialler_.handle_failure(now, random_))
    return;
  peer_unreachable told;
  if (last_failure_)
    told = {last_failure_->reason, last_failure_->to};
  out.emplace_back(peer_event{std::move(told)});
}

/// A handshake came to nothing. Its connection is of no use any more.
void attempts::end_handshake(connection_id connection, const end_reason& reason,
                             steady_time now, fifo<peer_action>& out) {
  out.emplace_back(close_connection{connection});
  handle_closed(connection, reason, now, out);
}

void attempts::close_handshakes(fifo<peer_action>& out) {
  for (const auto& x : dialler_.handshakes())
    out.emplace_back(close_connection{x.connection});
}

void attempts::cancel_abandoned(fifo<peer_action>& out) {
  while (auto id = dialler_.poll_abandoned())
    out.emplace_back(cancel_dial{*id});
}

} // namespace node_proxy::internal
