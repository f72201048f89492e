// Messages that are sent at most once (PROTOCOL.md, "Unreliable messages").

#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>

#include <node_proxy/base/fifo.hpp>
#include <node_proxy/messages/basics.hpp>
#include <node_proxy/protocol/delivery/channel_key.hpp>
#include <node_proxy/protocol/delivery/deadline.hpp>
#include <node_proxy/protocol/delivery/send_outcome.hpp>
#include <node_proxy/protocol/delivery/stranger_budget.hpp>
#include <node_proxy/protocol/peer_status.hpp>
#include <node_proxy/protocol/wire/chunk_list.hpp>
#include <node_proxy/protocol/wire/message_data.hpp>

namespace node_proxy::internal {

/// Unreliable messages on their way to one peer.
class unreliable_outbox {
public:
  /// At most `max_bytes` are held, `limits::message_overhead` included for each
  /// message.
  /// @param budget for what waits as long as the peer is a stranger.
  unreliable_outbox(std::size_t max_bytes,
                    std::shared_ptr<stranger_budget> budget)
    : max_bytes_(max_bytes), held_(std::move(budget)) {}

  /// Takes in a message.
  /// @returns false if there is no room.
  [[nodiscard]] bool handle_send(send_token token, const channel_key& key,
                                 message_data data, deadline expires,
                                 timestamp now);

  /// Whether the peer is a stranger, see `outbox::handle_standing`.
  void handle_standing(bool is_stranger) { held_.set_counts(is_stranger); }

  /// The connection is gone, and with it what was sent in part.
  void handle_disconnect();

  /// Drops what has expired: `definite` tells why it was never transmitted.
  void handle_timeout(timestamp now, send_error definite);

  /// Ends everything that was not sent.
  void handle_failure(send_error definite);

  /// The channel that the next message belongs to; nullptr if there is none.
  [[nodiscard]] const channel_key* next_key() const {
    return queue_.empty() ? nullptr : &queue_.front().key;
  }

  /// Chunks for the next frame, at most `max_plaintext` bytes as a list, of
  /// messages of that channel, which has this number. They live until the next
  /// call.
  [[nodiscard]] std::optional<chunk_list>
  poll_transmit(std::uint64_t channel, std::size_t max_plaintext);

  [[nodiscard]] std::optional<send_outcome> poll_outcome();

  /// When to call `handle_timeout` at the latest.
  [[nodiscard]] std::optional<steady_time> next_deadline() const {
    return next_deadline_;
  }

  [[nodiscard]] bool empty() const { return queue_.empty(); }

  /// The size, with `limits::message_overhead`, beyond which a message never
  /// finds room.
  [[nodiscard]] std::size_t max_size() const;

  /// What waits.
  [[nodiscard]] backlog waiting(steady_time now) const;

private:
  struct entry {
    send_token token;
    channel_key key;
    message_data data;
    deadline expires;
    steady_time since;
  };

  void end(const entry& x, send_failure failure);
  void release(const entry& x);
  void expect(const deadline& expires, timestamp now);

  std::size_t max_bytes_;
  std::size_t bytes_ = 0;
  stranger_backlog held_; // with `stranger_budget::message_memory`
  std::size_t sent_ = 0;  // bytes of the first entry
  std::optional<steady_time> next_deadline_;
  fifo<entry> queue_;
  // What the chunks refer to that were polled last.
  fifo<entry> sent_entries_;
  fifo<send_outcome> outcomes_;
};

/// Unreliable messages from one peer. What the engines do not take in time is
/// dropped and counted; one engine leaves room for the others.
class unreliable_inbox {
public:
  /// A complete message and the number under which it is taken.
  struct message {
    std::uint64_t number = 0;
    bytes data;
  };

  /// @param account of the peer, which outlives this.
  unreliable_inbox(std::uint64_t window, std::size_t max_message,
                   stranger_account& account)
    : window_(window), max_message_(max_message), account_(account) {}

  /// A whole message for an engine, or a fragment of one, in order.
  [[nodiscard]] std::optional<message> handle_chunk(const engine_name& target,
                                                    bool last, bytes_view data);

  /// The connection is gone, and with it what arrived in part.
  void handle_disconnect();

  /// The account has begun to count, or counts no more.
  void handle_standing();

  /// An engine has taken a message, or no engine will.
  void handle_finished(std::uint64_t number, bool taken);

  /// All that arrived was taken.
  [[nodiscard]] bool idle() const { return held_.empty(); }

  /// How many messages that arrived were not.
  [[nodiscard]] std::size_t held() const { return held_.size(); }

  /// Messages that were dropped for want of room.
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

  /// Bytes of messages that were dropped, left out or not taken, and what each
  /// of them is worth beside them: however small it is, it takes its time.
  [[nodiscard]] std::uint64_t wasted() const { return wasted_; }

private:
  // What an engine has that it has not taken.
  struct held_message {
    engine_name target;
    std::size_t cost = 0;
  };

  // What there is for an engine.
  struct share {
    std::uint64_t cost = 0;
    std::uint64_t messages = 0;
    stranger_charge charge = {};
  };

  std::optional<message> take_whole(const engine_name& target,
                                    share& of_engine);
  bool has_room(const share& x, std::size_t cost) const;
  bool has_memory(const engine_name& target, share& x, std::size_t bytes);
  void charge(const engine_name& target, share& x);
  void settle(const engine_name& target);

  std::uint64_t window_;
  std::size_t max_message_;
  std::uint64_t dropped_ = 0;
  std::uint64_t wasted_ = 0;
  std::uint64_t outstanding_ = 0;
  stranger_account& account_;
  std::unordered_map<engine_name, share> by_engine_;
  std::uint64_t next_number_ = 0;
  bool oversized_ = false;
  engine_name partial_target_;
  bytes partial_;
  std::map<std::uint64_t, held_message> held_;
};

} // namespace node_proxy::internal
