// The state machine of one remote node: everything a Node Proxy decides
// (PROTOCOL.md).

#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include <node_proxy/base/fifo.hpp>
#include <node_proxy/messages/connection_permanence.hpp>
#include <node_proxy/messages/node_msg.hpp>
#include <node_proxy/messages/node_out_msg.hpp>
#include <node_proxy/protocol/crypto/identity.hpp>
#include <node_proxy/protocol/crypto/random_source.hpp>
#include <node_proxy/protocol/delivery/inbox.hpp>
#include <node_proxy/protocol/delivery/outbox.hpp>
#include <node_proxy/protocol/delivery/unreliable.hpp>
#include <node_proxy/protocol/peer/address_memory.hpp>
#include <node_proxy/protocol/peer/dialler.hpp>
#include <node_proxy/protocol/peer/link.hpp>
#include <node_proxy/protocol/peer/peer_action.hpp>
#include <node_proxy/protocol/peer/peer_metrics.hpp>
#include <node_proxy/protocol/peer/peer_record.hpp>
#include <node_proxy/protocol/session/handshake.hpp>
#include <node_proxy/protocol/settings.hpp>
#include <node_proxy/protocol/wire/message_data.hpp>
#include <node_proxy/protocol/wire/payload_arena.hpp>

namespace node_proxy::internal {

/// The `delivery_id::generation` of unreliable messages.
inline constexpr std::uint64_t unreliable_generation = ~std::uint64_t{0};

/// One remote node, without any I/O.
///
/// There are three kinds of calls. `handle_*` take an event. `flush` turns what
/// is queued into frames; it is separate so that a shell can gather several
/// events first. `poll_*` take results out: after each event, or a few of them,
/// call `poll_action` until it is empty, do what it says in that order, and
/// then call `handle_timeout` once the time of `poll_timeout` has come. Time
/// never runs backwards from call to call.
class peer {
public:
  /// @param remote an id for which `noise_key_of` has a key; `remote_key` is
  ///               that key.
  /// @param record what an earlier peer left. A new one has only an epoch,
  ///               which is random and names the state that begins here.
  peer(const peer_settings& settings, std::shared_ptr<const identity> self,
       const node_id& remote, const noise_public_key& remote_key,
       const peer_record& record, random_source random);

  // -- events of this node
  // -----------------------------------------------------

  /// A local engine sends a message. Its outcome comes as a `send_outcome`.
  void handle_send(send_token token, const node_out_msg& msg, timestamp now);

  /// An engine has taken a message, or no engine will.
  void handle_finished(const delivery_id& id,
                       std::optional<control::reject_reason> reason,
                       timestamp now);

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

  /// Somebody wants the peer connected, once. Given up when all addresses have
  /// failed, or the peer refuses.
  void handle_connect(timestamp now);

  /// A peer that was lost is connected again, so that the network of this host
  /// may have been away: if a connection to this one is wanted, it is not
  /// waited for long any more, unless the peer has refused us.
  void handle_way_back(timestamp now);

  /// This node stops: nothing more is taken, and what was taken before may
  /// still go until `at_latest`. That includes to dial the peer.
  void handle_shutdown(steady_time at_latest, timestamp now);

  // -- events of connections
  // ---------------------------------------------------

  void handle_dialled(attempt_id attempt, connection_id connection,
                      timestamp now);
  void handle_dial_failed(attempt_id attempt, timestamp now);

  /// The peer dialled us and has proven itself.
  void handle_session(connection_id connection, proven_session session,
                      timestamp now);

  /// The peer, asked for a connection, answered: as in the handshake an error
  /// ends or delays what is queued; `connect_reply_ok` makes us connect.
  void handle_connect_reply(const connect_reply& reply, timestamp now);

  /// A sealed message arrived by another way than its connection.
  /// @returns false if it cannot be encoded or no connection is established.
  [[nodiscard]] bool handle_node_msg(const node_msg& msg, timestamp now);

  /// One frame body arrived.
  void handle_frame(connection_id connection, bytes_view body, timestamp now);

  /// Bytes arrived that do not complete a frame.
  void handle_progress(connection_id connection, std::size_t count,
                       timestamp now);

  /// Bytes of earlier `transmit_frames` have left, since it was last said.
  void handle_written(connection_id connection, std::size_t count);

  /// The connection is gone, or broke the rules of framing. `reason` is counted
  /// and has to live as long as the peer.
  void handle_closed(connection_id connection, std::string_view reason,
                     timestamp now);

  // -- results
  // -----------------------------------------------------------------

  void handle_timeout(timestamp now);

  /// Turns what is due into frames, at most about 128 KiB of messages.
  /// @returns whether there may be more to send as soon as these are written.
  bool flush(timestamp now);

  [[nodiscard]] std::optional<peer_action> poll_action();

  /// Gives back the memory of a `transmit_frames` that was written.
  static void reuse(bytes&& buffer);

  /// When to call `handle_timeout` at the latest.
  [[nodiscard]] std::optional<steady_time> poll_timeout(timestamp now) const;

  // -- state
  // -------------------------------------------------------------------

  [[nodiscard]] const node_id& remote() const { return remote_; }

  [[nodiscard]] std::uint64_t epoch() const { return epoch_; }

  [[nodiscard]] bool connected() const;

  /// How this node would answer the remote node's request for a connection.
  [[nodiscard]] connect_reply answer(const connect_request& request) const;

  /// The version of the remote node's advert that is known, 0 = none.
  [[nodiscard]] std::uint64_t advert_version() const {
    return remote_advert_ ? remote_advert_->version : 0;
  }

  /// Stopped for good: nothing is connected and nothing will be.
  [[nodiscard]] bool stopped() const;

  /// There is nothing to do, and will not be unless somebody says so: a
  /// `record` can take the place of this peer. To be asked when `poll_action`
  /// is empty.
  [[nodiscard]] bool dormant(timestamp now) const;

  /// What to remember of a dormant peer, if anything.
  [[nodiscard]] std::optional<peer_record> record() const;

  [[nodiscard]] const peer_metrics& metrics() const { return metrics_; }

private:
  // peer.cpp
  std::vector<transport_address> best_addresses() const;
  void update_addresses(timestamp now);
  bool remember(const address_memory& memory);
  void fail(send_token token, send_error error);
  void fail_all(send_error definite, send_failure::unconfirmed_cause cause);
  bool reachable() const;
  bool wants_connection() const;
  std::optional<steady_time> dormant_from() const;
  void consider_dial(timestamp now);
  bool drains(timestamp now) const;
  void check_shutdown(timestamp now);

  // peer_connections.cpp
  hello make_hello() const;
  void begin_handshake(connection_id connection,
                       const transport_address& address, timestamp now);
  void handle_handshake_reply(dialler::handshaking& attempt, bytes_view body,
                              timestamp now);
  void complete_handshake(connection_id connection, session&& established,
                          timestamp now);
  void handle_refusal(connect_reply_error reason, timestamp now);
  void fail_handshake(connection_id connection, timestamp now);
  void close_handshakes();
  void abandon_attempts();
  void fail_attempt(timestamp now);
  void send_resume(link& x, timestamp now);
  void handle_contact(const transport_address& address);
  void establish(link& x, const control::resume& resume, timestamp now);
  bool is_over(const link& x) const;
  bool replaces(const link& newer, const link& older) const;
  std::optional<std::string_view>
  activate(link& x, const control::resume& resume, timestamp now);
  void supersede(link& x, std::uint64_t epoch, timestamp now);
  void exchange_adverts(link& x, timestamp now);
  void send_due_advert(link& x, timestamp now);
  void say_goodbye(link& x, control::goodbye_reason reason, timestamp now);
  void leave(link& x, control::goodbye_reason reason, timestamp now);
  void break_off(link& x, std::string_view reason, timestamp now);
  void lose(link& x, std::string_view reason, timestamp now);
  void end_active(const link& x, std::string_view reason, timestamp now);
  void stop_transfer();
  void trim();
  bool is_stable(const link& x, timestamp now) const;
  link* active();
  const link* active() const;
  link* find(connection_id connection);
  void bound_links();
  bool holds_connection() const;
  bool may_close_idle(const link& x) const;
  void check_link(link& x, timestamp now);
  void send_heartbeat(link& x, timestamp now);
  std::optional<steady_time> link_deadline(const link& x) const;

  // peer_frames.cpp
  void handle_opened(link& x, opened_frame& frame, timestamp now);
  void handle_messages(link& x, const opened_messages& frame, timestamp now);
  void handle_unreliable(link& x, const opened_unreliable& frame,
                         timestamp now);
  void deliver(const received_message& message, timestamp now);
  expected<engine_msg, control::reject_reason>
  read_message(const received_message& message);
  void handle(link& x, const control::resume& frame, timestamp now);
  void handle(link& x, const control::ack& frame, timestamp now);
  void handle(link& x, const control::settled& frame, timestamp now);
  void handle(link& x, const control::void_range& frame, timestamp now);
  void handle(link& x, const node_advert& frame, timestamp now);
  void handle(link& x, const control::heartbeat& frame, timestamp now);
  void handle(link& x, const control::rekey& frame, timestamp now);
  void handle(link& x, const control::goodbye& frame, timestamp now);
  void handle(link& x, const control::unknown& frame, timestamp now);
  void flush_control(link& x, timestamp now);
  bool flush_messages(link& x, timestamp now);
  bool seal_next_messages(link& x, timestamp now);
  bool seal_next_unreliable(link& x, timestamp now);

  peer_settings settings_;
  std::shared_ptr<const identity> self_;
  node_id remote_;
  noise_public_key remote_key_;
  std::uint64_t epoch_;
  random_source random_;

  outbox outbox_;
  inbox inbox_;
  unreliable_outbox unreliable_out_;
  unreliable_inbox unreliable_in_;
  message_codec codec_;
  payload_arena arena_;
  dialler dialler_;
  std::list<link> links_;
  fifo<peer_action> actions_;
  peer_metrics metrics_;

  std::shared_ptr<const node_advert> local_advert_;
  std::optional<node_advert> remote_advert_;
  address_memory addresses_;
  connection_permanence permanence_ = connection_permanence::ephemeral;
  bool connect_wanted_ = false;
  // The present connection is owed an ack, a settled.
  bool ack_due_ = false;
  bool settle_due_ = false;
  std::optional<steady_time> shutdown_deadline_;
  // Until then what is queued may still go, on a new connection if need be.
  bool draining_ = false;
  // What an expired message died of: over_capacity if the peer said so.
  send_error expiry_error_ = send_error::expired;
  std::optional<connection_digest> last_established_;
  // The peer's present epoch was in use after that.
  steady_time remote_epoch_since_{};
  // The peer's last word.
  bool refused_ = false;
  // The last connection ended with `finished` on both sides.
  bool finished_ = false;
  // When the last connection ended.
  steady_time disconnected_{};
  std::optional<std::uint32_t> remote_max_message_;
};

} // namespace node_proxy::internal
