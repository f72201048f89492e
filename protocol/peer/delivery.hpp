// The messages of a peer, on whichever connection they go.

#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <node_proxy/base/fifo.hpp>
#include <node_proxy/messages/node_out_msg.hpp>
#include <node_proxy/protocol/delivery/delivery_id.hpp>
#include <node_proxy/protocol/delivery/unreliable.hpp>
#include <node_proxy/protocol/peer/flow.hpp>
#include <node_proxy/protocol/peer/peer_action.hpp>
#include <node_proxy/protocol/peer/peer_metrics.hpp>
#include <node_proxy/protocol/peer/peer_record.hpp>
#include <node_proxy/protocol/session/session.hpp>
#include <node_proxy/protocol/settings.hpp>
#include <node_proxy/protocol/wire/message_data.hpp>
#include <node_proxy/protocol/wire/payload_arena.hpp>

namespace node_proxy::internal {

/// All messages between this node and a remote one, from the engine that sends
/// one to its outcome, and from the frame to the engine that takes it.
///
/// Of connections it knows which one is the present one by `handle_resume` and
/// `handle_disconnect` alone.
class delivery {
public:
  /// @param record what an earlier one left.
  delivery(const peer_settings& settings, const node_id& self,
           const node_id& remote, const peer_record& record);

  // -- events of this node ----------------------------------------------------

  /// A local engine sends a message. Unless its outcome is known at once, it
  /// comes from `poll_outcome`.
  /// @param reachable there is a way to the peer, apart from that it may come
  ///                  to us as it did before.
  [[nodiscard]] expected<void, send_error> handle_send(send_token token,
                                                       const node_out_msg& msg,
                                                       bool reachable,
                                                       timestamp now);

  /// An engine has taken a message, or no engine will.
  void handle_finished(const delivery_id& id,
                       std::optional<control::reject_reason> reason,
                       steady_time now);

  /// Ends what has expired.
  void handle_timeout(timestamp now);

  /// The peer has no room for us: that is what messages die of until it has.
  void handle_over_capacity() { expiry_error_ = send_error::over_capacity; }

  /// Ends all messages: `definite` for those that were never transmitted.
  void handle_failure(send_error definite,
                      send_failure::unconfirmed_cause cause);

  // -- events of the present connection ---------------------------------------

  /// A connection begins, see `flow::handle_resume`.
  [[nodiscard]] expected<flow_start, std::string_view>
  handle_resume(const session_terms& terms, const control::resume& said,
                const control::resume& heard);

  /// It has ended: nothing more goes or comes on it.
  void handle_disconnect();

  /// Messages arrived, or parts of them. What is complete is appended to `out`.
  /// Errors: how the other side broke the rules.
  [[nodiscard]] expected<void, std::string_view>
  handle_messages(const opened_messages& frame, steady_time now,
                  fifo<peer_action>& out);

  void handle_unreliable(const opened_unreliable& frame, steady_time now,
                         fifo<peer_action>& out);

  /// Unreliable messages came late, on a connection that had ended: fragments
  /// go together on one connection only.
  void drop_unreliable() { ++metrics_.unreliable_dropped; }

  /// The other side answers. Errors: how it broke the rules.
  template <class Frame>
  [[nodiscard]] expected<void, std::string_view> handle(const Frame& frame,
                                                        steady_time now) {
    return flow_.handle(frame, now);
  }

  /// It is about to end, see `flow::hasten_ack`.
  void hasten_ack() { flow_.hasten_ack(); }

  // -- results ----------------------------------------------------------------

  /// What to say next on the present connection, which has this room. Views in
  /// the result live until the next event.
  [[nodiscard]] std::optional<outgoing> poll_transmit(const transmit_room& room,
                                                      steady_time now);

  [[nodiscard]] std::optional<send_outcome> poll_outcome();

  /// When to call `handle_timeout`, or `poll_transmit` for an acknowledgement
  /// if the connection `takes_control` frames.
  [[nodiscard]] std::optional<steady_time> next_deadline(bool takes_control,
                                                         timestamp now) const;

  // -- state ------------------------------------------------------------------

  /// See `flow`.
  [[nodiscard]] control::resume resume() const { return flow_.resume(); }
  [[nodiscard]] std::optional<std::uint64_t> remote_epoch() const {
    return flow_.remote_epoch();
  }

  /// What this side's goodbye may say: nothing reliable is queued or
  /// unacknowledged here, nothing of the peer's is unfinished or unsettled.
  [[nodiscard]] bool finished() const { return flow_.finished(); }

  /// The same after the connection, as far as it is worth remembering.
  [[nodiscard]] bool forgettable() const {
    return flow_.out().empty() && !flow_.in().unsettled();
  }

  /// The same of messages of both kinds.
  [[nodiscard]] bool idle() const {
    return flow_.finished() && unreliable_out_.empty();
  }

  /// Messages wait for a connection, or for their outcome on one.
  [[nodiscard]] bool has_messages() const {
    return flow_.out().pending() || !unreliable_out_.empty();
  }

  /// No engine has anything that it has not taken.
  [[nodiscard]] bool at_rest() const {
    return flow_.in().at_rest() && unreliable_in_.idle();
  }

  /// Something has arrived in part, which is worth waiting for the rest.
  [[nodiscard]] bool incomplete() const { return !flow_.in().idle(); }

  /// Engines have more from earlier lives of the peer than one of them may
  /// have outstanding.
  [[nodiscard]] bool overrun() const {
    return flow_.in().orphaned() > flow_.in().window();
  }

  [[nodiscard]] outbox_record out_record() const {
    return flow_.out().record();
  }
  [[nodiscard]] std::optional<inbox_record> in_record() const {
    return flow_.in().record();
  }

  [[nodiscard]] const delivery_metrics& metrics() const { return metrics_; }

  /// Gives back memory that only many messages need.
  void trim();

private:
  void deliver(const delivery_id& id, bytes_view data,
               const block_buffer& gathered, steady_time now,
               fifo<peer_action>& out);
  expected<engine_msg, control::reject_reason>
  read_message(bytes_view data, const block_buffer& gathered);

  node_id self_;
  node_id remote_;
  std::size_t outbox_bytes_;
  std::size_t window_;
  flow flow_;
  unreliable_outbox unreliable_out_;
  unreliable_inbox unreliable_in_;
  message_codec codec_;
  payload_arena arena_;
  delivery_metrics metrics_;
  // It is the turn of unreliable messages.
  bool unreliable_next_ = false;
  // What an expired message died of: over_capacity if the peer said so.
  send_error expiry_error_ = send_error::expired;
  std::optional<std::uint32_t> remote_max_message_;
};

} // namespace node_proxy::internal
