#include <node_proxy/protocol/peer/delivery.hpp>

#include <algorithm>
#include <utility>

#include <node_proxy/messages/limits.hpp>
#include <node_proxy/protocol/peer/timer_table.hpp>

namespace node_proxy::internal {

delivery::delivery(const peer_settings& settings, const node_id& self,
                   const node_id& remote, const peer_record& record)
  : self_(self), remote_(remote), outbox_bytes_(settings.outbox_bytes),
    window_(settings.window), flow_(settings, record),
    unreliable_out_(settings.window),
    unreliable_in_(settings.window, settings.max_message),
    arena_(2 * settings.window) {}

// -- events of this node ------------------------------------------------------

expected<void, send_error> delivery::handle_send(send_token token,
                                                 const node_out_msg& msg,
                                                 bool reachable,
                                                 timestamp now) {
  if (msg.msg.sender.node && *msg.msg.sender.node != self_)
    return unexpected{send_error::wrong_sender};
  if (msg.msg.target.node && *msg.msg.target.node != remote_)
    return unexpected{send_error::wrong_target};
  auto expires = deadline_of(msg.expiry, now);
  if (!expires)
    return unexpected{send_error::bad_expiry};
  auto data = codec_.encode(msg.msg);
  if (!data)
    return unexpected{send_error::malformed};
  auto size = data->size();
  auto reliable = msg.prefs.reliability == transport_reliability::reliable;
  auto most = reliable ? outbox_bytes_ : window_;
  auto overhead = reliable ? outbox::memory_overhead : limits::message_overhead;
  if (size > remote_max_message_.value_or(size) || size + overhead > most)
    return unexpected{send_error::too_large};
  if (has_passed(*expires, now))
    return unexpected{send_error::expired};
  if (!reachable && !remote_epoch())
    return unexpected{send_error::unknown_node};
  auto taken = reliable ? flow_.handle_send(token, std::move(*data), *expires)
                        : unreliable_out_.handle_send(token, std::move(*data),
                                                      *expires, now);
  if (!taken)
    return unexpected{send_error::outbox_full};
  ++metrics_.messages_out;
  return {};
}

void delivery::handle_finished(const delivery_id& id,
                               std::optional<control::reject_reason> reason,
                               steady_time now) {
  if (reason)
    ++metrics_.messages_rejected;
  if (auto reliable = std::get_if<reliable_id>(&id))
    flow_.handle_finished(*reliable, reason, now);
  else
    unreliable_in_.handle_finished(std::get<unreliable_id>(id).number);
}

void delivery::handle_timeout(timestamp now) {
  flow_.handle_timeout(now, expiry_error_);
  unreliable_out_.handle_timeout(now, expiry_error_);
}

void delivery::handle_failure(send_error definite,
                              send_failure::unconfirmed_cause cause) {
  flow_.handle_failure(definite, cause);
  unreliable_out_.handle_failure(definite);
}

// -- events of the present connection -----------------------------------------

expected<flow_start, std::string_view>
delivery::handle_resume(const session_terms& terms, const control::resume& said,
                        const control::resume& heard) {
  auto result = flow_.handle_resume(terms, said, heard);
  if (result) {
    remote_max_message_ = terms.remote_max_message;
    flow_.handle_max_message(terms.remote_max_message);
    expiry_error_ = send_error::expired;
  }
  return result;
}

void delivery::handle_disconnect() {
  flow_.handle_disconnect();
  unreliable_out_.handle_disconnect();
  unreliable_in_.handle_disconnect();
}

expected<void, std::string_view>
delivery::handle_messages(const opened_messages& frame, steady_time now,
                          fifo<peer_action>& out) {
  auto seq = frame.first;
  for (const auto& [last, chunk] : frame.chunks) {
    auto message = flow_.handle_chunk(seq++, last, chunk);
    if (!message)
      return unexpected{to_string(message.error())};
    if (*message)
      deliver((*message)->id, (*message)->data, (*message)->gathered, now, out);
  }
  return {};
}

void delivery::handle_unreliable(const opened_unreliable& frame,
                                 steady_time now, fifo<peer_action>& out) {
  auto dropped = unreliable_in_.dropped();
  for (const auto& [last, chunk] : frame.chunks)
    if (auto message = unreliable_in_.handle_chunk(last, chunk))
      deliver(unreliable_id{message->number}, message->data, {}, now, out);
  metrics_.unreliable_dropped += unreliable_in_.dropped() - dropped;
}

// -- results ------------------------------------------------------------------

std::optional<outgoing> delivery::poll_transmit(const transmit_room& room,
                                                steady_time now) {
  if (room.control)
    if (auto owed = flow_.poll_owed(now))
      return owed;
  if (room.messages == 0)
    return std::nullopt;
  // Neither kind waits until all of the other has gone.
  if (!std::exchange(unreliable_next_, false))
    if (auto next = flow_.poll_transmit(room.messages)) {
      unreliable_next_ = true;
      return next;
    }
  if (auto chunks = unreliable_out_.poll_transmit(room.unreliable))
    return unreliable_chunks{std::move(*chunks)};
  return flow_.poll_transmit(room.messages);
}

std::optional<send_outcome> delivery::poll_outcome() {
  if (auto outcome = flow_.poll_outcome())
    return outcome;
  return unreliable_out_.poll_outcome();
}

std::optional<steady_time> delivery::next_deadline(bool takes_control,
                                                   timestamp now) const {
  return earliest({flow_.next_deadline(now), unreliable_out_.next_deadline(),
                   takes_control ? flow_.ack_deadline() : std::nullopt});
}

// -- state --------------------------------------------------------------------

void delivery::trim() {
  arena_.trim();
  flow_.trim();
}

// -- private ------------------------------------------------------------------

void delivery::deliver(const delivery_id& id, bytes_view data,
                       const block_buffer& gathered, steady_time now,
                       fifo<peer_action>& out) {
  ++metrics_.messages_in;
  auto msg = read_message(data, gathered);
  if (msg)
    out.emplace_back(deliver_message{id, std::move(*msg)});
  else
    handle_finished(id, msg.error(), now);
}

/// The message with the name of its sender's node filled in. If it came in one
/// piece its payload is copied, otherwise it lies where that was `gathered`.
expected<engine_msg, control::reject_reason>
delivery::read_message(bytes_view data, const block_buffer& gathered) {
  using enum control::reject_reason;
  if (data.empty())
    return unexpected{over_limit};
  auto msg = codec_.decode(data);
  if (!msg)
    return unexpected{malformed};
  if (msg->sender.node && *msg->sender.node != remote_)
    return unexpected{wrong_sender};
  if (msg->target.node && *msg->target.node != self_)
    return unexpected{wrong_target};
  return engine_msg{{remote_, msg->sender.name},
                    msg->target,
                    msg->mailbox,
                    gathered.empty()
                      ? arena_.copy(msg->payload)
                      : shared_bytes{gathered.owner(), msg->payload}};
}

} // namespace node_proxy::internal
