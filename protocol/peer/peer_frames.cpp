// What goes over an established connection of a peer, in and out.

#include <algorithm>
#include <utility>

#include <node_proxy/messages/limits.hpp>
#include <node_proxy/protocol/peer/peer.hpp>
#include <node_proxy/protocol/wire/advert.hpp>
#include <node_proxy/protocol/wire/bare.hpp>

namespace node_proxy::internal {

namespace {

/// How much one flush puts into frames.
constexpr std::size_t flush_bytes = 128 * 1024;

/// Bytes of chunk list that fit a frame, whatever its number.
std::size_t max_list() {
  return session::max_messages(limits::sequence_end - 1);
}

/// Memory for the frames of whichever peer of this thread has some next, while
/// it is in the caches of the processor.
bytes& spare_frames() {
  static thread_local bytes buffer;
  return buffer;
}

} // namespace

// -- in
// ------------------------------------------------------------------------

void peer::handle_frame(connection_id connection, bytes_view body,
                        timestamp now) {
  if (auto attempt = dialler_.find(connection)) {
    handle_handshake_reply(*attempt, body, now);
    consider_dial(now);
    return;
  }
  auto x = find(connection);
  if (!x || x->is<link::closing>())
    return;
  ++metrics_.frames_in;
  auto frame = x->crypto.open(body);
  if (frame) {
    x->handle_life(now.steady);
    handle_opened(*x, *frame, now);
  } else {
    break_off(*x, to_string(frame.error()), now);
  }
  consider_dial(now);
}

bool peer::handle_node_msg(const node_msg& msg, timestamp now) {
  auto x = active();
  auto encoded = encode(msg);
  if (!x || !encoded)
    return false;
  bytes body;
  append_uint(body, static_cast<std::uint64_t>(frame_kind::node_msg));
  body.insert(body.end(), encoded->begin(), encoded->end());
  handle_frame(x->id, body, now);
  return true;
}

void peer::handle_progress(connection_id connection, std::size_t count,
                           timestamp now) {
  if (auto x = find(connection))
    x->handle_progress(count, now.steady);
}

void peer::handle_opened(link& x, opened_frame& frame, timestamp now) {
  if (x.is<link::confirming>()) {
    auto first = std::get_if<control::frame>(&frame);
    if (!first || !std::holds_alternative<control::resume>(*first))
      return break_off(x, "no_resume", now);
    return establish(x, std::get<control::resume>(*first), now);
  }
  if (auto messages = std::get_if<opened_messages>(&frame))
    return handle_messages(x, *messages, now);
  if (auto unreliable = std::get_if<opened_unreliable>(&frame))
    return handle_unreliable(x, *unreliable, now);
  std::visit([&](auto& y) { handle(x, y, now); },
             std::get<control::frame>(frame));
}

void peer::handle_messages(link& x, const opened_messages& frame,
                           timestamp now) {
  if (!x.next_in)
    return; // a connection that was given up before it was used
  if (frame.first != *x.next_in)
    return break_off(x, to_string(session_error::out_of_order), now);
  *x.next_in += frame.chunks.size();
  // A connection that is being left may belong to an epoch that is over.
  if (inbox_.received()->epoch != x.terms().remote_epoch)
    return;
  x.last_message = now.steady;
  auto seq = frame.first;
  for (const auto& [last, chunk] : frame.chunks) {
    auto message = inbox_.handle_chunk(seq++, last, chunk);
    if (!message)
      return break_off(x, to_string(message.error()), now);
    if (*message)
      deliver(**message, now);
  }
}

void peer::handle_unreliable(link& x, const opened_unreliable& frame,
                             timestamp now) {
  // Fragments go together on one connection only. What comes late on one that
  // is being left is as good as lost.
  if (!x.is<link::active>()) {
    ++metrics_.unreliable_dropped;
    return;
  }
  x.last_message = now.steady;
  auto dropped = unreliable_in_.dropped();
  for (const auto& [last, chunk] : frame.chunks)
    if (auto message = unreliable_in_.handle_chunk(last, chunk))
      deliver({{unreliable_generation, message->number}, message->data, {}},
              now);
  metrics_.unreliable_dropped += unreliable_in_.dropped() - dropped;
}

void peer::deliver(const received_message& message, timestamp now) {
  ++metrics_.messages_in;
  auto msg = read_message(message);
  if (msg)
    actions_.emplace_back(deliver_message{message.id, std::move(*msg)});
  else
    handle_finished(message.id, msg.error(), now);
}

/// The message with the name of its sender's node filled in.
expected<engine_msg, control::reject_reason>
peer::read_message(const received_message& message) {
  using enum control::reject_reason;
  if (message.data.empty())
    return unexpected{over_limit};
  auto msg = codec_.decode(message.data);
  if (!msg)
    return unexpected{malformed};
  if (msg->sender.node && *msg->sender.node != remote_)
    return unexpected{wrong_sender};
  if (msg->target.node && *msg->target.node != self_->id())
    return unexpected{wrong_target};
  return engine_msg{{remote_, msg->sender.name},
                    msg->target,
                    msg->mailbox,
                    message.gathered.empty()
                      ? arena_.copy(msg->payload)
                      : shared_bytes{message.gathered.owner(), msg->payload}};
}

void peer::handle(link& x, const control::resume&, timestamp now) {
  auto left = std::get_if<link::leaving>(&x.phase);
  if (left && std::exchange(left->unconfirmed, false))
    return; // the first one, on a connection that was given up before
  break_off(x, "second_resume", now);
}

void peer::handle(link& x, const control::ack& frame, timestamp now) {
  // After another connection took over, the acknowledgement is repeated there.
  if (!x.is<link::active>())
    return;
  if (!outbox_.handle_ack(frame))
    return break_off(x, "beyond_sent", now);
  settle_due_ = settle_due_ || !frame.rejects.empty();
}

void peer::handle(link& x, const control::settled& frame, timestamp now) {
  if (!x.is<link::active>())
    return;
  if (auto ok = inbox_.handle_settled(frame, now.steady); !ok)
    break_off(x, to_string(ok.error()), now);
}

void peer::handle(link& x, const control::void_range& frame, timestamp now) {
  if (!x.next_in)
    return;
  if (frame.from != *x.next_in || frame.to <= frame.from)
    return break_off(x, to_string(session_error::out_of_order), now);
  *x.next_in = frame.to;
  if (inbox_.received()->epoch != x.terms().remote_epoch)
    return;
  if (auto ok = inbox_.handle_void(frame, now.steady); !ok)
    break_off(x, to_string(ok.error()), now);
}

void peer::handle(link& x, const node_advert& frame, timestamp now) {
  if (!x.takes_advert(now.steady))
    return break_off(x, "too_many_adverts", now);
  if (frame.id == self_->id()) {
    auto own = local_advert_ ? local_advert_->version : 0;
    auto ok = check_advert(frame, self_->id(), own);
    if (ok)
      actions_.emplace_back(overtaken_advert{frame.version});
    else if (ok.error() == node_advert_refusal::stale)
      ++metrics_.stale_adverts;
    else
      break_off(x, to_string(ok.error()), now);
    return;
  }
  auto reply = handle_remote_advert(frame, now);
  auto refused = std::get_if<node_advert_refusal>(&reply.result);
  if (refused && *refused == node_advert_refusal::stale)
    ++metrics_.stale_adverts;
  else if (refused)
    break_off(x, to_string(*refused), now);
}

void peer::handle(link&, const control::heartbeat&, timestamp) {
  // It did what it is for by being there.
}

void peer::handle(link& x, const control::rekey&, timestamp now) {
  x.peer_key_since = now.steady;
}

void peer::handle(link& x, const control::goodbye& frame, timestamp now) {
  auto reason = control::goodbye_reason_of(frame.reason);
  // Whoever gets such a goodbye, or answers it, lives beside the process that
  // took over.
  if (reason == control::goodbye_reason::displaced)
    actions_.emplace_back(peer_event{peer_key_shared{!x.said_displaced}});
  if (x.is<link::active>()) {
    leave(x,
          reason == control::goodbye_reason::other
            ? control::goodbye_reason::shutdown
            : reason,
          now);
    if (reason == control::goodbye_reason::denied)
      handle_refusal(connect_reply_error::denied, now);
    else if (reason == control::goodbye_reason::over_capacity)
      handle_refusal(connect_reply_error::over_capacity, now);
    else
      dialler_.handle_loss(false, now.steady, random_);
  }
  // Two that stop do not wait for each other.
  if (reason == control::goodbye_reason::shutdown)
    draining_ = false;
  // A connection that another one took over was not the last one.
  finished_ = x.said_finished && frame.finished
              && reason != control::goodbye_reason::superseded
              && reason != control::goodbye_reason::displaced
              && x.terms().digest == last_established_;
  x.phase = link::closing{};
}

void peer::handle(link&, const control::unknown&, timestamp) {
  ++metrics_.unknown_controls;
}

void peer::handle_written(connection_id connection, std::size_t count) {
  if (auto x = find(connection))
    x->backlog -= std::min(x->backlog, count);
}

// -- out
// -----------------------------------------------------------------------

bool peer::flush(timestamp now) {
  if (shutdown_deadline_)
    check_shutdown(now);
  auto x = active();
  if (!x)
    return false;
  flush_control(*x, now);
  return flush_messages(*x, now);
}

/// Sends what is owed. An acknowledgement waits for others to join it, unless
/// more than half of what is here is finished, or much of the window: the
/// sender may wait for room or for outcomes, and is to go on while engines take
/// the rest.
void peer::flush_control(link& x, timestamp now) {
  if (!x.takes_control(settings_))
    return;
  auto since = inbox_.ack_wanted_since();
  auto ack_due = ack_due_
                 || (since
                     && (inbox_.unacknowledged()
                           > std::min(inbox_.outstanding(), inbox_.window() / 4)
                         || now.steady - *since >= settings_.ack_delay));
  if (ack_due)
    x.seal(inbox_.take_ack(), now.steady);
  if (settle_due_)
    x.seal(control::settled{outbox_.first()}, now.steady);
  ack_due_ = false;
  settle_due_ = false;
}

bool peer::flush_messages(link& x, timestamp now) {
  while (x.backlog + x.out.size() < settings_.backlog_bytes
         && x.out.size() < flush_bytes) {
    x.rekey_if_due(settings_, now.steady);
    auto sent = seal_next_messages(x, now);
    auto sent_unreliable = seal_next_unreliable(x, now);
    if (!sent && !sent_unreliable)
      return false;
  }
  // What the socket still has to take is told when it is written.
  return x.backlog == 0;
}

bool peer::seal_next_messages(link& x, timestamp now) {
  auto next = outbox_.poll_transmit(max_list());
  if (!next)
    return false;
  if (auto range = std::get_if<control::void_range>(&*next)) {
    x.seal(*range, now.steady);
  } else {
    auto& batch = std::get<chunk_batch>(*next);
    if (x.out.capacity() == 0)
      x.out = std::exchange(spare_frames(), {});
    x.crypto.seal_messages(batch.first, batch.chunks, x.out);
    x.last_out = now.steady;
    x.last_message = now.steady;
  }
  return true;
}

void peer::reuse(bytes&& buffer) {
  // Not for ever what one burst has taken.
  if (buffer.size() < buffer.capacity() / 4)
    return;
  buffer.clear();
  if (buffer.capacity() > spare_frames().capacity())
    spare_frames() = std::move(buffer);
}

bool peer::seal_next_unreliable(link& x, timestamp now) {
  auto chunks = unreliable_out_.poll_transmit(x.crypto.max_unreliable());
  if (!chunks)
    return false;
  x.crypto.seal_unreliable(*chunks, x.out);
  x.last_out = now.steady;
  x.last_message = now.steady;
  return true;
}

} // namespace node_proxy::internal
