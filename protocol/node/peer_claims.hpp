// Which process of a node serves which of its peers.

#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <unordered_map>
#include <vector>

#include <node_proxy/messages/identities.hpp>

namespace node_proxy::internal {

/// A process of this node: its workers in the order in which they joined. No
/// number is used twice, so a worker that was lost comes back as another one.
using worker_id = std::uint64_t;

/// The process that has the directory of peers.
inline constexpr worker_id coordinator = 0;

/// Each time that a peer is served has a number of its own: so nobody takes
/// what is said of an earlier time for news.
using claim_id = std::uint64_t;

/// Decides for a node of several processes which of them serves a peer. It is
/// the coordinator's half; that of a worker is `worker_peers`.
///
/// The law: *a peer is served by one process at a time, which has all that is
/// known of it, and it gives that back only if it has handled all that was ever
/// sent to it for this peer.* It is that of `router_retirement` over again, as
/// what two processes say to each other keeps its order, too. What a lost
/// worker held is lost with it.
class peer_claims {
public:
  struct claim {
    claim_id number = 0;
    worker_id holder = coordinator;
    /// How many orders about the peer its holder was sent.
    std::uint64_t sent = 0;
  };

  // -- workers ----------------------------------------------------------------

  /// A worker has joined.
  /// @param listens peers can call it.
  [[nodiscard]] worker_id handle_join(bool listens);

  /// Whether peers can call the coordinator.
  void handle_listening(bool listens) { own_.listens = listens; }

  /// A worker gets no further peers.
  void handle_drain(worker_id worker);

  /// A worker has ended, or does not answer any more.
  /// @returns whom it served.
  [[nodiscard]] std::vector<node_id> handle_lost(worker_id worker);

  // -- peers ------------------------------------------------------------------

  /// A peer that nobody serves has called a process, which may serve it.
  /// @returns whether it is to try another one, as that has fewer peers. All
  ///          peers know the same addresses, and begin with the same one. Who
  ///          has been told so as often as there are others has none that it
  ///          can reach.
  [[nodiscard]] bool handle_call(const node_id& id, worker_id who);

  /// A peer that nobody serves is served from now on.
  claim_id handle_served(const node_id& id, worker_id holder);

  /// An order about a peer is sent to its holder, who counts it, too.
  void handle_sent(const node_id& id);

  /// A worker has nothing to do about a peer, and has handled so many orders.
  /// @returns whether it is to forget the peer: nobody serves that then.
  [[nodiscard]] bool handle_offer(worker_id from, const node_id& id,
                                  claim_id number, std::uint64_t handled);

  /// A holder serves a peer no more, without having been asked.
  /// @returns whether it did.
  bool handle_end(worker_id from, const node_id& id, claim_id number);

  // -- state ------------------------------------------------------------------

  /// Who serves a peer, if anybody.
  [[nodiscard]] const claim* find(const node_id& id) const;

  /// Whether a process serves a peer by that claim.
  [[nodiscard]] bool holds(worker_id who, const node_id& id,
                           claim_id number) const;

  /// Whether who serves a peer is about to leave.
  [[nodiscard]] bool is_leaving(const node_id& id) const;

  /// Whether a process that a peer has called may serve it: nobody else does,
  /// and it is not about to leave.
  [[nodiscard]] bool may_serve(const node_id& id, worker_id who) const;

  /// Who is to serve a peer that has called nobody: a worker if there is one.
  /// The id of the peer names two, and the one with fewer peers is chosen.
  [[nodiscard]] worker_id choose(const node_id& id) const;

  /// How many peers a process serves.
  [[nodiscard]] std::size_t load(worker_id who) const;

private:
  // Whose calls are counted at once; beyond it all begin anew.
  static constexpr std::size_t max_callers = 4'096;

  struct process {
    std::size_t peers = 0;
    bool listens = true;
    bool leaving = false;
  };

  using claims = std::unordered_map<node_id, claim>;

  process* find_process(worker_id who);
  const process* find_process(worker_id who) const;
  std::size_t min_load() const;

  worker_id last_worker_ = coordinator;
  claim_id last_claim_ = 0;
  process own_;
  std::map<worker_id, process> workers_;
  claims claims_;
  // How often a peer was told to go on.
  std::unordered_map<node_id, std::size_t> callers_;
};

} // namespace node_proxy::internal
