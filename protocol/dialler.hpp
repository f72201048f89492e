// When and where to dial a peer.

#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include <node_proxy/messages/node_advert.hpp>
#include <node_proxy/protocol/backoff.hpp>
#include <node_proxy/protocol/handshake.hpp>
#include <node_proxy/protocol/settings.hpp>

namespace node_proxy {

/// Names a connection among those of one Node Proxy; chosen by the shell.
using connection_id = std::uint64_t;

/// Names an attempt to connect.
using attempt_id = std::uint64_t;

/// Goes from an address to a session. It has at most one attempt under way.
class dialler {
public:
  /// An attempt that is to be made.
  struct attempt {
    attempt_id id = 0;
    transport_address address;
  };

  /// An attempt that has a connection, with the handshake under way on it.
  struct handshaking {
    connection_id connection = 0;
    initiator_handshake handshake;
    steady_time deadline{};
  };

  explicit dialler(const peer_settings& settings)
    : backoff_(settings.backoff_base, settings.backoff_cap) {}

  // -- events
  // ------------------------------------------------------------------

  /// The addresses of the peer, higher weights to be tried first.
  void handle_addresses(std::vector<weighted_address> addresses);

  /// The present attempt has a connection.
  void handle_handshake(handshaking handshake);

  /// The present attempt came to nothing: on to the next address, or wait.
  /// @returns whether all addresses have been tried now.
  bool handle_failure(steady_time now, random_source& random);

  /// The present attempt led to a session, or is no longer wanted.
  void handle_end() { state_ = idle{}; }

  /// The peer let us know that it cannot be talked to for now.
  void handle_refusal(steady_time now, random_source& random);

  /// A connection was stable: delays begin anew.
  void handle_stable() { backoff_.reset(); }

  /// A connection has ended and may be replaced, `at_once` or after a delay.
  void handle_loss(bool at_once, steady_time now, random_source& random);

  // -- results
  // -----------------------------------------------------------------

  /// The attempt to make now, if a connection is wanted.
  [[nodiscard]] std::optional<attempt> poll_attempt(steady_time now);

  // -- state
  // -------------------------------------------------------------------

  [[nodiscard]] bool has_addresses() const { return !addresses_.empty(); }

  /// Whether an attempt is under way.
  [[nodiscard]] bool busy() const {
    return !std::holds_alternative<idle>(state_);
  }

  /// Whether `id` is the attempt under way, without a connection so far.
  [[nodiscard]] bool is_dialling(attempt_id id) const;

  /// When the waiting time between attempts ends, or ended.
  [[nodiscard]] steady_time not_before() const { return not_before_; }

  /// The handshake under way, if any.
  [[nodiscard]] handshaking* handshake() {
    return std::get_if<handshaking>(&state_);
  }

  /// When to look again: the end of the handshake's time, or of the waiting
  /// time between attempts if a connection is wanted.
  [[nodiscard]] std::optional<steady_time> next_deadline(bool wanted) const;

private:
  struct idle {};

  struct dialling {
    attempt_id id;
  };

  void wait(steady_time now, random_source& random);

  backoff backoff_;
  std::vector<weighted_address> addresses_;
  std::size_t next_address_ = 0;
  attempt_id last_attempt_ = 0;
  steady_time not_before_{};
  std::variant<idle, dialling, handshaking> state_;
};

} // namespace node_proxy
