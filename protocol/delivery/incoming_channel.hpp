// Messages of one peer for one engine: put together, and acknowledged in their
// order (PROTOCOL.md, "Channels").

#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include <node_proxy/base/block_buffer.hpp>
#include <node_proxy/base/fifo.hpp>
#include <node_proxy/messages/basics.hpp>
#include <node_proxy/protocol/delivery/channel_key.hpp>
#include <node_proxy/protocol/delivery/stranger_budget.hpp>
#include <node_proxy/protocol/delivery/window_shares.hpp>
#include <node_proxy/protocol/peer_status.hpp>
#include <node_proxy/protocol/timestamp.hpp>
#include <node_proxy/protocol/wire/control.hpp>

namespace node_proxy::internal {

/// A channel at its receiver. What it may have outstanding is decided by the
/// inbox, which holds all of them.
class incoming_channel {
public:
  /// A message that has arrived whole.
  struct arrived {
    std::uint64_t first = 0; // its first number
    std::uint64_t cost = 0;  // what it counts in windows
    steady_time since = {};  // when it was whole
    bool finished = false;
    std::optional<control::reject_reason> rejected = {};
  };

  /// Fragments with numbers that follow each other.
  struct run {
    std::uint64_t first = 0;
    std::uint64_t count = 0;

    friend bool operator==(const run&, const run&) = default;
  };

  /// A message of which fragments are missing.
  struct partial {
    std::uint64_t first = 0;
    std::uint64_t announced = 0; // its size, as its beginning says
    /// The first ones of those that have arrived; others were dropped.
    block_buffer data = {};
    /// All that have arrived.
    std::vector<run> numbers = {};
    std::uint64_t cost = 0; // of `data`
    /// The window is large enough for all of it, since then.
    std::optional<steady_time> granted = {};

    /// The number of the first fragment that was dropped.
    [[nodiscard]] std::optional<std::uint64_t> missing() const;

    /// What it takes in memory.
    [[nodiscard]] std::size_t memory() const {
      return data.capacity() + numbers.size() * sizeof(run);
    }

    friend bool operator==(const partial& x, const partial& y) {
      return x.first == y.first && x.announced == y.announced
             && x.numbers == y.numbers
             && std::ranges::equal(x.data.view(), y.data.view());
    }
  };

  /// @param serial is that of no other channel of the inbox, ever.
  incoming_channel(const channel_key& key, std::uint64_t serial)
    : key_(key), serial_(serial) {}

  // -- events -----------------------------------------------------------------

  /// A message is there, of which `cost` has just arrived.
  void handle_arrived(std::uint64_t first, std::uint64_t cost, steady_time now);

  /// A fragment is there that is not the last one of its message, or comes
  /// again after it was dropped.
  void handle_fragment(std::uint64_t seq, std::uint64_t announced,
                       bytes_view data, std::uint64_t cost);

  /// The last one. The message's first number and data.
  [[nodiscard]] std::pair<std::uint64_t, block_buffer>
  handle_last_fragment(bytes_view data, std::uint64_t cost, steady_time now);

  /// The rest of the message that begins with this number does not come.
  /// @returns what of it counted in the window, if it is the unfinished one.
  std::optional<std::uint64_t> handle_abort(std::uint64_t first);

  /// There is no room for the unfinished message: what was there has to come
  /// again, under the same numbers.
  void drop_unfinished();

  /// The message with this number is at its end.
  /// @returns whether it was not before.
  bool handle_finished(std::uint64_t first,
                       std::optional<control::reject_reason> reason);

  /// The sender has noted all rejects below `next`.
  /// @returns how many these are.
  std::size_t handle_settled(std::uint64_t next);

  // -- results ----------------------------------------------------------------

  /// The first message, if it is at its end. It is consumed by that, and stands
  /// among the rejects if it was rejected.
  [[nodiscard]] std::optional<arrived> poll_consumed();

  /// Whether the message that would be consumed next is to be rejected.
  [[nodiscard]] bool rejects_next() const {
    return !waiting_.empty() && waiting_.front().finished
           && waiting_.front().rejected;
  }

  // -- state ------------------------------------------------------------------

  [[nodiscard]] const channel_key& key() const { return key_; }
  [[nodiscard]] std::uint64_t serial() const { return serial_; }

  /// The lowest number of the channel that is not consumed, if it is below
  /// `expected`, from which on nothing has arrived in any channel.
  [[nodiscard]] std::uint64_t next(std::uint64_t expected) const;

  /// Bytes that have arrived and are not consumed.
  [[nodiscard]] std::uint64_t outstanding() const { return outstanding_; }

  /// What that takes in memory, with what the unfinished message was granted.
  [[nodiscard]] std::uint64_t memory() const;

  /// The number of the first fragment of the unfinished message that was
  /// dropped, if any.
  [[nodiscard]] std::optional<std::uint64_t> missing() const {
    return partial_ ? partial_->missing() : std::nullopt;
  }

  [[nodiscard]] const std::optional<partial>& unfinished() const {
    return partial_;
  }

  /// What the engine has not taken of the messages that are there.
  [[nodiscard]] backlog untaken(steady_time now) const;

  [[nodiscard]] const fifo<arrived>& waiting() const { return waiting_; }
  [[nodiscard]] const fifo<control::reject>& rejects() const {
    return rejects_;
  }

  /// All that has arrived is consumed.
  [[nodiscard]] bool idle() const { return waiting_.empty() && !partial_; }

  // -- for the inbox alone ----------------------------------------------------

  /// The window is large enough for the unfinished message.
  void handle_granted(steady_time now) { partial_->granted = now; }

  /// On the present connection.
  std::optional<std::uint64_t> id;
  window_shares::share share;
  /// What its peer is charged for it, as a stranger.
  stranger_charge charge;
  /// Bytes consumed since the last acknowledgement.
  std::uint64_t unacknowledged = 0;
  /// Something is to be acknowledged, or at once: the sender waits for it.
  bool ack_wanted = false;
  bool ack_urgent = false;
  /// Among those whose message waits for memory.
  bool grant_wanted = false;
  /// Among those whose next reject waits for others to be settled.
  bool reject_held = false;

  /// Goes on where an earlier one was left.
  void restore(const std::vector<control::reject>& rejects,
               const std::optional<partial>& unfinished);

  void trim() {
    waiting_.trim();
    rejects_.trim();
  }

private:
  void add(std::uint64_t first, std::uint64_t cost, steady_time now);

  channel_key key_;
  std::uint64_t serial_;
  std::uint64_t untaken_ = 0;       // messages
  std::uint64_t untaken_bytes_ = 0; // what they count in windows
  std::uint64_t outstanding_ = 0;
  std::optional<partial> partial_;
  fifo<arrived> waiting_;
  fifo<control::reject> rejects_; // consumed, not settled
};

} // namespace node_proxy::internal
