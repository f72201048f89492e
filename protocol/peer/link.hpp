// One connection of a peer after its handshake: what is known about its life.

#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <variant>

#include <node_proxy/protocol/peer/dialler.hpp>
#include <node_proxy/protocol/session/session.hpp>
#include <node_proxy/protocol/settings.hpp>
#include <node_proxy/protocol/wire/control.hpp>

namespace node_proxy::internal {

/// How long a key may be used. The receiver closes the connection after twice
/// that (PROTOCOL.md, "Rekeying").
inline constexpr duration key_lifetime = std::chrono::hours{1};

/// How many adverts a peer may send at once, and how often it may on average:
/// to check one takes longer than to send it (PROTOCOL.md, "Node adverts").
inline constexpr int adverts_at_once = 16;
inline constexpr duration advert_interval = std::chrono::seconds{1};

/// A connection with a session.
class link {
public:
  /// The initiator waits for the first sealed frame of the responder.
  struct confirming {
    steady_time deadline{};
  };

  /// Established: both ends are proven.
  struct active {};

  /// Said goodbye, reads on for the goodbye of the other end.
  struct leaving {
    steady_time deadline{};
    /// It was left before the other end's resume frame had come.
    bool unconfirmed = false;
  };

  /// To be closed as soon as everything is handed out.
  struct closing {};

  using phase_type = std::variant<confirming, active, leaving, closing>;

  /// @param alive the time after which the other end was still there, if this
  ///              connection ever gets established.
  link(connection_id connection, session&& established, steady_time alive,
       steady_time now)
    : id(connection), crypto(std::move(established)), alive_after(alive),
      begun(now), last_in(now), last_out(now), last_message(now),
      key_since(now), peer_key_since(now) {}

  [[nodiscard]] const session_terms& terms() const { return crypto.terms(); }

  template <class Phase>
  [[nodiscard]] bool is() const {
    return std::holds_alternative<Phase>(phase);
  }

  /// Seals a control frame into `out`.
  void seal(const control::frame& frame, steady_time now);

  /// Replaces the key of this direction if that is due.
  void rekey_if_due(const peer_settings& settings, steady_time now);

  /// Whether the peer failed to replace its key in twice the time.
  [[nodiscard]] bool peer_key_worn_out(steady_time now) const {
    return now - peer_key_since >= 2 * key_lifetime;
  }

  /// Whether the socket takes what is handed to it, be it late. Control frames
  /// may go beyond the bound for messages, but not without end.
  [[nodiscard]] bool takes_control(const peer_settings& settings) const {
    return backlog + out.size() < 2 * settings.backlog_bytes;
  }

  /// When a heartbeat is due if nothing else is sent. A quarter of the interval
  /// early at most, so that the heartbeats of all peers of a node coincide: to
  /// wake up costs more than to send some.
  [[nodiscard]] steady_time heartbeat_due(const peer_settings& settings) const;

  /// Whether the peer may send the advert that has come.
  [[nodiscard]] bool takes_advert(steady_time now);

  /// Bytes of an unfinished frame arrived. They are a sign of life only at the
  /// least acceptable rate, counted from the last one.
  void handle_progress(std::size_t count, steady_time now);

  /// A valid frame arrived.
  void handle_life(steady_time now);

  connection_id id;
  session crypto;
  /// Where the peer was dialled, if it was.
  std::optional<transport_address> dialled_at;
  phase_type phase = confirming{};
  /// Frames to hand to the socket.
  bytes out;
  /// Bytes handed to the socket and not yet written.
  std::size_t backlog = 0;

  /// What this side said in its resume frame.
  control::resume said;
  /// What this side's goodbye said.
  bool said_finished = false;
  bool said_displaced = false;
  /// The next number to arrive on this connection, once it is known.
  std::optional<std::uint64_t> next_in;

  /// When this end spoke last before the other end's first sealed frame, which
  /// answers that.
  steady_time alive_after;
  steady_time begun;
  steady_time last_in;
  steady_time last_out;
  /// When a message was last sent or received.
  steady_time last_message;
  steady_time key_since;
  steady_time peer_key_since;
  /// When the newest advert of this end is to be sent, if it has not been.
  std::optional<steady_time> advert_due;
  /// No other one is sent before.
  steady_time next_advert{};

private:
  std::uint64_t progress_ = 0; // bytes since last_in
  // When the peer will have earned all adverts that it has sent.
  steady_time adverts_earned_{};
};

} // namespace node_proxy::internal
