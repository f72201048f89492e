// How much of a node's time a peer may take by what it sends.

#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <utility>

#include <node_proxy/protocol/peer/spare_time.hpp>
#include <node_proxy/protocol/session/session.hpp>
#include <node_proxy/protocol/timestamp.hpp>

namespace node_proxy::internal {

/// What it costs to take something in, in units: one for each octet. That is
/// about a nanosecond of a processor of 2020, and what comes in small pieces
/// takes many times as long as its octets.
namespace reading_cost {

inline constexpr std::int64_t chunk = 128;
inline constexpr std::int64_t frame = 1'000;
/// To find out that something has come, and to look at it.
inline constexpr std::int64_t read = 2'000;
inline constexpr std::int64_t rekey = 1'000;
/// To check its signature.
inline constexpr std::int64_t advert = 100'000;

} // namespace reading_cost

/// Decides when a peer is read, and how much at a time.
///
/// A peer is read in turns of the same cost, so that one with tiny frames has
/// no more of the node's time than one with large ones. What turns out to be of
/// no use is paid for from a balance: frames that carry nothing, messages that
/// no engine takes, small unreliable messages, of which nothing else bounds the
/// number. The balance grows a little with time, and with what is of use. Who
/// has used it up is not read until there is some again, to which then the
/// spare time of the node contributes, too.
///
/// Reliable messages are of use until they are rejected; windows bound them.
class reading_budget {
public:
  /// What a turn costs, about. A large read of large frames is less.
  static constexpr std::int64_t turn = 512 * 1024;

  /// The balance of a new peer, and the most that comes by time.
  static constexpr double from_time = 512 * 1024;

  /// The most that comes by use.
  static constexpr double from_use = 4 * 1024 * 1024;

  /// Who had used up its balance is read again when it is that much, as to be
  /// woken for each frame would cost more than the frames.
  static constexpr double enough = 128 * 1024;

  /// How far below 0 the balance of a peer gets that is no stranger. A large
  /// message that was given up in the middle is not to silence it for minutes
  /// while strangers take the spare time.
  static constexpr double most_debt = from_time;

  /// Units per second that each peer has, whatever others do: twenty small
  /// frames, where an honest one sends a heartbeat in ten seconds.
  static constexpr double own_rate = 20e3;

  /// So much of what is of use is added to the balance.
  static constexpr double reward = 1.0 / 8;

  /// Whoever sends only what is of no use for so long, and more of it all the
  /// time than it may, is hopeless.
  static constexpr duration patience = std::chrono::seconds{60};

  explicit reading_budget(std::shared_ptr<spare_time> node)
    : node_(std::move(node)) {}

  reading_budget(const reading_budget&) = delete;
  reading_budget& operator=(const reading_budget&) = delete;

  ~reading_budget() { end_claim(); }

  /// Whether the peer is a stranger, as it is at first.
  void handle_standing(bool is_stranger);

  // -- turns ------------------------------------------------------------------

  /// Begins a turn, if the peer may be read now. If it may not and is not
  /// `paused`, it has read this turn and others before: its next one comes when
  /// others have had theirs.
  [[nodiscard]] bool begin_turn(steady_time now);

  /// Whether the turn goes on.
  [[nodiscard]] bool goes_on() const { return left_ > 0 && !paused_; }

  /// The turn has ended, in which so many octets were read.
  void end_turn(std::size_t octets);

  /// The balance has grown since.
  void handle_timeout(steady_time now);

  // -- what comes -------------------------------------------------------------

  /// A frame that was opened, of so many octets.
  /// @param used whether it is of interest at this time.
  void handle_frame(const opened_frame& frame, std::size_t octets, bool used);

  /// A frame with reliable messages, or parts of them.
  void handle_messages(std::size_t octets, std::size_t count);

  /// A frame with unreliable messages. It pays for itself by what it carries.
  void handle_unreliable(std::size_t octets, std::size_t count);

  /// A frame that is of no use by itself.
  /// @param extra what it costs beside that.
  void handle_other(std::size_t octets, std::int64_t extra = 0);

  // -- what becomes of it -----------------------------------------------------

  /// Of what came so many octets were of no use after all, or led to work that
  /// is worth so many; of reliable messages so many.
  void handle_waste(std::uint64_t octets, std::uint64_t messages);

  /// The same of all that has come so far.
  void handle_waste_so_far(std::uint64_t octets, std::uint64_t messages);

  /// An engine has taken a message.
  void handle_taken(steady_time now) { useless_since_ = now; }

  /// So many messages were sent to the peer, which may say something of each.
  void handle_sent(std::size_t count);

  // -- state ------------------------------------------------------------------

  [[nodiscard]] bool paused() const { return paused_; }

  /// Nothing good is to be expected of the peer.
  [[nodiscard]] bool hopeless(steady_time now) const {
    return claims_ && now - useless_since_ >= patience;
  }

  /// When to call `handle_timeout`.
  [[nodiscard]] std::optional<steady_time> next_deadline() const;

private:
  void refill(steady_time now);
  void earn(double amount);
  void spend(double amount);
  void end_claim();
  [[nodiscard]] double rate() const;

  std::shared_ptr<spare_time> node_;
  // What was paid for of what was of no use.
  std::uint64_t wasted_octets_ = 0;
  std::uint64_t wasted_messages_ = 0;
  double balance_ = from_time;
  double least_balance_ = -std::numeric_limits<double>::infinity();
  std::optional<steady_time> refilled_;
  // What is left of the turn; below 0 what the last one took too much.
  std::int64_t left_ = 0;
  // Something in this turn was of use.
  bool useful_ = false;
  bool paused_ = false;
  bool claims_ = false;
  steady_time useless_since_{};
  // What it took to come to messages, apart from themselves, and how many these
  // were: lately.
  double overhead_ = 0;
  double messages_ = 0;
};

} // namespace node_proxy::internal
