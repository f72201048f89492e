// The messages of a peer, on whichever connection they go.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include <node_proxy/base/fifo.hpp>
#include <node_proxy/messages/node_out_msg.hpp>
#include <node_proxy/protocol/delivery/delivery_id.hpp>
#include <node_proxy/protocol/delivery/inbox.hpp>
#include <node_proxy/protocol/delivery/outbox.hpp>
#include <node_proxy/protocol/delivery/outgoing.hpp>
#include <node_proxy/protocol/delivery/said_resume.hpp>
#include <node_proxy/protocol/delivery/unreliable.hpp>
#include <node_proxy/protocol/delivery/violation.hpp>
#include <node_proxy/protocol/peer/peer_action.hpp>
#include <node_proxy/protocol/peer/peer_metrics.hpp>
#include <node_proxy/protocol/peer/peer_record.hpp>
#include <node_proxy/protocol/peer/round_trip.hpp>
#include <node_proxy/protocol/session/session.hpp>
#include <node_proxy/protocol/settings.hpp>
#include <node_proxy/protocol/wire/message_data.hpp>
#include <node_proxy/protocol/wire/payload_arena.hpp>

namespace node_proxy::internal {

/// Where messages go on when a connection begins.
struct delivery_start {
  /// The next number that arrives on it.
  std::uint64_t next_in = 0;
  /// How many messages are sent once more.
  std::uint64_t resent = 0;
};

/// All messages between this node and a remote one, from the engine that sends
/// one to its outcome, and from the frame to the engine that takes it.
///
/// Of connections it knows which one is the present one by `handle_resume` and
/// `handle_disconnect` alone.
class delivery {
public:
  /// @param budget for what the peer may have outstanding.
  /// @param record what an earlier one left.
  delivery(const peer_settings& settings, const node_id& self,
           const node_id& remote, std::shared_ptr<receive_budget> budget,
           const peer_record& record);

  // -- events of this node ----------------------------------------------------

  /// A local engine sends a message. Unless its outcome is known at once, it
  /// comes from `poll_outcome`.
  /// @param reachable there is a way to the peer, apart from that it may come
  ///                  to us as it did before.
  [[nodiscard]] expected<void, send_error>
  handle_send(send_token token, const node_out_msg& msg, bool reachable,
              timestamp now, time_limit limit = {});

  /// An engine has taken a message, or no engine will.
  void handle_finished(const delivery_id& id,
                       std::optional<control::reject_reason> reason,
                       steady_time now);

  /// Whether the peer is a stranger, for whom there is less memory.
  void handle_standing(bool is_stranger, steady_time now);

  /// The peer has left, and no connection is about to begin: see `inbox`.
  void handle_departure() { inbox_.handle_departure(); }

  /// Ends what has expired.
  void handle_timeout(timestamp now);

  /// The peer has no room for us: that is what messages die of until it has.
  void handle_over_capacity() { expiry_error_ = send_error::over_capacity; }

  /// Ends all messages: `definite` for those that were never transmitted.
  void handle_failure(send_error definite,
                      send_failure::unconfirmed_cause cause);

  // -- events of the present connection ---------------------------------------

  /// A connection begins, on which both sides said where to go on.
  /// @returns what follows, or how the other side broke the rules.
  [[nodiscard]] expected<delivery_start, violation>
  handle_resume(const session_terms& terms, const said_resume& said,
                const control::resume& heard);

  /// So long did it take until the handshake was answered.
  void handle_round_trip(duration taken) {
    connection_.measured.handle_sample(taken);
  }

  /// It has ended: nothing more goes or comes on it.
  void handle_disconnect();

  /// Messages arrived, or parts of them. What is complete is appended to `out`.
  /// Errors: how the other side broke the rules.
  [[nodiscard]] expected<void, violation>
  handle_messages(const opened_messages& frame, steady_time now,
                  fifo<peer_action>& out);

  [[nodiscard]] expected<void, violation>
  handle_unreliable(const opened_unreliable& frame, steady_time now,
                    fifo<peer_action>& out);

  /// What the other side says of channels, numbers and acknowledgements.
  /// Errors: how it broke the rules.
  [[nodiscard]] expected<void, violation> handle(const control::open& frame,
                                                 steady_time now);
  [[nodiscard]] expected<void, violation> handle(const control::reopened& frame,
                                                 steady_time now);
  [[nodiscard]] expected<void, violation> handle(const control::close& frame,
                                                 steady_time now);
  [[nodiscard]] expected<void, violation> handle(const control::abort& frame,
                                                 steady_time now);
  [[nodiscard]] expected<void, violation>
  handle(const control::void_range& frame, steady_time now);
  [[nodiscard]] expected<void, violation> handle(const control::ack& frame,
                                                 steady_time now);
  [[nodiscard]] expected<void, violation> handle(const control::settled& frame,
                                                 steady_time now);

  /// The connection is about to end: an acknowledgement waits for no others.
  void hasten_ack() {
    connection_.ack_due = connection_.ack_due || inbox_.ack_wanted_since();
  }

  // -- results ----------------------------------------------------------------

  /// What to say next on the present connection, which has this room. Views in
  /// the result live until the next event.
  [[nodiscard]] std::optional<outgoing> poll_transmit(const transmit_room& room,
                                                      steady_time now);

  [[nodiscard]] std::optional<send_outcome> poll_outcome();

  /// Whether the peer takes more memory than it may: see `inbox`.
  [[nodiscard]] bool poll_overrun() { return inbox_.poll_overrun(); }

  /// When to call `handle_timeout`, or `poll_transmit` for an acknowledgement
  /// if the connection `takes_control` frames.
  [[nodiscard]] std::optional<steady_time> next_deadline(bool takes_control,
                                                         timestamp now) const;

  // -- state ------------------------------------------------------------------

  /// What to say when a connection to the peer in this epoch begins.
  [[nodiscard]] said_resume resume(std::uint64_t epoch) const {
    return {{outbox_.first(epoch), inbox_.received(), channel_window_},
            inbox_.arrived()};
  }

  /// The peer's epoch, once it is known.
  [[nodiscard]] std::optional<std::uint64_t> remote_epoch() const;

  /// What this side's goodbye may say: nothing reliable is queued or
  /// unacknowledged here, nothing of the peer's is unfinished or unsettled.
  [[nodiscard]] bool finished() const {
    return outbox_.empty() && inbox_.idle() && !inbox_.unsettled();
  }

  /// The same of messages of both kinds.
  [[nodiscard]] bool idle() const {
    return finished() && unreliable_out_.empty();
  }

  /// Messages wait for a connection, or for their outcome on one.
  [[nodiscard]] bool has_messages() const {
    return outbox_.pending() || !unreliable_out_.empty();
  }

  /// No engine has anything that it has not taken.
  [[nodiscard]] bool at_rest() const {
    return inbox_.at_rest() && unreliable_in_.idle();
  }

  [[nodiscard]] outbox_record out_record() const { return outbox_.record(); }
  [[nodiscard]] std::optional<inbox_record> in_record() const {
    return inbox_.record();
  }

  [[nodiscard]] const delivery_metrics& metrics() const { return metrics_; }

  /// What waits for the peer, or for what it says of it.
  [[nodiscard]] backlog waiting(steady_time now) const;
  [[nodiscard]] std::vector<engine_backlog> waiting_for(steady_time now) const {
    return outbox_.waiting_for(now);
  }

  /// How many messages engines have not taken.
  [[nodiscard]] std::size_t untaken() const {
    return inbox_.unfinished() + unreliable_in_.held();
  }

  [[nodiscard]] std::vector<engine_backlog> untaken_by(steady_time now) const {
    return inbox_.untaken_by(now);
  }

  /// On the present connection.
  [[nodiscard]] const round_trip& measured() const {
    return connection_.measured;
  }

  /// What has arrived for nothing so far; its messages are the reliable ones.
  [[nodiscard]] inbox::waste wasted() const {
    auto [messages, bytes] = inbox_.wasted();
    return {messages, bytes + unreliable_in_.wasted()};
  }

  /// Gives back memory that only many messages need.
  void trim();

private:
  void deliver(const delivery_id& id, const engine_name& target,
               bytes_view data, const block_buffer& gathered, steady_time now,
               fifo<peer_action>& out);
  std::optional<engine_msg> read_message(const engine_name& target,
                                         bytes_view data,
                                         const block_buffer& gathered);
  std::optional<outgoing> poll_owed(steady_time now);
  std::optional<outgoing> poll_reliable(std::size_t max_plaintext,
                                        steady_time now);
  std::optional<outgoing> poll_unreliable(std::size_t max_plaintext,
                                          steady_time now);
  std::optional<steady_time> ack_deadline() const;
  bool ack_is_due(steady_time now) const;

  node_id self_;
  node_id remote_;
  std::uint64_t channel_window_;
  duration ack_delay_;
  outbox outbox_;
  unreliable_outbox unreliable_out_;
  // What the peer takes as a stranger, for both of these.
  stranger_account account_;
  inbox inbox_;
  unreliable_inbox unreliable_in_;
  message_codec codec_;
  std::size_t arena_bytes_;
  payload_arena arena_;
  delivery_metrics metrics_;
  // What an expired message died of: over_capacity if the peer said so.
  send_error expiry_error_ = send_error::expired;
  std::optional<std::uint32_t> remote_max_message_;

  struct connection {
    // What came before this number is not remembered unless the peer opens its
    // channel again.
    std::uint64_t reopened_from = 0;
    // It is owed an acknowledgement.
    bool ack_due = false;
    round_trip measured = {};
    // It is the turn of unreliable messages.
    bool unreliable_next = false;
  };

  connection connection_; // the present one
};

} // namespace node_proxy::internal
