// When and where to dial a peer.

#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <vector>

#include <node_proxy/base/fifo.hpp>
#include <node_proxy/messages/transport_address.hpp>
#include <node_proxy/protocol/ids.hpp>
#include <node_proxy/protocol/peer/backoff.hpp>
#include <node_proxy/protocol/session/handshake.hpp>
#include <node_proxy/protocol/settings.hpp>

namespace node_proxy::internal {

/// Where an attempt leads.
struct destination {
  transport_address address;
  /// The name that led to this address, if one did.
  std::string name = {};

  friend bool operator==(const destination&, const destination&) = default;
};

/// Goes from addresses to a session. The next address is tried as soon as the
/// attempt before it has failed, or has not led to the peer for a while: then
/// attempts overlap, as in RFC 8305, section 5. An attempt succeeds when the
/// peer has proven itself, not when there is a connection: whoever accepts it
/// need not be the peer, nor say anything. Only one of them is completed; the
/// others are *abandoned*, and so is what leads to addresses that are no longer
/// wanted.
///
/// An attempt at a name (`dns_addr`) is to look it up. The addresses that it
/// leads to are tried next, and belong to this round only: names are looked up
/// anew in each.
class dialler {
public:
  /// How many attempts may be under way, with or without a connection.
  static constexpr std::size_t max_attempts = 4;

  static constexpr duration comeback_jitter = std::chrono::seconds{1};

  /// An attempt that is to be made.
  struct attempt {
    attempt_id id = 0;
    destination to;
  };

  /// A connection with the handshake under way on it.
  struct handshaking {
    connection_id connection = 0;
    destination to;
    initiator_handshake handshake;
    steady_time deadline{};
  };

  /// @param pace of an earlier one.
  explicit dialler(const peer_settings& settings, const dial_pace& pace = {})
    : attempt_delay_(settings.attempt_delay),
      backoff_(settings.backoff_base, settings.backoff_cap, pace.ceiling),
      not_before_(pace.not_before) {}

  // -- events -----------------------------------------------------------------

  /// The addresses of the peer, the best one first, each once: a new round
  /// begins. Attempts to others that have no connection are abandoned.
  void handle_addresses(std::vector<transport_address> addresses);

  /// Some of the addresses, in another order, after the peer was met at one of
  /// them. The round goes on.
  void handle_contact(std::vector<transport_address> addresses);

  /// The attempt `id` has a connection. If it is not `wanted` the address has
  /// not been tried.
  /// @returns where it leads, if that attempt is under way.
  std::optional<destination> handle_dialled(attempt_id id, bool wanted);

  /// The attempt `id` has no connection, and will not. `handle_failure` has to
  /// follow.
  /// @returns where it was to lead, if that attempt is under way.
  std::optional<destination> handle_dial_failed(attempt_id id) {
    return handle_dialled(id, true);
  }

  /// The name that the attempt `id` is about leads to these addresses, the best
  /// one first. They are tried at once.
  /// @returns whether there is one among them that has yet to be tried.
  bool handle_found(attempt_id id,
                    const std::vector<transport_address>& addresses,
                    steady_time now);

  /// What `handle_dialled` was about goes on with a handshake.
  void handle_handshake(handshaking handshake) {
    handshakes_.push_back(std::move(handshake));
  }

  /// The handshake on a connection is over, well or not.
  void handle_handshake_end(connection_id connection);

  /// The handshake on a connection is given up for another one: its address
  /// has not been tried.
  void handle_handshake_abandoned(connection_id connection);

  /// An attempt, with or without a connection, came to nothing: on to the next
  /// address, or wait.
  /// @returns whether all addresses have been tried now.
  bool handle_failure(steady_time now, random_source& random);

  /// There is a session, or none is wanted: nor is what is under way.
  void handle_end();

  /// No connection is wanted for now: attempts without one are abandoned, and
  /// their addresses have not been tried.
  void handle_unwanted();

  /// The peer let us know that it cannot be talked to for now.
  void handle_refusal(steady_time now, random_source& random);

  /// A connection was stable: delays begin anew.
  void handle_stable() { backoff_.reset(); }

  /// What was in the way may be gone: the next attempt is made within
  /// `comeback_jitter`, as others are told the same now.
  void handle_way_back(steady_time now, random_source& random);

  /// A connection has ended and may be replaced, `at_once` or after a delay.
  void handle_loss(bool at_once, steady_time now, random_source& random);

  // -- results ----------------------------------------------------------------

  /// The attempt to make now, if a connection is wanted.
  [[nodiscard]] std::optional<attempt> poll_attempt(steady_time now);

  /// An attempt without a connection that was abandoned.
  [[nodiscard]] std::optional<attempt_id> poll_abandoned();

  // -- state ------------------------------------------------------------------

  [[nodiscard]] bool has_addresses() const { return !targets_.empty(); }

  /// Whether a handshake that is under way is not the last chance of this
  /// round: there are other attempts, or addresses that have yet to be tried.
  [[nodiscard]] bool has_others() const;

  /// Whether an attempt or a handshake is under way.
  [[nodiscard]] bool busy() const { return under_way() > 0; }

  /// The name that the attempt `id`, which is under way, looks up; nullptr if
  /// it does not.
  [[nodiscard]] const dns_addr* looked_up(attempt_id id) const;

  /// For the one that comes after this.
  [[nodiscard]] dial_pace pace() const {
    return {not_before_, backoff_.ceiling()};
  }

  /// The handshake under way on a connection, if any.
  [[nodiscard]] handshaking* find(connection_id connection);
  [[nodiscard]] const handshaking* find(connection_id connection) const;

  /// The handshakes under way, the first one to end in vain comes first.
  [[nodiscard]] const std::list<handshaking>& handshakes() const {
    return handshakes_;
  }

  /// The addresses of this round at which no attempt goes on any more.
  [[nodiscard]] std::vector<transport_address> tried() const;

  /// When to look again: the end of a handshake's time, or of the waiting time
  /// between attempts if a connection is wanted.
  [[nodiscard]] std::optional<steady_time> next_deadline(bool wanted) const;

private:
  /// An address, and what became of it in this round of all addresses.
  struct target {
    transport_address address;
    bool tried = false;
    std::optional<attempt_id> attempt = {}; // under way, without a connection
    // The name that led to it in this round. Others have none.
    std::string name = {};
  };

  void put(std::vector<transport_address> addresses);
  void abandon(target& x);
  bool is_known(const transport_address& address) const;
  bool shakes_hands(const transport_address& address) const;
  bool waits(const target& x) const;
  std::size_t under_way() const;
  bool may_dial() const;
  void begin_round();
  void wait(steady_time now, random_source& random);

  duration attempt_delay_;
  backoff backoff_;
  std::vector<target> targets_; // the best one first
  attempt_id last_attempt_ = 0;
  fifo<attempt_id> abandoned_;
  steady_time not_before_;
  // All have the same time, so the oldest one ends first.
  std::list<handshaking> handshakes_;
};

} // namespace node_proxy::internal
