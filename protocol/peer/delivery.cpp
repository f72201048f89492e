#include <node_proxy/protocol/peer/delivery.hpp>

#include <algorithm>
#include <utility>

#include <node_proxy/messages/limits.hpp>
#include <node_proxy/protocol/delivery/send_check.hpp>

namespace node_proxy::internal {

namespace {

/// The number from which on messages go from `sender` to `receiver`, in
/// `epoch` of the former.
std::uint64_t first_number(const control::resume& sender,
                           const control::resume& receiver,
                           std::uint64_t epoch) {
  auto goes_on = receiver.received && receiver.received->epoch == epoch;
  return goes_on ? receiver.received->next : sender.first;
}

} // namespace

delivery::delivery(const peer_settings& settings, const node_id& self,
                   const node_id& remote,
                   std::shared_ptr<receive_budget> budget,
                   const peer_record& record)
  : self_(self), remote_(remote), channel_window_(settings.channel_window),
    ack_delay_(settings.ack_delay),
    outbox_(settings, record.out, budget->strangers()),
    unreliable_out_(settings.window, budget->strangers()),
    account_(budget->strangers()),
    inbox_(settings, std::move(budget), account_, record.in),
    unreliable_in_(settings.window, settings.max_message, account_),
    arena_bytes_(2 * settings.window), arena_(arena_bytes_) {}

// -- events of this node ------------------------------------------------------

expected<void, send_error> delivery::handle_send(send_token token,
                                                 const node_out_msg& msg,
                                                 bool reachable, timestamp now,
                                                 time_limit limit) {
  auto reliable = msg.prefs.reliability == transport_reliability::reliable;
  auto room = reliable ? outbox_.max_size() : unreliable_out_.max_size();
  auto overhead = reliable ? outbox::memory_overhead : limits::message_overhead;
  auto data = codec_.encode(msg.msg);
  auto expires =
    check_send(msg, data, {self_, remote_, remote_max_message_, room, overhead},
               now, limit);
  if (!expires)
    return unexpected{expires.error()};
  if (!reachable && !remote_epoch())
    return unexpected{send_error::unknown_node};
  channel_key key{msg.msg.target.name, msg.prefs.ordering};
  auto size = data->size();
  auto taken =
    reliable ? outbox_.handle_send(token, key, std::move(*data), *expires, now)
             : unreliable_out_.handle_send(token, key, std::move(*data),
                                           *expires, now);
  if (!taken)
    return unexpected{send_error::outbox_full};
  ++metrics_.messages_out;
  metrics_.bytes_out += size;
  return {};
}

void delivery::handle_finished(const delivery_id& id,
                               std::optional<control::reject_reason> reason,
                               steady_time now) {
  ++(reason ? metrics_.messages_rejected : metrics_.messages_taken);
  if (auto reliable = std::get_if<reliable_id>(&id))
    inbox_.handle_finished(*reliable, reason, now);
  else
    unreliable_in_.handle_finished(std::get<unreliable_id>(id).number, !reason);
}

void delivery::handle_standing(bool is_stranger, steady_time now) {
  outbox_.handle_standing(is_stranger);
  unreliable_out_.handle_standing(is_stranger);
  inbox_.handle_standing(is_stranger, now);
  unreliable_in_.handle_standing();
  arena_.set_max_held(is_stranger ? stranger_account::spared : arena_bytes_);
}

void delivery::handle_timeout(timestamp now) {
  outbox_.handle_timeout(now, expiry_error_);
  inbox_.handle_timeout(now.steady);
  unreliable_out_.handle_timeout(now, expiry_error_);
}

void delivery::handle_failure(send_error definite,
                              send_failure::unconfirmed_cause cause) {
  outbox_.handle_failure(definite, cause);
  unreliable_out_.handle_failure(definite);
}

// -- events of the present connection -----------------------------------------

expected<delivery_start, violation>
delivery::handle_resume(const session_terms& terms, const said_resume& said,
                        const control::resume& heard) {
  if (heard.window < limits::min_channel_window)
    return unexpected{violation::bad_window};
  auto next_in = first_number(heard, said, terms.remote_epoch);
  if (auto ok = inbox_.handle_resume(terms.remote_epoch, heard.first, next_in);
      !ok)
    return unexpected{ok.error()};
  auto resent = outbox_.handle_resume(
    terms.remote_epoch, first_number(said, heard, terms.local_epoch),
    heard.window);
  if (!resent)
    return unexpected{resent.error()};
  metrics_.messages_resent += *resent;
  remote_max_message_ = terms.remote_max_message;
  outbox_.handle_max_message(terms.remote_max_message);
  expiry_error_ = send_error::expired;
  auto goes_on = said.received && said.received->epoch == terms.remote_epoch;
  connection_ = {};
  connection_.reopened_from =
    goes_on ? std::max(next_in, said.arrived) : next_in;
  return delivery_start{next_in, *resent};
}

void delivery::handle_disconnect() {
  connection_ = {};
  outbox_.handle_disconnect();
  unreliable_out_.handle_disconnect();
  unreliable_in_.handle_disconnect();
}

expected<void, violation>
delivery::handle_messages(const opened_messages& frame, steady_time now,
                          fifo<peer_action>& out) {
  auto seq = frame.first;
  for (const auto& [channel, last, chunk] : frame.chunks) {
    auto message = inbox_.handle_chunk(channel, seq++, last, chunk, now);
    if (!message)
      return unexpected{message.error()};
    if (auto& x = *message)
      deliver(x->id, x->target, x->data, x->gathered, now, out);
  }
  return {};
}

expected<void, violation>
delivery::handle_unreliable(const opened_unreliable& frame, steady_time now,
                            fifo<peer_action>& out) {
  auto dropped = unreliable_in_.dropped();
  for (const auto& [channel, last, chunk] : frame.chunks) {
    auto target = inbox_.target_of(channel);
    if (!target)
      return unexpected{violation::unknown_channel};
    if (auto ok = check_size(last, chunk); !ok)
      return unexpected{ok.error()};
    if (auto message = unreliable_in_.handle_chunk(*target, last, chunk))
      deliver(unreliable_id{message->number}, *target, message->data, {}, now,
              out);
  }
  metrics_.unreliable_dropped += unreliable_in_.dropped() - dropped;
  return {};
}

expected<void, violation> delivery::handle(const control::open& frame,
                                           steady_time now) {
  return inbox_.handle_open(frame, now);
}

expected<void, violation> delivery::handle(const control::reopened&,
                                           steady_time now) {
  inbox_.handle_reopened(connection_.reopened_from, now);
  return {};
}

expected<void, violation> delivery::handle(const control::close& frame,
                                           steady_time) {
  return inbox_.handle_close(frame);
}

expected<void, violation> delivery::handle(const control::abort& frame,
                                           steady_time now) {
  return inbox_.handle_abort(frame, now);
}

expected<void, violation> delivery::handle(const control::void_range& frame,
                                           steady_time now) {
  return inbox_.handle_void(frame, now);
}

expected<void, violation> delivery::handle(const control::ack& frame,
                                           steady_time now) {
  for (const auto& x : frame.channels) {
    if (auto ok = outbox_.handle_ack(x, now); !ok)
      return ok;
    if (auto taken = connection_.measured.handle_ack(x.channel, x.next, now))
      metrics_.acknowledgements.add(*taken);
  }
  return {};
}

expected<void, violation> delivery::handle(const control::settled& frame,
                                           steady_time now) {
  return inbox_.handle_settled(frame, now);
}

// -- results ------------------------------------------------------------------

std::optional<outgoing> delivery::poll_transmit(const transmit_room& room,
                                                steady_time now) {
  if (room.control)
    if (auto owed = poll_owed(now))
      return owed;
  if (room.messages == 0)
    return std::nullopt;
  // Neither kind waits until all of the other has gone.
  if (!std::exchange(connection_.unreliable_next, false))
    if (auto next = poll_reliable(room.messages, now)) {
      connection_.unreliable_next = true;
      return next;
    }
  if (auto next = poll_unreliable(room.unreliable, now))
    return next;
  return poll_reliable(room.messages, now);
}

std::optional<send_outcome> delivery::poll_outcome() {
  if (auto outcome = outbox_.poll_outcome())
    return outcome;
  return unreliable_out_.poll_outcome();
}

std::optional<steady_time> delivery::next_deadline(bool takes_control,
                                                   timestamp now) const {
  return earliest({outbox_.next_deadline(now), inbox_.next_deadline(),
                   unreliable_out_.next_deadline(),
                   takes_control ? ack_deadline() : std::nullopt});
}

// -- state --------------------------------------------------------------------

std::optional<std::uint64_t> delivery::remote_epoch() const {
  auto received = inbox_.received();
  return received ? std::optional{received->epoch} : std::nullopt;
}

backlog delivery::waiting(steady_time now) const {
  auto result = outbox_.waiting(now);
  auto unreliable = unreliable_out_.waiting(now);
  result.messages += unreliable.messages;
  result.bytes += unreliable.bytes;
  result.oldest_ms = std::max(result.oldest_ms, unreliable.oldest_ms);
  return result;
}

void delivery::trim() {
  arena_.trim();
  outbox_.trim();
  inbox_.trim();
}

// -- in -----------------------------------------------------------------------

void delivery::deliver(const delivery_id& id, const engine_name& target,
                       bytes_view data, const block_buffer& gathered,
                       steady_time now, fifo<peer_action>& out) {
  ++metrics_.messages_in;
  metrics_.bytes_in += data.size();
  if (auto msg = read_message(target, data, gathered))
    out.emplace_back(deliver_message{id, std::move(*msg)});
  else
    handle_finished(id, control::reject_reason::malformed, now);
}

/// The message with the names of both nodes filled in. If it came in one piece
/// its payload is copied, otherwise it lies where that was `gathered`.
std::optional<engine_msg> delivery::read_message(const engine_name& target,
                                                 bytes_view data,
                                                 const block_buffer& gathered) {
  auto msg = codec_.decode(data);
  if (!msg)
    return std::nullopt;
  return engine_msg{{remote_, msg->sender},
                    {self_, target},
                    msg->mailbox,
                    gathered.empty()
                      ? arena_.copy(msg->payload)
                      : shared_bytes{gathered.owner(), msg->payload}};
}

// -- out ----------------------------------------------------------------------

/// What is owed. An acknowledgement waits for others to join it, unless it is
/// urgent.
std::optional<outgoing> delivery::poll_owed(steady_time now) {
  if (ack_is_due(now)) {
    connection_.ack_due = false;
    if (auto ack = inbox_.take_ack(); !ack.channels.empty())
      return outgoing{std::move(ack)};
  }
  if (auto settled = outbox_.poll_settled())
    return outgoing{*settled};
  return std::nullopt;
}

std::optional<outgoing> delivery::poll_reliable(std::size_t max_plaintext,
                                                steady_time now) {
  auto next = outbox_.poll_transmit(max_plaintext);
  if (!next)
    return std::nullopt;
  if (auto batch = std::get_if<chunk_batch>(&*next); batch && batch->last_end)
    connection_.measured.handle_sent(batch->last_end->channel,
                                     batch->last_end->number, now);
  return std::visit([](auto& x) { return outgoing{std::move(x)}; }, *next);
}

/// Unreliable messages for one engine after the other: each names a channel,
/// which has to be open.
std::optional<outgoing> delivery::poll_unreliable(std::size_t max_plaintext,
                                                  steady_time now) {
  auto key = unreliable_out_.next_key();
  if (!key)
    return std::nullopt;
  auto channel = outbox_.find_open(*key, now);
  if (!channel)
    return std::nullopt;
  auto chunks = unreliable_out_.poll_transmit(*channel, max_plaintext);
  if (!chunks)
    return std::nullopt;
  return unreliable_chunks{std::move(*chunks)};
}

std::optional<steady_time> delivery::ack_deadline() const {
  auto since = inbox_.ack_wanted_since();
  return since ? std::optional{*since + ack_delay_} : std::nullopt;
}

bool delivery::ack_is_due(steady_time now) const {
  auto deadline = ack_deadline();
  return connection_.ack_due || (deadline && *deadline <= now)
         || inbox_.ack_is_urgent();
}

} // namespace node_proxy::internal
