// Reliable messages in both directions under one numbering and one window, with
// what is owed for them (PROTOCOL.md, "Delivery").

#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include <node_proxy/protocol/delivery/inbox.hpp>
#include <node_proxy/protocol/delivery/outbox.hpp>
#include <node_proxy/protocol/delivery/outgoing.hpp>
#include <node_proxy/protocol/peer/peer_record.hpp>
#include <node_proxy/protocol/session/session.hpp>
#include <node_proxy/protocol/settings.hpp>
#include <node_proxy/protocol/wire/control.hpp>

namespace node_proxy::internal {

/// Where messages go on when a connection begins.
struct flow_start {
  /// The next number that arrives on it.
  std::uint64_t next_in = 0;
  /// How many messages are sent once more.
  std::uint64_t resent = 0;
};

/// An outbox, an inbox, and the acknowledgements between them. Nothing here
/// depends on there being only one flow to a peer.
class flow {
public:
  flow(const peer_settings& settings, const peer_record& record)
    : outbox_(settings.outbox_bytes, settings.outbox_messages, record.out),
      inbox_(settings.window, settings.max_message, record.in),
      ack_delay_(settings.ack_delay) {}

  // -- events -----------------------------------------------------------------

  /// See `outbox`.
  [[nodiscard]] bool handle_send(send_token token, message_data data,
                                 deadline expires) {
    return outbox_.handle_send(token, std::move(data), expires);
  }

  /// See `inbox`.
  void handle_finished(const reliable_id& id,
                       std::optional<control::reject_reason> reason,
                       steady_time now) {
    inbox_.handle_finished(id, reason, now);
  }

  /// See `inbox`.
  [[nodiscard]] expected<std::optional<received_message>, inbox_error>
  handle_chunk(std::uint64_t seq, bool last, bytes_view data) {
    return inbox_.handle_chunk(seq, last, data);
  }

  /// A connection begins, on which both sides said where to go on.
  /// @returns what follows, or how the other side broke the rules.
  [[nodiscard]] expected<flow_start, std::string_view>
  handle_resume(const session_terms& terms, const control::resume& said,
                const control::resume& heard);

  /// It has ended.
  void handle_disconnect() { outbox_.handle_disconnect(); }

  /// What the other side says. Errors: how it broke the rules.
  [[nodiscard]] expected<void, std::string_view>
  handle(const control::ack& frame, steady_time now);
  [[nodiscard]] expected<void, std::string_view>
  handle(const control::settled& frame, steady_time now);
  [[nodiscard]] expected<void, std::string_view>
  handle(const control::void_range& frame, steady_time now);

  /// See `outbox`.
  void handle_timeout(timestamp now, send_error definite) {
    outbox_.handle_timeout(now, definite);
  }
  void handle_max_message(std::size_t max_message) {
    outbox_.handle_max_message(max_message);
  }
  void handle_failure(send_error definite,
                      send_failure::unconfirmed_cause cause) {
    outbox_.handle_failure(definite, cause);
  }

  /// The connection is about to end: an acknowledgement waits for no others.
  void hasten_ack() { ack_due_ = ack_due_ || inbox_.ack_wanted_since(); }

  // -- results ----------------------------------------------------------------

  /// What is owed. An acknowledgement waits for others to join it, unless more
  /// than half of what is here is finished, or much of the window: the sender
  /// may wait for room or for outcomes, and is to go on while engines take the
  /// rest.
  [[nodiscard]] std::optional<outgoing> poll_owed(steady_time now);

  /// See `outbox`.
  [[nodiscard]] std::optional<outgoing>
  poll_transmit(std::size_t max_plaintext);

  [[nodiscard]] std::optional<send_outcome> poll_outcome() {
    return outbox_.poll_outcome();
  }

  // -- state ------------------------------------------------------------------

  /// What to say when a connection begins.
  [[nodiscard]] control::resume resume() const {
    return {outbox_.first(), inbox_.received(), inbox_.window()};
  }

  /// The peer's epoch, once it is known.
  [[nodiscard]] std::optional<std::uint64_t> remote_epoch() const;

  /// When an acknowledgement has waited long enough.
  [[nodiscard]] std::optional<steady_time> ack_deadline() const;

  /// When the next message expires.
  [[nodiscard]] std::optional<steady_time> next_deadline(timestamp now) const {
    return outbox_.next_deadline(now);
  }

  [[nodiscard]] const outbox& out() const { return outbox_; }
  [[nodiscard]] const inbox& in() const { return inbox_; }

  /// Nothing is left to be said on either side.
  [[nodiscard]] bool finished() const {
    return outbox_.empty() && inbox_.idle() && !inbox_.unsettled();
  }

  /// Gives back memory that is not in use.
  void trim() {
    outbox_.trim();
    inbox_.trim();
  }

private:
  bool ack_is_due(steady_time now) const;

  outbox outbox_;
  inbox inbox_;
  duration ack_delay_;
  // The present connection is owed them.
  bool ack_due_ = false;
  bool settle_due_ = false;
};

} // namespace node_proxy::internal
