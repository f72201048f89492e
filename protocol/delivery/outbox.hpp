// Reliable messages on their way to one peer: numbered, kept until they are
// acknowledged, sent again after a lost connection (PROTOCOL.md, "Delivery").

#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include <node_proxy/base/fifo.hpp>
#include <node_proxy/messages/basics.hpp>
#include <node_proxy/protocol/delivery/outbox_shares.hpp>
#include <node_proxy/protocol/delivery/outgoing_channel.hpp>
#include <node_proxy/protocol/delivery/send_schedule.hpp>
#include <node_proxy/protocol/peer_status.hpp>
#include <node_proxy/protocol/settings.hpp>
#include <node_proxy/protocol/timestamp.hpp>
#include <node_proxy/protocol/wire/chunk_list.hpp>
#include <node_proxy/protocol/wire/control.hpp>
#include <node_proxy/protocol/wire/message_data.hpp>

namespace node_proxy::internal {

/// Chunks that are due, with the number of the first. They refer to messages in
/// the outbox, and live until its next event.
struct chunk_batch {
  /// The end of a message, in a channel.
  struct message_end {
    std::uint64_t channel = 0;
    std::uint64_t number = 0;
  };

  std::uint64_t first = 0;
  chunk_list chunks;
  /// Of the last message that ends here and was not sent before, if any does.
  std::optional<message_end> last_end = std::nullopt;
};

/// What outlives an outbox.
struct outbox_record {
  /// The lowest number that was not used.
  std::uint64_t next = 0;
  /// The epoch of the peer that knows of these numbers, if they were used.
  std::optional<std::uint64_t> known_to = std::nullopt;
  std::vector<outgoing_channel::record> channels = {};

  friend bool operator==(const outbox_record&, const outbox_record&) = default;
};

/// Reliable messages for one peer, in channels that do not wait for each other.
///
/// `handle_*` take events, `poll_*` give results. Time never runs backwards
/// between calls.
class outbox {
public:
  /// What a message takes in memory besides its encoding: its entry, what its
  /// parts and their allocation add, and what is left free where the queue
  /// stood before it grew. More than it counts in windows, so that small
  /// messages do not outgrow the bound.
  static constexpr std::size_t memory_overhead =
    outgoing_channel::memory_overhead;

  /// What is to be said next; of control frames those about channels and
  /// numbers.
  using transmission = std::variant<control::frame, chunk_batch>;

  /// @param budget for what waits as long as the peer is a stranger.
  outbox(const peer_settings& settings, const outbox_record& record,
         std::shared_ptr<stranger_budget> budget);

  outbox(const outbox&) = delete;
  outbox& operator=(const outbox&) = delete;

  // -- events -----------------------------------------------------------------

  /// Takes in a message.
  /// @returns false if there is no room.
  [[nodiscard]] bool handle_send(send_token token, const channel_key& key,
                                 message_data data, deadline expires,
                                 timestamp now);

  /// Whether the peer is a stranger: then what waits for it counts in the
  /// `stranger_budget`. At first it is none.
  void handle_standing(bool is_stranger) {
    totals_.held.set_counts(is_stranger);
  }

  /// A new connection to the peer in this epoch, on which it expects the number
  /// `next`, and lets a new channel have `window` bytes outstanding. `next` may
  /// be below `first`, for what was acknowledged on another connection since.
  /// @returns how many messages are sent again.
  [[nodiscard]] expected<std::size_t, violation>
  handle_resume(std::uint64_t epoch, std::uint64_t next, std::uint64_t window);

  /// The connection is gone.
  void handle_disconnect() { connection_.reset(); }

  [[nodiscard]] expected<void, violation>
  handle_ack(const control::channel_ack& ack, steady_time now);

  /// Ends what has expired: `definite` tells why it was never transmitted.
  void handle_timeout(timestamp now, send_error definite);

  /// Ends every message that is longer than what the peer takes.
  void handle_max_message(std::size_t max_message);

  /// Ends everything: `definite` for what was never transmitted, `unconfirmed`
  /// with `cause` for the rest.
  void handle_failure(send_error definite,
                      send_failure::unconfirmed_cause cause);

  // -- results ----------------------------------------------------------------

  /// What to send next on the present connection, at most `max_plaintext`
  /// bytes of it; none if there is nothing or the peer has no room.
  [[nodiscard]] std::optional<transmission>
  poll_transmit(std::size_t max_plaintext);

  /// What was noted of rejects and not said yet.
  [[nodiscard]] std::optional<control::settled> poll_settled();

  [[nodiscard]] std::optional<send_outcome> poll_outcome();

  /// The number of the channel with this key on the present connection, for
  /// something that is not in it. None if it has to be opened first, with what
  /// `poll_transmit` says next, or if there is no room for a further channel.
  [[nodiscard]] std::optional<std::uint64_t> find_open(const channel_key& key,
                                                       steady_time now);

  // -- state ------------------------------------------------------------------

  /// When to call `handle_timeout`.
  [[nodiscard]] std::optional<steady_time> next_deadline(timestamp now) const;

  /// The lowest number that is not acknowledged and that may be sent to the
  /// peer in this epoch: `control::resume::first`.
  [[nodiscard]] std::uint64_t first(std::uint64_t epoch) const;

  /// Nothing is queued and nothing unacknowledged.
  [[nodiscard]] bool empty() const {
    return totals_.pending == 0 && totals_.sent == 0;
  }

  /// The size, with `memory_overhead`, beyond which a message never finds room.
  [[nodiscard]] std::size_t max_size() const {
    return std::min<std::size_t>(shares_.max_size(), totals_.held.max_size());
  }

  /// Something waits that nobody was told the end of.
  [[nodiscard]] bool pending() const { return totals_.pending > 0; }

  /// What waits that nobody was told the end of.
  [[nodiscard]] backlog waiting(steady_time now) const;

  /// The same by engine: those with the most messages.
  [[nodiscard]] std::vector<engine_backlog> waiting_for(steady_time now) const;

  /// What to remember if nothing is `pending`.
  [[nodiscard]] outbox_record record() const;

  /// Gives back memory that is not in use.
  void trim();

private:
  using channels = std::unordered_map<channel_key, outgoing_channel>;

  struct due_again {
    number_run run;
    outgoing_channel* channel = nullptr;
  };

  // What there is of a connection while it is the present one.
  struct connection {
    connection(std::uint64_t channel_window, std::uint64_t next)
      : window(channel_window), cursor(next) {}

    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    ~connection();

    control::open open(outgoing_channel& x);
    void settle(outgoing_channel& x, std::uint64_t next);
    void forget(outgoing_channel& x);

    std::uint64_t window; // of a new channel
    std::uint64_t cursor; // next number to send
    std::uint64_t next_channel = 0;
    std::unordered_map<std::uint64_t, outgoing_channel*> channels;
    // What is to be said before the next chunk.
    fifo<control::frame> to_say;
    // Channels that have something `to_settle`.
    fifo<std::uint64_t> to_settle;
    // Chunks that were sent before, in the order of their numbers.
    fifo<due_again> again;
    send_schedule<outgoing_channel> schedule;
  };

  outgoing_channel* find_or_add(const channel_key& key, steady_time now);
  void note_idle(outgoing_channel& x, steady_time now);
  void forget_idle(steady_time until);
  void forget(outgoing_channel& x);
  void reopen(std::uint64_t next);
  std::size_t list_again(std::uint64_t next);
  void end_expired(timestamp now, send_error definite);
  void say_aborted(outgoing_channel& x);
  void follow_up();
  std::optional<transmission> poll_again(std::size_t max_plaintext);
  std::optional<transmission> poll_new(std::size_t max_plaintext);

  outbox_shares shares_;
  duration idle_timeout_;
  outbox_totals totals_;
  channels channels_;
  outgoing_channel* recent_ = nullptr; // where the last message went
  std::uint64_t next_number_;
  std::optional<std::uint64_t> known_to_;
  // No deadline of a message is earlier.
  std::optional<steady_time> next_deadline_;
  // Channels that have been empty, with the time when they were last looked at.
  fifo<std::pair<steady_time, outgoing_channel*>> idle_;
  std::optional<connection> connection_;
};

} // namespace node_proxy::internal
