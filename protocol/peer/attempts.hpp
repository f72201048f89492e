// Attempts to reach a peer: dialling, and the handshake on what comes of it.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include <node_proxy/base/fifo.hpp>
#include <node_proxy/protocol/crypto/identity.hpp>
#include <node_proxy/protocol/crypto/random_source.hpp>
#include <node_proxy/protocol/peer/dialler.hpp>
#include <node_proxy/protocol/peer/end_reason.hpp>
#include <node_proxy/protocol/peer/peer_action.hpp>
#include <node_proxy/protocol/session/handshake.hpp>
#include <node_proxy/protocol/settings.hpp>

namespace node_proxy::internal {

/// What the `dialler` decides, carried out. Actions that come of an event are
/// appended to `out`.
class attempts {
public:
  /// The peer has proven itself on a connection that was dialled.
  struct success {
    session established;
    destination at;
    /// When its first sealed frame has to be there.
    steady_time deadline{};
    /// From the first frame to the answer.
    duration round_trip{};
  };

  /// The peer has no room at that address, and others are left.
  struct sent_on {};

  /// An attempt that came to nothing.
  struct failure {
    /// Where, if that is known.
    std::optional<destination> to;
    end_reason reason;
    steady_time at{};
  };

  attempts(const peer_settings& settings, std::shared_ptr<const identity> self,
           const noise_public_key& remote_key, const dial_pace& pace,
           random_source random);

  // -- events -----------------------------------------------------------------

  // As the functions of `dialler` that have the same names. Attempts that are
  // abandoned because of that are cancelled.

  void handle_addresses(std::vector<transport_address> addresses,
                        fifo<peer_action>& out) {
    dialler_.handle_addresses(std::move(addresses));
    cancel_abandoned(out);
  }

  void handle_contact(std::vector<transport_address> addresses,
                      fifo<peer_action>& out) {
    dialler_.handle_contact(std::move(addresses));
    cancel_abandoned(out);
  }

  void handle_unwanted(fifo<peer_action>& out) {
    dialler_.handle_unwanted();
    cancel_abandoned(out);
  }

  void handle_stable() { dialler_.handle_stable(); }

  void handle_way_back(steady_time now) {
    dialler_.handle_way_back(now, random_);
  }

  void handle_loss(bool at_once, steady_time now) {
    dialler_.handle_loss(at_once, now, random_);
  }

  /// An attempt has a connection, on which the handshake begins with `offer`
  /// if it is `wanted`.
  void handle_dialled(attempt_id attempt, connection_id connection, bool wanted,
                      hello offer, steady_time now, fifo<peer_action>& out);

  /// An attempt has no connection. If it is not the `last_word` another one
  /// may still succeed, or has it.
  void handle_dial_failed(attempt_id attempt, dial_error reason, bool last_word,
                          steady_time now, fifo<peer_action>& out);

  /// The name that an attempt is about leads to these addresses. For the
  /// `last_word` see `handle_dial_failed`.
  /// @returns whether there is one among them that has yet to be tried.
  bool handle_found(attempt_id attempt,
                    const std::vector<transport_address>& addresses,
                    bool last_word, steady_time now, fifo<peer_action>& out);

  /// The answer to a handshake, which `shakes_hands`. After a success all other
  /// handshakes are given up: their ends were told nothing that they would act
  /// upon. Errors: those of `initiator_handshake::handle_reply`.
  [[nodiscard]] expected<std::variant<success, sent_on, connect_reply_error>,
                         handshake_error>
  handle_reply(connection_id connection, bytes_view body, steady_time now,
               fifo<peer_action>& out);

  /// A connection on which a handshake was under way is gone.
  void handle_closed(connection_id connection, const end_reason& reason,
                     steady_time now, fifo<peer_action>& out);

  /// The peer, or its authenticated reply, said no.
  void handle_refusal(steady_time now, fifo<peer_action>& out);

  /// Nothing of what is under way is wanted any more. Connections that still
  /// come of it are closed.
  void handle_end(fifo<peer_action>& out);

  /// What seemed to succeed at an address, or an attempt there, did not.
  void handle_failure(const std::optional<destination>& to,
                      const end_reason& reason, steady_time now,
                      fifo<peer_action>& out);

  /// There is a connection: what failed before does not matter any more.
  void handle_success() { last_failure_.reset(); }

  /// Ends a handshake whose time is up.
  /// @returns whether there was one.
  bool handle_timeout(steady_time now, fifo<peer_action>& out);

  // -- results ----------------------------------------------------------------

  /// Makes the next attempt if its time has come; one is wanted.
  /// @returns whether an address is dialled; a name is looked up before that.
  bool dial(steady_time now, fifo<peer_action>& out);

  // -- state ------------------------------------------------------------------

  [[nodiscard]] bool shakes_hands(connection_id connection) const {
    return dialler_.find(connection) != nullptr;
  }

  [[nodiscard]] bool has_addresses() const { return dialler_.has_addresses(); }

  /// The name that this attempt looks up; nullptr if it does not.
  [[nodiscard]] const dns_addr* looked_up(attempt_id attempt) const {
    return dialler_.looked_up(attempt);
  }

  /// Whether an attempt is under way.
  [[nodiscard]] bool busy() const { return dialler_.busy(); }

  [[nodiscard]] dial_pace pace() const { return dialler_.pace(); }

  [[nodiscard]] std::vector<transport_address> tried() const {
    return dialler_.tried();
  }

  [[nodiscard]] std::optional<steady_time> next_deadline(bool wanted) const {
    return dialler_.next_deadline(wanted);
  }

  [[nodiscard]] const std::optional<failure>& last_failure() const {
    return last_failure_;
  }

  /// How many attempts there were, and how many of them came to nothing.
  [[nodiscard]] std::uint64_t made() const { return made_; }
  [[nodiscard]] std::uint64_t failed() const { return failed_; }

private:
  void go_on(steady_time now, fifo<peer_action>& out);
  void end_handshake(connection_id connection, const end_reason& reason,
                     steady_time now, fifo<peer_action>& out);
  void close_handshakes(fifo<peer_action>& out);
  void cancel_abandoned(fifo<peer_action>& out);

  duration handshake_timeout_;
  std::shared_ptr<const identity> self_;
  noise_public_key remote_key_;
  random_source random_;
  dialler dialler_;
  std::optional<failure> last_failure_;
  std::uint64_t made_ = 0;
  std::uint64_t failed_ = 0;
};

} // namespace node_proxy::internal
