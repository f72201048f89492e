// Messages on their way to one peer: numbered, kept until acknowledged, sent
// again after a lost connection (PROTOCOL.md, "Delivery").

#pragma once

#include <cstdint>
#include <optional>
#include <variant>

#include <node_proxy/base/deadline_queue.hpp>
#include <node_proxy/base/fifo.hpp>
#include <node_proxy/messages/basics.hpp>
#include <node_proxy/protocol/delivery/send_error.hpp>
#include <node_proxy/protocol/timestamp.hpp>
#include <node_proxy/protocol/wire/chunk_list.hpp>
#include <node_proxy/protocol/wire/control.hpp>
#include <node_proxy/protocol/wire/message_data.hpp>

namespace node_proxy::internal {

/// What the caller of a send is told about its message later.
using send_token = std::uint64_t;

/// The end of the way of messages with consecutive tokens; no failure means
/// that their engines took them.
struct send_outcome {
  /// Of the first of them.
  send_token token = 0;
  std::optional<send_failure> failure;
  std::uint64_t count = 1;

  /// Takes in the message with the token `next` if it is the next one and ended
  /// in the same way.
  [[nodiscard]] bool extend(send_token next,
                            const std::optional<send_failure>& how) {
    if (next != token + count || how != failure)
      return false;
    ++count;
    return true;
  }

  friend bool operator==(const send_outcome&, const send_outcome&) = default;
};

/// When a message expires: on one clock or the other.
using deadline = std::variant<steady_time, std::chrono::seconds>;

/// The deadline of a message accepted at `now`; none if it lies further ahead
/// than `limits::expiry_seconds`.
[[nodiscard]] std::optional<deadline> deadline_of(const expiry_time& expiry,
                                                  timestamp now);

/// Whether `expires` has passed.
[[nodiscard]] bool has_passed(const deadline& expires, timestamp now);

/// When to look whether `expires` has passed. The wall clock may be set while
/// we wait, so that is within a minute.
[[nodiscard]] steady_time steady_deadline(const deadline& expires,
                                          timestamp now);

/// Chunks that are due, with the number of the first. They refer to messages in
/// the outbox, and live until its next event.
struct chunk_batch {
  std::uint64_t first = 0;
  chunk_list chunks;
};

/// What outlives an outbox: the numbers from `first` up to but without `next`
/// were used, and are to be voided.
struct outbox_record {
  std::uint64_t first = 0;
  std::uint64_t next = 0;
  /// What they count in windows: the peer may have got some of them and wait
  /// for an engine to take them.
  std::uint64_t cost = 0;

  friend bool operator==(const outbox_record&, const outbox_record&) = default;
};

/// How a peer broke the rules of acknowledgement.
enum class outbox_error : std::uint8_t {
  /// It claims to have what was never sent.
  beyond_sent,
};

/// Reliable messages for one peer, in order.
///
/// `handle_*` take events, `poll_transmit` and `poll_outcome` give results.
/// Time never runs backwards between calls.
class outbox {
public:
  /// What a message takes in memory besides its encoding: its entry, what its
  /// parts and their allocation add, and what is left free where the queue
  /// stood before it grew. More than it counts in windows, so that small
  /// messages do not outgrow the bound.
  static constexpr std::size_t memory_overhead = 336;

  /// At most `max_bytes` (`memory_overhead` included for each message) and
  /// `max_messages` are held.
  outbox(std::size_t max_bytes, std::size_t max_messages,
         const outbox_record& record = {});

  // -- events -----------------------------------------------------------------

  /// Takes in a message.
  /// @returns false if there is no room.
  [[nodiscard]] bool handle_send(send_token token, message_data data,
                                 deadline expires);

  /// A new connection on which the peer expects the number `next`. It may be
  /// below `first()`, for what was acknowledged on another connection since.
  /// @returns how many messages are sent again.
  [[nodiscard]] expected<std::size_t, outbox_error>
  handle_resume(std::uint64_t next, std::uint64_t window);

  /// The connection is gone.
  void handle_disconnect();

  [[nodiscard]] expected<void, outbox_error>
  handle_ack(const control::ack& ack);

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
  [[nodiscard]] std::optional<std::variant<chunk_batch, control::void_range>>
  poll_transmit(std::size_t max_plaintext);

  [[nodiscard]] std::optional<send_outcome> poll_outcome();

  // -- state ------------------------------------------------------------------

  /// The next deadline, as a time of the steady clock.
  [[nodiscard]] std::optional<steady_time> next_deadline(timestamp now) const;

  /// The lowest number that is not acknowledged: `control::resume::first` and
  /// `control::settled::next`.
  [[nodiscard]] std::uint64_t first() const { return acked_; }

  /// Nothing is queued and nothing unacknowledged.
  [[nodiscard]] bool empty() const { return pending_ == 0 && sent_.empty(); }

  /// Something waits that nobody was told the end of.
  [[nodiscard]] bool pending() const { return pending_ > 0; }

  /// What to remember if nothing is `pending`. Numbers that were given out but
  /// never sent are free again.
  [[nodiscard]] outbox_record record() const;

  /// Gives back memory that is not in use.
  void trim() {
    sent_.trim();
    queued_.trim();
    outcomes_.trim();
  }

private:
  struct entry {
    std::uint64_t key; // ascending
    send_token token;
    message_data data;
    std::uint64_t cost; // what it counts in windows
    std::uint64_t first = 0;
    std::uint64_t chunks = 0;
    // Answered and without data: sent ones are voided, queued ones skipped.
    bool ended = false;
    // Rejected ones keep their data until the acknowledgement reaches them.
    bool answered = false;

    [[nodiscard]] std::uint64_t end() const { return first + chunks; }
    [[nodiscard]] std::size_t held() const {
      return data.size() + memory_overhead;
    }
  };

  void answer(entry& x, std::optional<send_failure> failure);
  bool transmitted(const entry& x) const;
  void end_early(entry& x, const send_failure& failure);
  void end_key(std::uint64_t key, send_error definite);
  void pop_acknowledged();
  void clean_up();
  bool enter_entry();
  bool number_next();
  void add_chunks(entry& x, chunk_list& chunks, std::size_t max_plaintext);
  void leave_entry();
  control::void_range take_void();
  std::size_t index_of_number(std::uint64_t number) const;
  static bool has_key_in(const fifo<entry>& list, std::uint64_t begin,
                         std::uint64_t end);
  entry* find_sent(std::uint64_t key);
  entry* find_queued(std::uint64_t key);

  std::size_t max_bytes_;
  std::size_t max_messages_;

  fifo<entry> sent_;   // have numbers, without gaps
  fifo<entry> queued_; // have none yet
  fifo<send_outcome> outcomes_;
  deadline_queue<steady_time> steady_deadlines_;
  deadline_queue<std::chrono::seconds> wall_deadlines_;
  std::uint64_t next_key_ = 0;
  std::uint64_t next_number_ = 0;
  std::uint64_t acked_ = 0;
  std::size_t bytes_ = 0;
  std::size_t pending_ = 0; // not answered
  std::size_t skipped_ = 0; // ended in queued_

  // The present connection.
  bool connected_ = false;
  std::uint64_t cursor_ = 0;     // next number to send
  std::size_t cursor_index_ = 0; // its entry in sent_
  bool entered_ = false;         // that entry counts in outstanding_
  std::uint64_t window_ = 0;
  std::uint64_t outstanding_ = 0;
  std::uint64_t high_water_ = 0; // below: sent at least once, ever
};

} // namespace node_proxy::internal

namespace node_proxy {

template <>
inline constexpr std::array<std::string_view, 1>
  enum_names<internal::outbox_error>{"beyond_sent"};

} // namespace node_proxy
