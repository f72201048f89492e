// Reliable messages that arrived from one peer: put together, handed out,
// acknowledged, each channel by itself (PROTOCOL.md, "Delivery").

#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include <node_proxy/base/block_buffer.hpp>
#include <node_proxy/base/fifo.hpp>
#include <node_proxy/messages/basics.hpp>
#include <node_proxy/protocol/delivery/delivery_id.hpp>
#include <node_proxy/protocol/delivery/incoming_channel.hpp>
#include <node_proxy/protocol/delivery/stranger_budget.hpp>
#include <node_proxy/protocol/delivery/violation.hpp>
#include <node_proxy/protocol/delivery/window_shares.hpp>
#include <node_proxy/protocol/peer_status.hpp>
#include <node_proxy/protocol/settings.hpp>
#include <node_proxy/protocol/timestamp.hpp>
#include <node_proxy/protocol/wire/control.hpp>

namespace node_proxy::internal {

/// A complete message.
struct received_message {
  reliable_id id;
  /// Whom it is for.
  const engine_name& target;
  /// The encoded `serialized_msg`.
  bytes_view data;
  /// What `data` refers to if the message came in fragments; otherwise that is
  /// the chunk that was handed in.
  block_buffer gathered = {};
};

/// What outlives an inbox: the numbers of this epoch below `next` have arrived,
/// and are consumed but for those that are named.
struct inbox_record {
  /// A channel of which there is something to remember.
  struct channel {
    channel_key key;
    /// Those that the peer has not settled.
    std::vector<control::reject> rejects;
    /// A message that has arrived in part.
    std::optional<incoming_channel::partial> unfinished;

    friend bool operator==(const channel&, const channel&) = default;
  };

  std::uint64_t epoch = 0;
  std::uint64_t next = 0;
  std::vector<channel> channels = {};
  /// A message has arrived.
  bool used = false;

  /// How much room it takes.
  [[nodiscard]] std::size_t reject_count() const;
  [[nodiscard]] std::size_t unfinished_bytes() const;

  friend bool operator==(const inbox_record&, const inbox_record&) = default;
};

/// Whether a chunk, reliable or not, has a size that it may have.
[[nodiscard]] expected<void, violation> check_size(bool last, bytes_view chunk);

/// Reliable messages of one peer.
///
/// `handle_*` take events.
class inbox {
public:
  /// @param account of the peer, which outlives this.
  /// @param record what an earlier inbox left.
  inbox(const peer_settings& settings, std::shared_ptr<receive_budget> budget,
        stranger_account& account, const std::optional<inbox_record>& record);

  // -- events of connections --------------------------------------------------

  /// A new connection: the peer's epoch, the lowest number that it may send,
  /// and the one from which on it sends.
  [[nodiscard]] expected<void, violation>
  handle_resume(std::uint64_t epoch, std::uint64_t first, std::uint64_t next);

  /// The peer opens a channel, which is wanted to be acknowledged then.
  [[nodiscard]] expected<void, violation> handle_open(const control::open& open,
                                                      steady_time now);

  /// Nothing has to be remembered of what came in channels that are not open
  /// before this connection, when nothing had arrived from `begin` on. What has
  /// come since, on another one that began later at the peer, is not meant.
  /// To say so once more means nothing.
  void handle_reopened(std::uint64_t begin, steady_time now);

  [[nodiscard]] expected<void, violation>
  handle_close(const control::close& close);

  /// A whole message or a fragment of one: the message that it completes, if
  /// any. What has arrived already is ignored, here and in `handle_void`, but
  /// for what was dropped since; that numbers follow each other on one
  /// connection is for the caller to check.
  [[nodiscard]] expected<std::optional<received_message>, violation>
  handle_chunk(std::uint64_t channel, std::uint64_t seq, bool last,
               bytes_view data, steady_time now);

  [[nodiscard]] expected<void, violation>
  handle_abort(const control::abort& abort, steady_time now);

  [[nodiscard]] expected<void, violation>
  handle_void(const control::void_range& range, steady_time now);

  [[nodiscard]] expected<void, violation>
  handle_settled(const control::settled& settled, steady_time now);

  // -- events of this node ----------------------------------------------------

  /// An engine has taken a message, or no engine will (`reason`). Unknown ids
  /// are ignored; those of an earlier generation are no longer acknowledged.
  void handle_finished(const reliable_id& id,
                       std::optional<control::reject_reason> reason,
                       steady_time now);

  /// Whether the peer is a stranger: then what is there of its messages counts
  /// in the `stranger_budget`. At first it is none.
  void handle_standing(bool is_stranger, steady_time now);

  /// The peer has left: of a stranger no unfinished message is kept, but that
  /// it has to come again, and no channel without anything in it. No connection
  /// may be about to begin on which this end has said otherwise.
  void handle_departure();

  /// There may be memory now for messages that wait for it.
  void handle_timeout(steady_time now);

  // -- results ----------------------------------------------------------------

  /// The acknowledgement of everything finished so far in channels that are
  /// open.
  [[nodiscard]] control::ack take_ack();

  /// Whether the peer takes more memory than it may: engines have more from its
  /// earlier generations than one of them may have outstanding beside the
  /// windows of its channels, or a stranger has had too much since this was
  /// asked last, or keeps others waiting by messages that do not become whole.
  [[nodiscard]] bool poll_overrun() {
    return account_.poll_excess() || orphaned_ > shares_.capacity();
  }

  // -- state ------------------------------------------------------------------

  /// The engine of an open channel; nullptr if there is none of this number.
  [[nodiscard]] const engine_name* target_of(std::uint64_t channel) const;

  /// What to tell the peer when a connection begins.
  [[nodiscard]] std::optional<control::received_state> received() const;

  /// From this number on nothing has arrived.
  [[nodiscard]] std::uint64_t arrived() const { return expected_; }

  /// Since when something waits for acknowledgement.
  [[nodiscard]] std::optional<steady_time> ack_wanted_since() const {
    return ack_wanted_since_;
  }

  /// An acknowledgement is to wait for no others: in some channel more than
  /// half of what is here is finished, or much of the window. Its sender may
  /// wait for room or for outcomes, and is to go on while engines take the
  /// rest.
  [[nodiscard]] bool ack_is_urgent() const;

  /// When to call `handle_timeout`.
  [[nodiscard]] std::optional<steady_time> next_deadline() const;

  /// All that has arrived is consumed.
  [[nodiscard]] bool idle() const { return waiting_ == 0 && partials_ == 0; }

  /// No engine has anything, of whatever generation, that it has not taken.
  [[nodiscard]] bool at_rest() const {
    return orphans_.empty() && unfinished_ == 0;
  }

  /// How many whole messages engines have not taken, of the peer's present
  /// life.
  [[nodiscard]] std::size_t unfinished() const { return unfinished_; }

  /// Which engines have these, see `peer_status::untaken_by`.
  [[nodiscard]] std::vector<engine_backlog> untaken_by(steady_time now) const;

  /// What to remember while `at_rest`, without a connection. Nothing if the
  /// peer is not known, or left so many rejects unsettled that what came after
  /// them cannot be told.
  [[nodiscard]] std::optional<inbox_record> record() const;

  /// Rejects that the peer has not settled.
  [[nodiscard]] bool unsettled() const { return unsettled_ > 0; }

  /// What arrived for nothing.
  struct waste {
    /// Those that were rejected.
    std::uint64_t messages = 0;
    /// What they and parts of messages counted in windows that never became
    /// whole, and what it took to say something of each channel.
    std::uint64_t bytes = 0;
  };

  /// So far.
  [[nodiscard]] const waste& wasted() const { return wasted_; }

  /// Gives back memory that is not in use.
  void trim();

private:
  using channels = std::unordered_map<channel_key, incoming_channel>;

  void reset(std::uint64_t epoch, std::uint64_t first);
  void forget_unopened();
  void forget_if_idle(incoming_channel& x);
  void forget(incoming_channel& x);
  incoming_channel* find_open(std::uint64_t channel) const;
  incoming_channel* find_serial(std::uint64_t serial) const;
  incoming_channel& find_or_add(const channel_key& key);
  void finish_orphan(const reliable_id& id);
  expected<std::uint64_t, violation>
  check_chunk(const incoming_channel& x, bool last, bytes_view data) const;
  void advance(incoming_channel& x, steady_time now);
  void advance_rejected(steady_time now);
  void consume(incoming_channel& x, std::uint64_t cost);
  void want_ack(incoming_channel& x, steady_time now);
  void grant(incoming_channel& x, steady_time now);
  void grant_some(steady_time now);
  void grant_all(steady_time now);
  bool has_memory_for(incoming_channel& x, std::uint64_t own,
                      std::uint64_t more);
  void charge(incoming_channel& x);
  void charge_channels();
  void check_progress(steady_time now);

  // What engines have not finished of an earlier generation.
  struct orphan {
    std::uint64_t cost = 0;
    stranger_charge charge = {};
  };

  std::uint32_t max_message_;
  stranger_account& account_;
  window_shares shares_;
  std::optional<std::uint64_t> epoch_;
  std::uint64_t generation_ = 0;
  std::uint64_t expected_ = 0; // next number to arrive
  bool used_ = false;          // a message of this epoch has arrived
  std::uint64_t next_serial_ = 0;
  channels channels_;
  std::unordered_map<std::uint64_t, incoming_channel*> by_serial_;
  std::size_t waiting_ = 0;    // whole messages that are not consumed
  std::size_t unfinished_ = 0; // of these
  std::size_t partials_ = 0;
  std::size_t unsettled_ = 0;
  waste wasted_;
  // What channels take beside what is in them.
  std::uint64_t channels_memory_ = 0;
  stranger_charge channels_charge_;

  // Channels of which there is something to acknowledge.
  std::vector<incoming_channel*> to_ack_;
  std::optional<steady_time> ack_wanted_since_;
  // Channels whose message waits for memory, and when to look again.
  fifo<incoming_channel*> to_grant_;
  std::optional<steady_time> retry_at_;
  // Channels whose next reject is not consumed as too many are unsettled.
  fifo<incoming_channel*> held_;
  // When to see whether those that have memory become whole.
  std::optional<steady_time> check_at_;

  struct connection {
    std::unordered_map<std::uint64_t, incoming_channel*> open = {};
    std::uint64_t next_channel = 0;
    std::optional<std::uint64_t> reopened_at = {}; // see `handle_reopened`
    bool departed = false;                         // see `handle_departure`
    // Where the last chunk belonged, as most do; may be nullptr.
    mutable incoming_channel* recent = nullptr;
  };

  // The present one, or the last one.
  connection connection_;

  // By generation and first number.
  std::map<std::pair<std::uint64_t, std::uint64_t>, orphan> orphans_;
  std::uint64_t orphaned_ = 0;
};

} // namespace node_proxy::internal
