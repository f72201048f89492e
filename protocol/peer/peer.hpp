// The state machine of one remote node: everything a Node Proxy decides
// (PROTOCOL.md).

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include <node_proxy/base/fifo.hpp>
#include <node_proxy/base/frame_memory.hpp>
#include <node_proxy/messages/connection_permanence.hpp>
#include <node_proxy/messages/node_msg.hpp>
#include <node_proxy/messages/node_out_msg.hpp>
#include <node_proxy/protocol/crypto/identity.hpp>
#include <node_proxy/protocol/crypto/random_source.hpp>
#include <node_proxy/protocol/peer/address_memory.hpp>
#include <node_proxy/protocol/peer/connections.hpp>
#include <node_proxy/protocol/peer/delivery.hpp>
#include <node_proxy/protocol/peer/dial_obstacles.hpp>
#include <node_proxy/protocol/peer/end_causes.hpp>
#include <node_proxy/protocol/peer/peer_action.hpp>
#include <node_proxy/protocol/peer/peer_adverts.hpp>
#include <node_proxy/protocol/peer/peer_metrics.hpp>
#include <node_proxy/protocol/peer/peer_record.hpp>
#include <node_proxy/protocol/peer/peer_wishes.hpp>
#include <node_proxy/protocol/peer/reading_budget.hpp>
#include <node_proxy/protocol/peer/standing.hpp>
#include <node_proxy/protocol/peer_status.hpp>
#include <node_proxy/protocol/session/handshake.hpp>
#include <node_proxy/protocol/settings.hpp>

namespace node_proxy::internal {

/// One remote node, without any I/O.
///
/// There are three kinds of calls. `handle_*` take an event. `flush` turns what
/// is queued into frames; it is separate so that a shell can gather several
/// events first. `poll_*` take results out: after each event, or a few of them,
/// call `poll_action` until it is empty, do what it says in that order, and
/// then call `handle_timeout` once the time of `poll_timeout` has come. Time
/// never runs backwards from call to call.
///
/// Its connections are read in turns, see `begin_turn`.
///
/// It joins two halves: `connections` and `delivery` know nothing of each
/// other.
class peer {
public:
  /// @param remote an id for which `noise_key_of` has a key; `remote_key` is
  ///               that key.
  /// @param record what an earlier peer left. A new one has only an epoch,
  ///               which is random and names the state that begins here.
  /// @param budget of this node, for what peers may have outstanding.
  /// @param spare of this node, for what is of no use.
  peer(std::shared_ptr<const peer_settings> settings,
       std::shared_ptr<const identity> self, const node_id& remote,
       const noise_public_key& remote_key, const peer_record& record,
       std::shared_ptr<receive_budget> budget,
       std::shared_ptr<spare_time> spare, random_source random);

  // -- events of this node ----------------------------------------------------

  /// A local engine sends a message. Its outcome comes as a `send_outcome`.
  void handle_send(send_token token, const node_out_msg& msg, timestamp now,
                   time_limit limit = {});

  /// An engine has taken a message, or no engine will.
  void handle_finished(const delivery_id& id,
                       std::optional<control::reject_reason> reason,
                       timestamp now) {
    delivery_.handle_finished(id, reason, now.steady);
    if (reason)
      count_waste();
    else
      reading_.handle_taken(now.steady);
  }

  /// This node has a new advert of its own.
  void handle_local_advert(std::shared_ptr<const node_advert> advert,
                           timestamp now);

  /// An advert of the remote node, as it says itself.
  node_advert_reply handle_remote_advert(const node_advert& advert,
                                         timestamp now);

  /// Somebody here tells of an advert of the remote node. What it names is
  /// remembered even if it is stale.
  node_advert_reply handle_introduction(const node_advert& advert,
                                        timestamp now);

  /// What an earlier peer remembered, see `learned_addresses`.
  void handle_addresses(const address_memory& memory, timestamp now);

  void handle_permanence(connection_permanence permanence, timestamp now);

  /// How this node knows the peer now; at first as a guest. A stranger is
  /// dialled only as often as it has earned that, see `address_memory`.
  void handle_standing(peer_standing standing, timestamp now);

  /// Somebody here wants the peer connected, once. Given up when all addresses
  /// have failed, or the peer refuses.
  void handle_connect(timestamp now);

  /// The peer was lost, and may have something for this node: the same, without
  /// the delays of earlier attempts.
  void handle_seek(timestamp now);

  /// A peer that was lost is connected again, so that the network of this host
  /// may have been away: if a connection to this one is wanted, it is not
  /// waited for long any more, unless the peer has refused us.
  void handle_way_back(timestamp now);

  /// The place of the peer is for another one that has more standing: what is
  /// connected ends in good order, and the peer is not dialled for a while.
  void handle_displacement(timestamp now);

  /// Somebody here wants the peer disconnected, or forgotten: the same, but it
  /// is dialled again as soon as there is something to send. Nobody wants it
  /// connected any more.
  /// @param forget nothing happens, and false is returned, if that loses
  ///               messages.
  bool handle_parting(bool forget, timestamp now);

  /// This node stops: nothing more is taken, and what was taken before may
  /// still go until `at_latest`. That includes to dial the peer.
  void handle_shutdown(steady_time at_latest, timestamp now);

  // -- events of connections --------------------------------------------------

  void handle_dialled(attempt_id attempt, connection_id connection,
                      timestamp now);

  void handle_dial_failed(attempt_id attempt, dial_error reason, timestamp now);

  /// The name that an attempt is about stands for these hosts now, one or more,
  /// the best one first. Who told of the name decides which of them are
  /// dialled.
  void handle_hosts(attempt_id attempt, std::span<const ip_address> hosts,
                    timestamp now);

  /// The peer dialled us and has proven itself, for the epoch of this peer.
  void handle_session(connection_id connection, proven_session session,
                      timestamp now);

  /// The peer, asked for a connection, answered: as in the handshake an error
  /// ends or delays what is queued; `connect_reply_ok` makes us connect.
  void handle_connect_reply(const connect_reply& reply, timestamp now);

  /// A sealed message arrived by another way than its connection.
  /// @returns false if it cannot be encoded or no connection is established.
  [[nodiscard]] bool handle_node_msg(const node_msg& msg, timestamp now);

  /// Begins a turn of reading from a connection, if it may be read now.
  /// Otherwise it may be once `paused` does not hold any more; if it does not
  /// now, when others have had their turn.
  [[nodiscard]] bool begin_turn(connection_id connection, timestamp now) {
    // The other end of a handshake is not known yet.
    return connections_.shakes_hands(connection)
           || reading_.begin_turn(now.steady);
  }

  /// Whether the turn goes on, after a frame. If it does not, frames that have
  /// been read wait for the next one.
  [[nodiscard]] bool reads_on() const { return reading_.goes_on(); }

  /// The turn has ended, in which so many octets were read.
  void end_turn(std::size_t octets) { reading_.end_turn(octets); }

  /// One frame body arrived.
  void handle_frame(connection_id connection, bytes_view body, timestamp now);

  /// Bytes arrived that do not complete a frame.
  void handle_progress(connection_id connection, std::size_t count,
                       timestamp now) {
    if (auto x = connections_.find(connection))
      x->handle_progress(count, now.steady);
  }

  /// Bytes of earlier `transmit_frames` have left, since it was last said.
  void handle_written(connection_id connection, std::size_t count) {
    if (auto x = connections_.find(connection))
      x->handle_written(count);
  }

  /// The connection is gone, or broke the rules of framing.
  void handle_closed(connection_id connection, close_reason reason,
                     timestamp now);

  // -- results ----------------------------------------------------------------

  void handle_timeout(timestamp now);

  /// Turns what is due into frames, at most about 64 KiB of messages,
  /// and a frame.
  /// @param memory for these frames. It may be shared by all peers of a thread,
  ///               and given back the `transmit_frames` that were written.
  /// @returns whether there may be more to send as soon as these are written.
  bool flush(timestamp now, frame_memory& memory);

  [[nodiscard]] std::optional<peer_action> poll_action();

  /// When to call `handle_timeout` at the latest.
  [[nodiscard]] std::optional<steady_time> poll_timeout(timestamp now) const;

  // -- state ------------------------------------------------------------------

  [[nodiscard]] const node_id& remote() const { return connections_.remote(); }

  [[nodiscard]] std::uint64_t epoch() const { return connections_.epoch(); }

  /// The peer has taken more of this node's time than it may: see `begin_turn`.
  [[nodiscard]] bool paused() const { return reading_.paused(); }

  [[nodiscard]] bool connected() const {
    return connections_.active() != nullptr;
  }

  [[nodiscard]] peer_standing standing() const { return wishes_.standing(); }

  /// The version of the remote node's advert that is known, 0 = none.
  [[nodiscard]] std::uint64_t advert_version() const {
    return adverts_.remote_version();
  }

  /// Stopped for good: nothing is connected and nothing will be.
  [[nodiscard]] bool stopped() const;

  /// Engines have come to an end with all that has arrived.
  [[nodiscard]] bool engines_at_rest() const { return delivery_.at_rest(); }

  /// There is nothing to do, and will not be unless somebody says so: a
  /// `record` can take the place of this peer. To be asked when `poll_action`
  /// is empty.
  [[nodiscard]] bool dormant(timestamp now) const;

  /// What is left of a peer that is dormant, or has stopped; of the latter
  /// without the peer's numbers, if engines are not at rest.
  [[nodiscard]] peer_record record() const;

  [[nodiscard]] peer_metrics metrics() const;

  /// How things stand, for people.
  [[nodiscard]] peer_status status(timestamp now) const;

private:
  // peer.cpp
  void update_addresses(timestamp now);
  void want_connection();
  void follow_up(timestamp now);
  void dial(timestamp now);
  void pay_for_lookup();
  void take_events();
  void react(const peer_event& event);
  void report_failure(const peer_unreachable& event);
  void report_obstacle();
  void fail(send_token token, send_error error);
  void count_outcome(const send_outcome& x);
  void check_shutdown(timestamp now);
  void set_standing(peer_standing standing, timestamp now);
  void shed_if_hopeless(timestamp now);
  void shed_if_overrun(timestamp now);
  void shed(timestamp now);
  void part(control::goodbye_reason reason, timestamp now);
  void trim();

  // peer_status.cpp
  peer_state state() const;
  std::optional<connection_status> connection(timestamp now) const;
  peer_traffic traffic() const;

  // peer_frames.cpp
  void handle_sealed(link& x, bytes_view body, timestamp now);
  void count_waste();
  void handle(link& x, const opened_messages& frame, timestamp now);
  void handle(link& x, const opened_unreliable& frame, timestamp now);
  void handle(link& x, const control::resume& frame, timestamp now);
  template <class Frame>
  void handle(link& x, const Frame& frame, timestamp now);
  void handle(link& x, const node_advert& frame, timestamp now);
  bool may_check(const node_advert& advert, timestamp now);
  void handle(link& x, const control::heartbeat& frame, timestamp now);
  void handle(link& x, const control::rekey& frame, timestamp now);
  void handle(link& x, const control::goodbye& frame, timestamp now);
  void handle(link& x, const control::unknown& frame, timestamp now);
  void check(link& x, const expected<void, violation>& ok, timestamp now);
  void establish(link& x, const control::resume& resume, timestamp now);
  void leave(link& x, control::goodbye_reason reason, timestamp now);
  void seal_owed(link& x, frame_memory& memory, timestamp now);
  void seal_last_words(link& x, timestamp now);

  std::shared_ptr<const peer_settings> settings_;
  connections connections_;
  delivery delivery_;
  peer_adverts adverts_;
  peer_wishes wishes_;
  dial_obstacles obstacles_;
  std::shared_ptr<spare_time> spare_;
  reading_budget reading_;
  fifo<peer_action> actions_;
  // But for what the two halves count.
  peer_metrics counted_;
};

} // namespace node_proxy::internal
