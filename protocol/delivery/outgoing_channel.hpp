// Messages on their way to one engine of a peer, in their order (PROTOCOL.md,
// "Channels").

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <node_proxy/base/deadline_queue.hpp>
#include <node_proxy/base/fifo.hpp>
#include <node_proxy/messages/basics.hpp>
#include <node_proxy/protocol/delivery/channel_key.hpp>
#include <node_proxy/protocol/delivery/deadline.hpp>
#include <node_proxy/protocol/delivery/send_outcome.hpp>
#include <node_proxy/protocol/delivery/send_schedule.hpp>
#include <node_proxy/protocol/delivery/stranger_budget.hpp>
#include <node_proxy/protocol/delivery/violation.hpp>
#include <node_proxy/protocol/wire/control.hpp>
#include <node_proxy/protocol/wire/message_data.hpp>

namespace node_proxy::internal {

/// What all channels to a peer have in common.
struct outbox_totals {
  explicit outbox_totals(std::shared_ptr<stranger_budget> budget)
    : held(std::move(budget)) {}

  fifo<send_outcome> outcomes;
  stranger_backlog held;   // with `outbox::memory_overhead`
  std::size_t pending = 0; // messages that nobody was told the end of
  std::size_t sent = 0;    // messages that have numbers

  void answer(send_token token, const std::optional<send_failure>& failure);
};

/// A chunk that is due. It refers to a message in its channel.
struct outgoing_chunk {
  const message_data& data;
  std::size_t offset = 0;
  std::size_t size = 0;
  bool last = false;
};

/// Chunks with consecutive numbers.
struct number_run {
  std::uint64_t number = 0;
  std::uint32_t count = 0;
  /// The message that they are of, and the first of them.
  std::uint64_t key = 0;
  std::uint32_t index = 0;
};

/// A channel at its sender.
class outgoing_channel {
public:
  /// See `outbox::memory_overhead`.
  static constexpr std::size_t memory_overhead = 440;

  /// Messages that came to their end here after they were sent. The peer may
  /// have got them, and wait for an engine to take them.
  struct ended_messages {
    std::uint64_t first = 0;
    std::uint64_t end = 0;
    std::uint64_t cost = 0;
    /// It is one, and there was more of it than what was sent.
    bool partly_sent = false;

    friend bool operator==(const ended_messages&,
                           const ended_messages&) = default;
  };

  /// What outlives a channel.
  struct record {
    channel_key key;
    std::vector<ended_messages> ended;

    friend bool operator==(const record&, const record&) = default;
  };

  /// @param begin the lowest number that it may have.
  outgoing_channel(const channel_key& key, std::uint64_t begin,
                   std::uint64_t window, outbox_totals& totals)
    : key_(key), totals_(totals), begin_(begin), acked_(begin),
      window_(window) {}

  outgoing_channel(const outgoing_channel&) = delete;
  outgoing_channel& operator=(const outgoing_channel&) = delete;

  /// Goes on where an earlier one was left, which had something to remember.
  void restore(const record& x);

  // -- events -----------------------------------------------------------------

  void handle_send(send_token token, message_data data, const deadline& expires,
                   steady_time now);

  /// @param end no number from there on was ever sent.
  /// @returns whether there are rejects, which are noted by that or are of an
  ///          earlier life of the channel.
  [[nodiscard]] expected<bool, violation>
  handle_ack(const control::channel_ack& ack, std::uint64_t end);

  /// The receiver has forgotten all numbers: all is sent anew, with others.
  void handle_forgotten(std::uint64_t begin, std::uint64_t window);

  /// A new connection, on which the peer expects the number `next`, and a new
  /// channel has this window. Messages that were given up, and that the peer
  /// may have in part, are to be polled again.
  void handle_resume(std::uint64_t next, std::uint64_t window);

  /// Ends what has expired: `definite` tells why it was never transmitted.
  void handle_timeout(timestamp now, send_error definite);

  void handle_max_message(std::size_t max_message);

  void handle_failure(send_error definite,
                      send_failure::unconfirmed_cause cause);

  // -- results ----------------------------------------------------------------

  /// The size of the chunk to be sent next; none if there is nothing, or the
  /// window leaves no room for it.
  [[nodiscard]] std::optional<std::size_t> next_size();

  /// That chunk, which is sent under this number.
  [[nodiscard]] outgoing_chunk take_chunk(std::uint64_t number);

  /// A chunk that was sent before, if its message has not come to its end.
  [[nodiscard]] std::optional<outgoing_chunk> sent_chunk(std::uint64_t key,
                                                         std::uint32_t index);

  /// Adds what has numbers from `number` on and has not come to its end.
  void list_sent(std::uint64_t number, std::vector<number_run>& out) const;

  /// The first number of a message that was given up when a part of it was
  /// sent, and that was not polled before.
  [[nodiscard]] std::optional<std::uint64_t> poll_aborted();

  // -- state ------------------------------------------------------------------

  [[nodiscard]] const channel_key& key() const { return key_; }

  [[nodiscard]] std::uint64_t window() const { return window_; }

  /// Bytes that it holds, with `memory_overhead` for each message.
  [[nodiscard]] std::size_t held() const { return held_; }

  /// Messages that nobody was told the end of.
  [[nodiscard]] std::size_t pending() const { return pending_; }

  /// When the first of them was taken in.
  [[nodiscard]] std::optional<steady_time> oldest() const;

  /// Nothing is queued and nothing unacknowledged.
  [[nodiscard]] bool empty() const {
    return begun_ == 0 && messages_.size() == skipped_;
  }

  /// The lowest number that is not acknowledged, if any was sent.
  [[nodiscard]] std::optional<std::uint64_t> first() const;

  /// What to remember if nothing waits for an outcome.
  [[nodiscard]] record to_record() const;

  [[nodiscard]] std::optional<steady_time> next_deadline(timestamp now) const;

  void trim() { messages_.trim(); }

  // -- for the outbox alone ---------------------------------------------------

  /// On the present connection.
  std::optional<std::uint64_t> id;
  send_turn turn;
  /// Rejects before this number were noted, which has not been said yet.
  std::optional<std::uint64_t> to_settle;
  /// Among those that the outbox looks at whether they are still used.
  bool listed_idle = false;
  steady_time last_used{};

private:
  // From the chunk `index` of a message on, numbers are `number` and up.
  struct jump {
    std::uint32_t index = 0;
    std::uint64_t number = 0;
  };

  struct message {
    message() = default;

    message(std::uint64_t its_key, send_token its_token, message_data its_data,
            steady_time now)
      : key(its_key), token(its_token), data(std::move(its_data)), since(now) {}

    std::uint64_t key = 0; // ascending
    send_token token = 0;
    message_data data = {};
    steady_time since{};    // it waits
    std::uint64_t cost = 0; // of what was sent
    // Its numbers so far are those from `first` on, before `end`. If it ended
    // before it had any, both are the `end` of the message before it.
    std::uint64_t first = 0;
    std::uint64_t end = 0;
    std::uint32_t sent = 0; // chunks that have numbers
    // Where numbers do not follow each other; others came between.
    std::unique_ptr<std::vector<jump>> jumps = {};
    // Once at least a part of it was sent, under whatever number.
    bool transmitted = false;
    // Answered and without data. If it was sent, its entry stays until the peer
    // has acknowledged it, and is charged for as long.
    bool ended = false;
    // Ended before all of it was sent.
    bool partly_sent = false;
    // Rejected ones keep their data until the acknowledgement reaches them.
    bool answered = false;

    [[nodiscard]] bool complete() const;
    [[nodiscard]] std::size_t held() const {
      return ended && sent == 0 ? 0 : data.size() + memory_overhead;
    }
  };

  void answer(message& x, const std::optional<send_failure>& failure);
  void end_early(message& x, const send_failure& failure);
  void give_back(std::size_t bytes);
  void end_key(std::uint64_t key, send_error definite);
  void pop_acknowledged();
  void clean_up();
  expected<void, violation> note_reject(const control::reject& x,
                                        std::uint64_t next);
  message* present();
  void pass_over();
  message* find(std::uint64_t key);
  [[nodiscard]] std::span<message> sent();
  [[nodiscard]] std::span<const message> sent() const;

  channel_key key_;
  outbox_totals& totals_;
  fifo<message> messages_;
  // The first ones have had their turn: they have numbers, the last one maybe
  // for a part only. The others are queued.
  std::size_t begun_ = 0;
  std::size_t skipped_ = 0; // of the queued ones have ended
  std::size_t held_ = 0;
  std::size_t pending_ = 0;
  deadline_queue<steady_time> steady_deadlines_;
  deadline_queue<std::chrono::seconds> wall_deadlines_;
  std::uint64_t next_key_ = 0;

  std::uint64_t begin_;
  std::uint64_t acked_;
  std::uint64_t window_;
  std::uint64_t outstanding_ = 0;    // cost of all that have begun
  std::vector<std::uint64_t> noted_; // rejects of the last acknowledgement
  fifo<std::uint64_t> aborted_;
};

} // namespace node_proxy::internal
