// One connection of a peer after its handshake: what both ends may say at which
// time of its life.

#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <variant>

#include <node_proxy/base/frame_memory.hpp>
#include <node_proxy/protocol/delivery/outgoing.hpp>
#include <node_proxy/protocol/delivery/said_resume.hpp>
#include <node_proxy/protocol/delivery/violation.hpp>
#include <node_proxy/protocol/peer/dialler.hpp>
#include <node_proxy/protocol/peer/timer_table.hpp>
#include <node_proxy/protocol/session/session.hpp>
#include <node_proxy/protocol/settings.hpp>
#include <node_proxy/protocol/wire/control.hpp>

namespace node_proxy::internal {

/// How many adverts a peer may send at once, and how often it may on average:
/// to check one takes longer than to send it (PROTOCOL.md, "Node adverts").
inline constexpr int adverts_at_once = 16;
inline constexpr duration advert_interval = std::chrono::seconds{1};

/// What is waited for on a connection. Those that end it come first.
enum class link_timer : std::uint8_t {
  /// Confirming: the first sealed frame of the other end fails to come.
  handshake,
  /// Leaving: the other end's goodbye fails to come.
  goodbye,
  /// Active: nothing of the other end was heard for too long.
  dead_peer,
  /// Active: the other end has used its key for too long.
  peer_key,
  /// Active: the session is as old as it may be.
  age,
  /// Active, of an initiator: no message has gone either way for long.
  idle,
  /// Active: the key of this direction is to be replaced.
  rekey,
  /// Active, of an initiator: a session is to follow this one.
  renewal,
  /// Active: the newest advert of this node waits, and may go.
  advert,
  /// Active: nothing was said for as long as this end may be silent.
  heartbeat,
};

/// A connection with a session.
///
///     the handshake is over
///              |
///              v      activate
///         confirming ----------> active
///              |                    |
///              +------- leave ------+
///                         |
///                         v
///                      leaving
///
///     any phase -- close --> closing
///
/// What is valid in one phase only lies in that phase.
class link {
public:
  /// This end has said where to go on. The other end is not proven, or it is to
  /// be decided whether this is the connection that survives.
  struct confirming {
    said_resume said;
    /// The other end was there after that, if its first sealed frame comes.
    steady_time alive{};
    /// Where the peer was dialled, if it was.
    std::optional<destination> dialled_at = {};
    /// How long the answer to the last message of the handshake took, for whom
    /// there was one.
    std::optional<duration> round_trip = {};
  };

  /// The one on which messages go.
  struct active {
    /// The next number to arrive.
    std::uint64_t next_in = 0;
    /// The last sign of life, and the bytes of an unfinished frame since then.
    steady_time last_in{};
    std::uint64_t progress = 0;
    /// No other advert that this node issues is sent before.
    steady_time next_advert{};
    /// Another connection is to take over, for the sake of its keys.
    bool renews = false;
  };

  /// Said goodbye, reads on for the goodbye of the other end.
  struct leaving {
    /// The other end's resume frame may still come.
    bool unconfirmed = false;
    /// What this side's goodbye said.
    bool finished = false;
    bool displaced = false;
  };

  /// To be closed as soon as everything is handed out.
  struct closing {};

  link(connection_id connection, std::shared_ptr<const peer_settings> settings,
       session&& established, confirming phase, steady_time now);

  // -- transitions ------------------------------------------------------------

  /// The handshake is over in vain unless the other end confirms it until then.
  void await_proof(steady_time deadline) {
    timers_.set(link_timer::handshake, deadline);
  }

  /// Messages go here from now on; the first one to arrive is `next_in`.
  void activate(std::uint64_t next_in, steady_time now);

  /// Says goodbye. Neither leaving nor closing before.
  void leave(control::goodbye_reason reason, bool finished, steady_time now);

  void close();

  // -- events -----------------------------------------------------------------

  /// Opens a frame. Views in the result live until the next call.
  [[nodiscard]] expected<opened_frame, session_error> open(bytes_view body,
                                                           steady_time now);

  /// What an opened frame means at this time. The first one of the other end
  /// has to be a `resume`, and no other one may.
  /// @returns whether it is of interest to others, or how it broke the rules.
  [[nodiscard]] expected<bool, violation> admit(const opened_frame& frame,
                                                steady_time now);

  /// The other end is there, or not to be doubted.
  void handle_life(steady_time now);

  /// Bytes of an unfinished frame arrived. They are a sign of life only at the
  /// least acceptable rate, counted from the last one.
  void handle_progress(std::size_t count, steady_time now);

  /// It is known where the other end is.
  void handle_address(transport_address address) {
    place_ = destination{std::move(address)};
  }

  /// The time without messages begins anew: one went or came, or it has not
  /// counted until now.
  void restart_idle(steady_time now);

  /// Bytes of what `poll_frames` gave have left.
  void handle_written(std::size_t count) {
    backlog_ -= std::min(backlog_, count);
  }

  /// This node has a new advert: it may go at once, or later.
  void handle_local_advert(steady_time now);

  // -- what goes out ----------------------------------------------------------

  void seal(const control::frame& frame, steady_time now);

  /// Seals what delivery has to say, in `memory` if it takes much.
  void seal(outgoing&& what, frame_memory& memory, steady_time now);

  /// Replaces the key of this direction if that is due.
  void rekey_if_due(steady_time now);

  /// Has another connection take over from now on, if that is due.
  void renew_if_due(steady_time now);

  /// Sends the newest advert of this node if it waits and may go. Of many that
  /// are issued one after the other the peer is to get the last one, and not
  /// more than it takes. What a network holds up arrives sooner after each
  /// other than it was sent.
  void send_advert_if_due(const node_advert& advert, steady_time now);

  /// Says that the other end broke the protocol, unless goodbye was said.
  void complain(steady_time now);

  /// Says something, if the socket takes it.
  void send_heartbeat(steady_time now);

  /// The messages that were opened last have been taken.
  void handle_taken() { crypto_.trim_list(); }

  /// Gives back memory that is not in use.
  void trim() { crypto_.trim(); }

  /// Frames to hand to the socket, if there are any.
  [[nodiscard]] std::optional<bytes> poll_frames();

  // -- state ------------------------------------------------------------------

  [[nodiscard]] connection_id id() const { return id_; }

  [[nodiscard]] const session_terms& terms() const { return crypto_.terms(); }

  template <class Phase>
  [[nodiscard]] bool is() const {
    return std::holds_alternative<Phase>(phase_);
  }

  /// The data of the present phase, which has to be this one.
  template <class Phase>
  [[nodiscard]] const Phase& in() const {
    return std::get<Phase>(phase_);
  }

  /// It is active, and another one is to take over.
  [[nodiscard]] bool renews() const {
    auto x = std::get_if<active>(&phase_);
    return x && x->renews;
  }

  /// Since when there is a session.
  [[nodiscard]] steady_time begun() const { return begun_; }

  /// Where the other end is, as far as is known.
  [[nodiscard]] const std::optional<destination>& place() const {
    return place_;
  }

  /// What this side's goodbye said, if there was one.
  [[nodiscard]] bool said_finished() const;
  [[nodiscard]] bool said_displaced() const;

  /// How much the socket takes. Control frames may go beyond the bound for
  /// messages, but not without end.
  [[nodiscard]] transmit_room room() const;
  [[nodiscard]] bool takes_control() const;
  [[nodiscard]] bool takes_messages() const;

  /// Everything that was handed out has left.
  [[nodiscard]] bool written() const { return backlog_ == 0; }

  [[nodiscard]] bool expired(link_timer timer, steady_time now) const {
    return timers_.expired(timer, now);
  }

  /// The next time of a timer. `link_timer::idle` counts only if the connection
  /// `may_idle`.
  [[nodiscard]] std::optional<steady_time> next_deadline(bool may_idle) const;

private:
  using verdict = expected<bool, violation>;

  void count_silence(steady_time now);
  verdict admit_leaving(const opened_frame& frame, steady_time now);
  verdict on(const control::frame& frame, steady_time now);
  verdict on_advert(steady_time now);
  verdict follow(std::uint64_t first, std::uint64_t end);

  std::variant<confirming, active, leaving, closing> phase_;
  connection_id id_;
  std::optional<destination> place_;
  std::shared_ptr<const peer_settings> settings_;
  session crypto_;
  steady_time begun_;
  timer_table<link_timer, link_timer::heartbeat> timers_;
  bytes out_;
  std::size_t backlog_ = 0; // handed to the socket and not yet written
  // When the peer will have earned all adverts that it has sent.
  steady_time adverts_earned_{};
};

} // namespace node_proxy::internal
