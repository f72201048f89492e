// Messages that arrived from one peer: put together, handed out, acknowledged
// (PROTOCOL.md, "Delivery").

#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <node_proxy/base/block_buffer.hpp>
#include <node_proxy/base/fifo.hpp>
#include <node_proxy/messages/basics.hpp>
#include <node_proxy/protocol/delivery/delivery_id.hpp>
#include <node_proxy/protocol/timestamp.hpp>
#include <node_proxy/protocol/wire/control.hpp>

namespace node_proxy::internal {

/// A complete message.
struct received_message {
  reliable_id id;
  /// The encoded `serialized_msg`; empty if it was longer than the limit.
  bytes_view data;
  /// What `data` refers to if the message came in fragments; otherwise that is
  /// the chunk that was handed in.
  block_buffer gathered;
};

/// What outlives an inbox: the numbers of this epoch below `next` are consumed.
struct inbox_record {
  std::uint64_t epoch = 0;
  std::uint64_t next = 0;
  /// Rejects that the peer has not settled.
  std::vector<control::reject> rejects = {};

  friend bool operator==(const inbox_record&, const inbox_record&) = default;
};

/// How a peer broke the rules of sending.
enum class inbox_error : std::uint8_t {
  /// Numbers were left out.
  out_of_order,
  /// A chunk without a byte.
  empty_chunk,
  /// A fragment that is not the last has another size than
  /// `limits::fragment`.
  bad_fragment,
  /// More bytes are outstanding than the window allows.
  beyond_window,
  /// A range of numbers without a number in it, or beyond
  /// `limits::sequence_end`.
  bad_range,
  /// A claim that what is here and not consumed was acknowledged, or that more
  /// is settled than was consumed.
  beyond_received,
};

/// Reliable messages of one peer.
///
/// `handle_*` take events.
class inbox {
public:
  /// @param window bytes that the peer may have outstanding, see
  ///               `control::ack::window`.
  /// @param max_message longest `serialized_msg` in bytes; a longer one is
  ///                    rejected.
  /// @param record what an earlier inbox left.
  inbox(std::uint64_t window, std::size_t max_message,
        const std::optional<inbox_record>& record = std::nullopt);

  // -- events -----------------------------------------------------------------

  /// A new connection: the peer's epoch and the lowest number it may send.
  [[nodiscard]] expected<void, inbox_error> handle_resume(std::uint64_t epoch,
                                                          std::uint64_t first);

  /// A whole message or a fragment of one: the message that it completes, if
  /// any. What has arrived already is ignored,
  /// here and in `handle_void`; that numbers follow each other on one
  /// connection is for the caller to check.
  [[nodiscard]] expected<std::optional<received_message>, inbox_error>
  handle_chunk(std::uint64_t seq, bool last, bytes_view data);

  [[nodiscard]] expected<void, inbox_error>
  handle_void(const control::void_range& range, steady_time now);

  [[nodiscard]] expected<void, inbox_error>
  handle_settled(const control::settled& settled, steady_time now);

  /// An engine has taken a message, or no engine will (`reason`). Unknown ids
  /// are ignored; those of an earlier generation are no longer acknowledged.
  void handle_finished(const reliable_id& id,
                       std::optional<control::reject_reason> reason,
                       steady_time now);

  // -- results ----------------------------------------------------------------

  /// The acknowledgement of everything finished so far.
  [[nodiscard]] control::ack take_ack();

  // -- state ------------------------------------------------------------------

  /// What to tell the peer when a connection begins.
  [[nodiscard]] std::optional<control::received_state> received() const;

  /// Since when something finished waits for acknowledgement.
  [[nodiscard]] std::optional<steady_time> ack_wanted_since() const {
    return ack_wanted_since_;
  }

  /// All that has arrived is finished.
  [[nodiscard]] bool idle() const { return slots_.empty() && !partial_; }

  /// No engine has anything, of whatever generation, that it has not taken.
  [[nodiscard]] bool at_rest() const;

  /// What to remember while `at_rest`, without a connection. An incomplete
  /// message has to come again. Nothing if the peer is not known, or left so
  /// many rejects unsettled that what came after them cannot be told.
  [[nodiscard]] std::optional<inbox_record> record() const;

  /// Bytes of messages that have arrived whole and are not finished.
  [[nodiscard]] std::uint64_t outstanding() const { return outstanding_; }

  /// Bytes finished since the last acknowledgement.
  [[nodiscard]] std::uint64_t unacknowledged() const { return unacknowledged_; }

  /// Rejects that the peer has not settled.
  [[nodiscard]] bool unsettled() const { return !rejects_.empty(); }

  [[nodiscard]] std::uint64_t window() const { return window_; }

  /// Gives back memory that is not in use.
  void trim() {
    slots_.trim();
    rejects_.trim();
  }

  /// Bytes that engines got in earlier generations and have not taken.
  [[nodiscard]] std::uint64_t orphaned() const { return orphaned_; }

private:
  // A message that has arrived whole, or a void range.
  struct slot {
    std::uint64_t first;
    std::uint64_t end;
    std::size_t cost;
    bool finished = false;
    std::optional<control::reject_reason> rejected = {};
  };

  // A message of which fragments are missing.
  struct partial_message {
    std::uint64_t first;
    block_buffer data;
    std::size_t size; // of what arrived; `data` is empty beyond the limit
  };

  void reset(std::uint64_t epoch, std::uint64_t first);
  void finish_orphan(const reliable_id& id);
  void gather(std::uint64_t seq, bytes_view data);
  received_message complete(std::uint64_t first, std::size_t size);
  void advance(steady_time now);

  std::uint64_t window_;
  std::size_t max_message_;
  std::optional<std::uint64_t> epoch_;
  std::uint64_t generation_ = 0;
  std::uint64_t expected_ = 0;    // next number to arrive
  std::uint64_t next_ = 0;        // lowest number not consumed
  std::uint64_t outstanding_ = 0; // cost of all in slots_
  std::uint64_t unacknowledged_ = 0;
  std::optional<steady_time> ack_wanted_since_;
  std::optional<partial_message> partial_;
  fifo<slot> slots_;
  fifo<control::reject> rejects_; // below next_, not settled
  // Cost of what engines have not finished, by generation and first number.
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::size_t> orphans_;
  std::uint64_t orphaned_ = 0;
};

} // namespace node_proxy::internal

namespace node_proxy {

template <>
inline constexpr std::array<std::string_view, 6>
  enum_names<internal::inbox_error>{"out_of_order", "empty_chunk",
                                    "bad_fragment", "beyond_window",
                                    "bad_range",    "beyond_received"};

} // namespace node_proxy
