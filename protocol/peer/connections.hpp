// The connections of a peer: how they come, which of them survives, how they
// end (PROTOCOL.md, "One connection per peer", "Goodbye").

#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include <node_proxy/base/fifo.hpp>
#include <node_proxy/protocol/peer/attempts.hpp>
#include <node_proxy/protocol/peer/end_reason.hpp>
#include <node_proxy/protocol/peer/link.hpp>
#include <node_proxy/protocol/peer/peer_action.hpp>
#include <node_proxy/protocol/peer/peer_metrics.hpp>
#include <node_proxy/protocol/peer/peer_record.hpp>
#include <node_proxy/protocol/session/handshake.hpp>

namespace node_proxy::internal {

/// Who is at the two ends.
struct peer_ends {
  std::shared_ptr<const identity> self;
  node_id remote;
  noise_public_key remote_key;
};

/// What this side says first on a connection to the peer in an epoch.
using resume_for = std::function<said_resume(std::uint64_t epoch)>;

/// All connections to one remote node, of which at most one is active.
///
/// They know nothing of messages: whoever owns them hands in what depends on
/// these. What `poll_event` gives says that a connection ended, that the peer
/// refused or cannot be reached, and what is to be done.
class connections {
public:
  connections(std::shared_ptr<const peer_settings> settings, peer_ends ends,
              const peer_record& record, random_source random);

  // -- attempts to connect ----------------------------------------------------

  /// What is known of the peer's addresses, see `dialler::handle_addresses`.
  void handle_addresses(std::vector<transport_address> addresses) {
    attempts_.handle_addresses(std::move(addresses), events_);
  }

  /// The same in another order, after the peer was met.
  void handle_contact(std::vector<transport_address> addresses) {
    attempts_.handle_contact(std::move(addresses), events_);
  }

  /// The network of this host may have been away: the next attempt is not
  /// waited for long, unless the peer refused.
  void handle_way_back(timestamp now);

  void handle_dialled(attempt_id attempt, connection_id connection,
                      const node_advert_versions& adverts, timestamp now);
  void handle_dial_failed(attempt_id attempt, dial_error reason, timestamp now);

  /// The name that an attempt is about leads to these addresses.
  /// @returns whether there is one among them that has yet to be tried.
  bool handle_found(attempt_id attempt,
                    const std::vector<transport_address>& addresses,
                    timestamp now) {
    return attempts_.handle_found(attempt, addresses, takes_attempts(),
                                  now.steady, events_);
  }

  /// The answer to a handshake, which `shakes_hands`. `resume` gives what this
  /// side says first if there is a session.
  void handle_reply(connection_id connection, bytes_view body,
                    const resume_for& resume, timestamp now);

  /// The peer said no.
  void handle_refusal(connect_reply_error reason, timestamp now);

  /// Makes the next attempt if its time has come. A connection is wanted, and
  /// there is none, or none that lasts.
  /// @returns whether an address is dialled; a name is looked up before that.
  bool dial(timestamp now);

  /// No connection is wanted for now, so that nobody is to be dialled.
  void cancel_dials() { attempts_.handle_unwanted(events_); }

  /// No attempt is made for a while, as after a connection that was lost.
  void wait(timestamp now) { attempts_.handle_loss(false, now.steady); }

  /// Gives up all that was to lead to a connection.
  void abandon_attempts() { attempts_.handle_end(events_); }

  // -- from a session to an active connection ---------------------------------

  /// The peer dialled us and has proven itself. Unless this node is `stopping`,
  /// which the peer is told, it is to be decided with `prevails` whether the
  /// connection survives.
  /// @param session is about the epoch of this node.
  /// @param finished this side has nothing to say any more.
  /// @returns the connection, which says what `resume` gives; or nullptr.
  [[nodiscard]] link* handle_session(connection_id connection, session session,
                                     steady_time answered, bool stopping,
                                     const resume_for& resume, bool finished,
                                     timestamp now);

  /// Both ends of `x`, which is confirming, are proven. If there is another
  /// such connection, one of the two goes.
  /// @param known the epoch of the peer that was met last, if any.
  /// @param finished this side has nothing to say any more.
  /// @returns whether `x` survives.
  [[nodiscard]] bool prevails(link& x, std::optional<std::uint64_t> known,
                              bool finished, timestamp now);

  /// `x`, which is confirming, is of an epoch that was not known.
  void handle_new_epoch(const link& x) {
    remote_epoch_since_ = x.in<link::confirming>().alive;
  }

  /// Messages go on on `x`, which is confirming.
  void activate(link& x, std::uint64_t next_in, timestamp now);

  // -- ending -----------------------------------------------------------------

  /// Ends a connection in good order.
  void leave(link& x, control::goodbye_reason reason, bool finished,
             timestamp now);

  /// Ends a connection whose other end broke the protocol.
  void break_off(link& x, const end_reason& reason, timestamp now);

  /// The other end has said goodbye.
  void handle_goodbye(link& x, const control::goodbye& frame, bool finished,
                      timestamp now);

  void handle_closed(connection_id connection, close_reason reason,
                     timestamp now);

  // -- time -------------------------------------------------------------------

  /// The peer was not read up to now: that it was silent means nothing.
  void handle_unread(timestamp now);

  /// Ends what took too long.
  void end_overdue(timestamp now);

  /// The connection that carried no message for long, and may be left for that.
  [[nodiscard]] link* idle(timestamp now);

  /// The connection whose session is as old as it may be.
  [[nodiscard]] link* worn_out(timestamp now);

  /// Does what keeps the active connection up. `advert` is this node's, if it
  /// has one.
  /// @returns whether a heartbeat was due, so that there is little to do.
  bool keep_up(const node_advert* advert, timestamp now);

  /// When there is something to do at the latest: attempts if a connection is
  /// `wanted`, to leave one if it `may_idle`.
  [[nodiscard]] std::optional<steady_time> next_deadline(bool wanted,
                                                         bool may_idle) const;

  // -- results ----------------------------------------------------------------

  /// Frames of connections, and those to close.
  [[nodiscard]] std::optional<peer_action> poll_transmit();

  /// What else is to be done, and what has happened.
  [[nodiscard]] std::optional<peer_action> poll_event();

  // -- state ------------------------------------------------------------------

  [[nodiscard]] const node_id& remote() const { return ends_.remote; }
  [[nodiscard]] const node_id& local() const { return ends_.self->id(); }
  [[nodiscard]] std::uint64_t epoch() const { return epoch_; }

  [[nodiscard]] link* active();
  [[nodiscard]] const link* active() const;
  [[nodiscard]] link* find(connection_id connection);

  [[nodiscard]] std::list<link>& all() { return links_; }

  [[nodiscard]] bool shakes_hands(connection_id connection) const {
    return attempts_.shakes_hands(connection);
  }

  [[nodiscard]] bool has_addresses() const { return attempts_.has_addresses(); }

  /// The name that this attempt looks up; nullptr if it does not.
  [[nodiscard]] const dns_addr* looked_up(attempt_id attempt) const {
    return attempts_.looked_up(attempt);
  }

  /// Whether a connection is there, or about to be.
  [[nodiscard]] bool holds() const;

  /// The connection has to be followed by another one: this end, which has
  /// made it, makes the next one.
  [[nodiscard]] bool renews() const {
    auto x = active();
    return x && x->renews();
  }

  /// Whether one more would be of use.
  [[nodiscard]] bool takes_attempts() const;

  /// Whether there is one, or an attempt at one.
  [[nodiscard]] bool holds_or_tries() const {
    return holds() || attempts_.busy();
  }

  /// Whether there is a way to the peer, or a connection that is ending.
  [[nodiscard]] bool reachable() const { return !at_rest() || has_addresses(); }

  /// There is no connection, nor an attempt.
  [[nodiscard]] bool at_rest() const {
    return links_.empty() && !attempts_.busy();
  }

  /// The last connection ended with `finished` on both sides.
  [[nodiscard]] bool finished() const { return since_.finished; }

  /// The last attempt that came to nothing since there was a connection.
  [[nodiscard]] const std::optional<attempts::failure>& last_failure() const {
    return attempts_.last_failure();
  }

  /// How the last connection that was active ended.
  struct end {
    end_reason reason;
    steady_time at{};
  };

  [[nodiscard]] const std::optional<end>& last_end() const { return last_end_; }

  /// Why the peer refused, if that is its last word.
  [[nodiscard]] std::optional<connect_reply_error> refusal() const {
    return since_.refusal;
  }

  /// Until when no attempt is made, and how long the next wait may be.
  [[nodiscard]] dial_pace pace() const { return attempts_.pace(); }

  /// The peer refused, or attempts were made since it was connected last.
  [[nodiscard]] bool rebuffed() const {
    return since_.refusal || since_.sought;
  }

  [[nodiscard]] std::vector<transport_address> tried() const {
    return attempts_.tried();
  }

  /// The digest of the last connection that was established.
  [[nodiscard]] std::optional<connection_digest> last_established() const {
    return last_established_;
  }

  /// The peer's present epoch was in use after that.
  [[nodiscard]] steady_time remote_epoch_since() const {
    return remote_epoch_since_;
  }

  [[nodiscard]] connection_metrics metrics() const {
    return {attempts_.made(), attempts_.failed(), established_, ended_};
  }

private:
  hello make_hello(const node_advert_versions& adverts) const;
  bool is_over(const link& x, std::optional<std::uint64_t> known) const;
  bool replaces(const link& newer, const link& older) const;
  void supersede(link& x, std::uint64_t epoch, bool finished, timestamp now);
  void lose(link& x, const end_reason& reason, timestamp now);
  void handle_end(const link& x, const end_reason& reason, timestamp now);
  void end_if_overdue(link& x, timestamp now);
  bool is_stable(const link& x, timestamp now) const;
  void bound_links();

  std::shared_ptr<const peer_settings> settings_;
  peer_ends ends_;
  std::uint64_t epoch_;
  attempts attempts_;
  std::list<link> links_;
  fifo<peer_action> events_;
  std::uint64_t established_ = 0;
  std::map<std::string_view, std::uint64_t> ended_;

  std::optional<connection_digest> last_established_;
  steady_time remote_epoch_since_;
  std::optional<end> last_end_;

  // What has happened since messages went on on a connection last.
  struct aftermath {
    // It ended so on both sides.
    bool finished = false;
    std::optional<connect_reply_error> refusal = {};
    // Another one was attempted.
    bool sought = false;
  };

  aftermath since_;
};

} // namespace node_proxy::internal
