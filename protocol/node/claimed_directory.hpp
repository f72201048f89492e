// The peers of a node of several processes: who may come, and who serves them.

#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

#include <node_proxy/protocol/node/peer_claims.hpp>
#include <node_proxy/protocol/node/peer_directory.hpp>
#include <node_proxy/protocol/node/service_pauses.hpp>
#include <node_proxy/protocol/timestamp.hpp>

namespace node_proxy::internal {

/// A process is to serve a peer.
struct serve_claim {
  serve_peer peer;
  worker_id holder = coordinator;
  claim_id number = 0;
};

/// Who has served a peer does so no more. What was held for it goes its way.
struct end_claim {
  node_id id;
};

/// An operator is to know that a peer is disconnected, as who served it is
/// gone.
struct report_lost {
  node_id id;
  service_loss reason = service_loss::worker_lost;
};

/// What is to be done about a peer is for who serves it.
using claimed_action =
  std::variant<serve_claim, end_claim, report_lost, regard_peer, displace_peer,
               seek_peer, hurry_peer, introduce_peer, announce_advert,
               report_denied, report_turned_away, report_left_out>;

/// Decides for a node which peers are served, as `peer_directory` does, and by
/// which of its processes (`peer_claims`). It is in the coordinator, and hears
/// of the others what these say, in their order. A node of one process is one
/// without workers.
///
/// - A peer is served where it calls, if no other process serves it. Whom this
///   node wants is served by who has less to do.
/// - The place, the epoch and the record of a peer are those of the node,
///   whoever is called or serves. What a lost worker had is lost: the peer
///   begins anew, and what was told of that epoch is void.
/// - A peer that is to be kept connected is served by somebody else once its
///   holder does not any more, but if that fails time and again, after a pause
///   (`service_pauses`).
///
/// Events, results and the rules for both are those of `peer_directory`. What
/// has nothing to do with processes is taken over from there as it is.
class claimed_directory : private peer_directory {
public:
  using peer_directory::peer_directory;

  // -- what does not depend on who serves -------------------------------------

  using peer_directory::advert;
  using peer_directory::adverts;
  using peer_directory::allows;
  using peer_directory::answer;
  using peer_directory::connected;
  using peer_directory::disconnection;
  using peer_directory::gone_guests;
  using peer_directory::handle_addresses;
  using peer_directory::handle_advert;
  using peer_directory::handle_event;
  using peer_directory::handle_forget_answer;
  using peer_directory::handle_forget_question;
  using peer_directory::handle_forgotten;
  using peer_directory::handle_introduction;
  using peer_directory::handle_local_addresses;
  using peer_directory::handle_overtaken;
  using peer_directory::handle_permanence;
  using peer_directory::handle_shutdown;
  using peer_directory::handle_wanted;
  using peer_directory::here;
  using peer_directory::is_connected;
  using peer_directory::is_permanent;
  using peer_directory::loss;
  using peer_directory::poll_changes;
  using peer_directory::records;
  using peer_directory::unserved;

  // -- processes --------------------------------------------------------------

  /// A worker has joined.
  /// @param listens peers can call it.
  [[nodiscard]] worker_id handle_join(bool listens) {
    return claims_.handle_join(listens);
  }

  /// Whether peers can call the coordinator.
  void handle_listening(bool listens) { claims_.handle_listening(listens); }

  /// A worker is about to leave: it gets nothing any more of which it has not
  /// been told.
  void handle_leaving(worker_id worker) { claims_.handle_drain(worker); }

  /// A worker has ended, or does not answer any more.
  void handle_lost(worker_id worker, steady_time now);

  // -- who comes --------------------------------------------------------------

  /// Somebody asks a process for a connection. Who is to try another one is
  /// told that there is no room: another process serves it, or has less to do.
  [[nodiscard]] admission handle_request(const node_id& id, worker_id called,
                                         steady_time now);

  /// A request there came to nothing.
  void handle_request_end(const node_id& id, std::uint64_t epoch,
                          worker_id called);

  /// A peer has proven itself there, and that process serves it on success. Of
  /// two that have the same peer it is the one that says so first. Errors:
  /// those of `peer_directory`, over_capacity (another process serves it),
  /// epoch_ended (no request is open there).
  [[nodiscard]] expected<void, arrival_error>
  handle_arrival(const arrival& x, worker_id called, steady_time now);

  // -- what those say who serve a peer ----------------------------------------

  /// A worker is sent an order about a peer that it serves, and counts it, too.
  void handle_sent(const node_id& id) { claims_.handle_sent(id); }

  /// A worker sends a fence, see `worker_peers`.
  /// @returns whether it is to be sent back. That is an order.
  [[nodiscard]] bool handle_fence(worker_id from, const node_id& id,
                                  claim_id number);

  /// A worker has nothing to do about a peer, and has handled so many orders.
  /// @returns whether it is to forget the peer.
  [[nodiscard]] bool handle_offer(worker_id from, const node_id& id,
                                  claim_id number, std::uint64_t handled,
                                  peer_record record, steady_time now);

  /// A process serves a peer no more, without having been asked.
  /// @param record what was left of it. Nothing if that was lost.
  /// @returns whether it did.
  bool handle_end(worker_id from, const node_id& id, claim_id number,
                  std::optional<peer_record> record, steady_time now);

  // -- results ----------------------------------------------------------------

  void handle_timeout(steady_time now);

  [[nodiscard]] std::optional<claimed_action> poll_action();

  /// When to call `handle_timeout` at the latest.
  [[nodiscard]] std::optional<steady_time> poll_timeout() const {
    return earliest({peer_directory::poll_timeout(), pauses_.poll_timeout()});
  }

  // -- state ------------------------------------------------------------------

  /// Who serves a peer, if anybody.
  [[nodiscard]] const peer_claims::claim* find(const node_id& id) const {
    return claims_.find(id);
  }

  /// Whether that is this process.
  [[nodiscard]] bool is_served_by(worker_id who, const node_id& id) const {
    auto known = find(id);
    return known && known->holder == who;
  }

  /// How many peers a process serves.
  [[nodiscard]] std::size_t load(worker_id who) const {
    return claims_.load(who);
  }

  /// Whether messages for a peer that is served are held until its claim has
  /// ended, as its holder is about to leave.
  [[nodiscard]] bool holds_messages(const node_id& id) const {
    return claims_.is_leaving(id);
  }

private:
  using request = std::pair<node_id, std::uint64_t>; // with its epoch

  struct call {
    node_id id;
    worker_id called = coordinator;
  };

  void assign(const std::optional<call>& from);
  bool forget_request(worker_id called, const request& x);
  void end(const node_id& id, std::optional<peer_record> record,
           service_loss why, steady_time now);
  void serve_again(const node_id& id, steady_time now);

  peer_claims claims_;
  service_pauses pauses_;
  // What is open at workers: of a lost one nobody says how it ended.
  std::map<worker_id, std::map<request, std::size_t>> requests_;
  // What is to be done, by whom.
  fifo<claimed_action> assigned_;
};

} // namespace node_proxy::internal
