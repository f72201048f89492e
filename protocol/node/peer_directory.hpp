// The other nodes as this one knows them: who may come, who is served, what is
// remembered.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_set>
#include <vector>

#include <node_proxy/base/fifo.hpp>
#include <node_proxy/messages/connection_permanence.hpp>
#include <node_proxy/protocol/crypto/identity.hpp>
#include <node_proxy/protocol/delivery/send_error.hpp>
#include <node_proxy/protocol/node/admission.hpp>
#include <node_proxy/protocol/node/advert_book.hpp>
#include <node_proxy/protocol/node/change_log.hpp>
#include <node_proxy/protocol/node/comeback.hpp>
#include <node_proxy/protocol/node/open_requests.hpp>
#include <node_proxy/protocol/node/own_advert.hpp>
#include <node_proxy/protocol/node/peer_book.hpp>
#include <node_proxy/protocol/node/peer_directory_action.hpp>
#include <node_proxy/protocol/node/policy.hpp>
#include <node_proxy/protocol/node/served_peers.hpp>
#include <node_proxy/protocol/node/stored_state.hpp>
#include <node_proxy/protocol/node/trouble_log.hpp>
#include <node_proxy/protocol/node/visit_quota.hpp>
#include <node_proxy/protocol/node_parting.hpp>
#include <node_proxy/protocol/peer/peer_action.hpp>
#include <node_proxy/protocol/settings.hpp>

namespace node_proxy::internal {

/// What an operator may choose about a node and its peers.
struct directory_settings {
  version_range versions = supported_versions;
  policy admission;
  /// Most peers that may be connected at once: who has more standing takes the
  /// place of one that has less. As many more guests may have left while there
  /// is something to do about them.
  std::size_t max_peers = default_max_peers;
  /// See `peer_settings`.
  duration handshake_timeout = peer_settings{}.handshake_timeout;
  advert_book_limits adverts_kept;
  peer_book_limits peers_kept;
  /// Nodes whose adverts are kept whatever others come, besides those that
  /// `admission` names.
  std::vector<node_id> configured;

  /// How long a peer that has proven itself keeps its place without being
  /// connected.
  [[nodiscard]] duration arrival_timeout() const {
    return 2 * handshake_timeout;
  }
};

/// Decides for a node which peers are *served*: have a Node Proxy.
///
/// - Whoever is wanted here, comes, or is to be kept connected is served, until
///   nothing is under way with it; then its record takes its place.
/// - Of two ids with one X25519 key at most one is served. What those who serve
///   do is known here only later: while a peer is served its twin is denied.
/// - A *guest* is a peer that nothing but its own coming has made known
///   (`peer_standing`). At
///   most `max_peers` may come, and as many guests may be served that have
///   left, whether engines have not taken what they sent or answers wait for
///   them: who comes under ever new names does not fill the memory.
/// - Where there is not enough for all, places, records or adverts, the higher
///   standing comes first, and of strangers those who share their host with
///   fewer others (`departure_order`).
/// - An epoch belongs to one peer, record after record. It is never begun
///   twice. A peer that was told an epoch finds it when it proves itself.
///
/// `handle_*` take events; after each of them, call `poll_action` until it is
/// empty and do what it says in that order; `poll_changes` says what is to be
/// on disk, and `handle_timeout` is to be called once the time of
/// `poll_timeout` has come. Time never runs backwards from call to call.
class peer_directory {
public:
  /// @param settings outlives this; each decision looks at them anew, but for
  ///                 the bounds of the books.
  /// @param stored what was on disk.
  peer_directory(const directory_settings& settings,
                 std::shared_ptr<const identity> self,
                 const stored_state& stored, random_source random);

  // -- what this node wants ---------------------------------------------------

  /// There is something to do about a peer: it is served on success. Errors:
  /// shutting_down, wrong_target (it is this node), denied, unknown_node,
  /// outbox_full (there are too many guests).
  [[nodiscard]] expected<void, send_error> handle_wanted(const node_id& id,
                                                         steady_time now);

  /// A peer is to be kept connected, or not any more.
  void handle_permanence(const node_id& id, connection_permanence permanence);

  /// Somebody here tells of the advert of a node. What it names is remembered
  /// even if it is stale. Errors: wrong_node (it is this one), those of
  /// `check_advert`.
  node_advert_reply handle_introduction(const node_advert& advert);

  /// This node can be reached there: its advert says so from now on. The first
  /// time, permanent peers and those that were lost are dialled, which are to
  /// get it with the handshake.
  /// @param min_version of the advert, such as the seconds of a clock: a node
  ///                      that forgot its last one does not fall behind it.
  /// Errors: why there is no new one; the advert stays as it is.
  [[nodiscard]] expected<void, issue_error>
  handle_local_addresses(std::vector<weighted_address> addresses,
                         std::uint64_t min_version, timestamp now);

  /// A peer is to be as if it had never been known. Of one that is served
  /// nothing is left once it is served no more, unless it connects before, or
  /// is introduced or made permanent. To be asked before: `loss`.
  void handle_forgotten(const node_id& id);

  /// Those who serve a peer are asked whether it may be forgotten:
  /// `handle_forget_answer` has to follow.
  void handle_forget_question(const node_id& id) {
    asked_to_forget_.insert(id);
  }

  /// If they agree, it is `handle_forgotten` when they were asked: who was
  /// introduced since is only permanent no more.
  void handle_forget_answer(const node_id& id, bool agreed);

  /// This node stops: nobody comes any more.
  void handle_shutdown() { stopping_ = true; }

  // -- who comes --------------------------------------------------------------

  /// Somebody asks for a connection. It may be a replay, so this only looks
  /// things up, and notes what it told: until `handle_request_end` or
  /// `handle_arrival`, of which one has to follow.
  [[nodiscard]] admission handle_request(const node_id& id, steady_time now);

  /// How this node would answer the request in a handshake. Nothing follows
  /// from that.
  [[nodiscard]] connect_reply answer(const connect_request& request) const;

  /// A request came to nothing.
  /// @param epoch that it was answered with.
  void handle_request_end(const node_id& id, std::uint64_t epoch);

  /// A peer has proven itself: it is served on success. Things may have changed
  /// since it was admitted.
  [[nodiscard]] expected<void, arrival_error> handle_arrival(const arrival& x,
                                                             steady_time now);

  // -- what those who serve a peer say ----------------------------------------

  /// @returns whether it is to be reported to operators, and has not been. Of
  ///          strangers' visits there is a bounded number that are.
  bool handle_event(const node_id& id, const peer_event& event,
                    steady_time now);

  /// @returns whether it is newer than the one that was known, and is to be
  ///          reported.
  bool handle_advert(const node_advert& advert);

  void handle_addresses(const node_id& id, const address_memory& memory);

  /// A peer knows an advert of this node of that version. Errors: why there is
  /// no newer one.
  [[nodiscard]] expected<void, issue_error>
  handle_overtaken(const overtaken_advert& msg, timestamp now);

  /// A peer is served no more.
  /// @param record what was left of it. Nothing if that was lost.
  void handle_end(const node_id& id, std::optional<peer_record> record,
                  steady_time now);

  // -- results ----------------------------------------------------------------

  void handle_timeout(steady_time now);

  [[nodiscard]] std::optional<directory_action> poll_action();

  /// When to call `handle_timeout` at the latest.
  [[nodiscard]] std::optional<steady_time> poll_timeout() const;

  /// What is to be on disk besides what was said before.
  [[nodiscard]] std::optional<state_changes> poll_changes(steady_time now);

  // -- state ------------------------------------------------------------------

  /// This node's advert, if it has one.
  [[nodiscard]] const std::shared_ptr<const node_advert>& advert() const {
    return advert_.present();
  }

  [[nodiscard]] bool is_connected(const node_id& id) const;

  [[nodiscard]] std::size_t connected() const { return served_.connected(); }

  /// Guests that are served.
  [[nodiscard]] std::size_t guests() const { return served_.guests(); }

  /// What is remembered of a peer that is not served.
  [[nodiscard]] const peer_record* record(const node_id& id, steady_time now) {
    return book_.find(id, now);
  }

  /// How many peers are remembered.
  [[nodiscard]] std::size_t records(steady_time now) { return book_.size(now); }

  /// Nodes that somebody here has vouched for, or wants connected, and that are
  /// not served.
  [[nodiscard]] std::vector<node_id> unserved() const;

  /// Whether this node's policy lets a node connect.
  [[nodiscard]] bool allows(const node_id& id) const {
    return settings_.admission.allows(id);
  }

  [[nodiscard]] bool is_permanent(const node_id& id) const {
    return permanent_.contains(id);
  }

  /// Whether a peer may be disconnected by request: it is ok, unknown or
  /// permanent.
  [[nodiscard]] parting_result disconnection(const node_id& id,
                                             steady_time now);

  /// What would be lost with a peer that is forgotten, and whether it may be:
  /// ok, unknown or under_way. What is under way with one that is served only
  /// those know who serve it.
  [[nodiscard]] node_parting loss(const node_id& id, steady_time now);

  /// Peers that have a place of `directory_settings::max_peers`.
  [[nodiscard]] std::size_t here() const { return served_.here(); }

  /// Guests that have left, with something under way.
  [[nodiscard]] std::size_t gone_guests() const {
    return served_.guests() - served_.guests_here();
  }

  /// The adverts of other nodes.
  [[nodiscard]] const advert_book& adverts() const { return adverts_; }

private:
  connect_facts facts_about(const node_id& id,
                            std::optional<connection_source> from) const;
  std::uint64_t epoch_for(const node_id& id, steady_time now);
  peer_record take_record(const node_id& id, steady_time now);
  expected<void, arrival_error> take_in(const arrival& x, steady_time now);
  peer_standing standing_of(const node_id& id) const;
  bool is_guest(const node_id& id) const;
  bool is_worth_seeking(const node_id& id) const;
  bool has_room_for(const node_id& id,
                    const std::optional<connection_source>& from) const;
  bool has_room_for_guest() const;
  bool
  has_spare_room_for_guest(const std::optional<connection_source>& from) const;
  void make_room(peer_standing standing);
  void displace(const node_id& id);
  bool has_way_to(const node_id& id, steady_time now);
  void serve(const node_id& id, const noise_public_key& key,
             const peer_record& record);
  void seek(const node_id& id, steady_time now);
  void perform_comeback(steady_time now);
  void announce();
  void hold_if_named(const node_id& id);
  void update_standing(const node_id& id);
  void keep(const node_id& id);
  bool knows(const node_id& id, steady_time now);
  void drop(const node_id& id);
  void drop_forgotten();
  bool is_reported(const node_id& id);
  bool is_reported_again(const node_id& id, steady_time now);
  void note_turned_away(const node_id& id, connect_reply_error reason,
                        steady_time now);
  void note_connected(const node_id& id);
  void note_disconnected(const node_id& id, bool goodbye, steady_time now);
  void forget_connected(const node_id& id);

  bool handle(const node_id& id, const peer_connected& event, steady_time now);
  bool handle(const node_id& id, const peer_resumed& event, steady_time now);
  bool handle(const node_id& id, const peer_disconnected& event,
              steady_time now);
  bool handle(const node_id& id, const peer_refused& event, steady_time now);
  bool handle(const node_id& id, const peer_key_shared& event, steady_time now);
  bool handle(const node_id& id, const peer_unreachable& event,
              steady_time now);
  bool handle(const node_id& id, const peer_connect_failed& event,
              steady_time now);

  const directory_settings& settings_;
  std::shared_ptr<const identity> self_;
  random_source random_;
  served_peers served_;
  open_requests requests_;
  peer_book book_;
  advert_book adverts_;
  // Served or, if they are denied, not.
  std::unordered_set<node_id> permanent_;
  // Served, and to be forgotten then.
  std::unordered_set<node_id> to_forget_;
  // Whom those who serve them are asked about, without those introduced since.
  std::unordered_set<node_id> asked_to_forget_;
  // Whoever is connected, or was when the connection was lost; as on disk.
  std::unordered_set<node_id> noted_connected_;
  comeback comeback_;
  trouble_log troubles_;
  own_advert advert_;
  bool started_ = false;
  bool stopping_ = false;
  fifo<directory_action> actions_;
  change_log changes_;
  visit_quota visits_;
  // Of those whom policy denies, or for whom there is no room.
  trouble_log turned_away_;
  visit_quota vain_visits_;
};

} // namespace node_proxy::internal
