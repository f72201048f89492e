// The peers that a worker serves, for the coordinator of its node.

#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>

#include <node_proxy/messages/identities.hpp>
#include <node_proxy/protocol/node/held_queue.hpp>
#include <node_proxy/protocol/node/peer_claims.hpp>

namespace node_proxy::internal {

/// A worker's half of `peer_claims`. Which way a message goes that somebody in
/// this process has for a peer: to the Node Proxy that is *here*, *away* to the
/// coordinator, or it is *held* until that is clear. It is never clear by the
/// time alone:
///
/// 1. The coordinator says `serve`. What was sent away before may be under way
///    to this worker, and must not be overtaken: so a *fence* is sent after it,
///    and what comes meanwhile is held until that has come back.
/// 2. When there is nothing to do about the peer the worker offers the
///    coordinator what it knows of it, with the number of orders that it has
///    handled. What comes meanwhile is held.
/// 3. The coordinator says `retire`: what was held goes away. Or an order comes
///    that was under way: the peer is served as before.
/// @tparam Held what is held.
template <class Held>
class worker_peers {
public:
  enum class way { here, held, away };

  /// What to tell the coordinator, see `peer_claims::handle_offer`.
  struct offer {
    claim_id number = 0;
    std::uint64_t handled = 0;
  };

  // -- events -----------------------------------------------------------------

  /// The coordinator says that this worker serves a peer. A fence is to be sent
  /// after all that was sent away.
  void handle_serve(const node_id& id, claim_id number) {
    peers_.try_emplace(id, entry{number});
  }

  /// An order about a peer.
  /// @returns whether it is served here by that claim.
  [[nodiscard]] bool handle_order(const node_id& id, claim_id number) {
    auto x = find(id, number);
    if (!x)
      return false;
    ++x->handled;
    if (x->present == stage::offered) {
      x->present = stage::serving;
      held_.handle_release(id);
    }
    return true;
  }

  /// The fence has come back; it was an order, too.
  void handle_fence(const node_id& id, claim_id number) {
    auto x = find(id, number);
    if (!x || x->present != stage::beginning)
      return;
    x->present = stage::serving;
    held_.handle_release(id);
  }

  /// Something for a peer whose way is `held`.
  /// @returns what there is no room for.
  [[nodiscard]] std::optional<Held> handle_held(const node_id& id, Held what,
                                                std::size_t size) {
    assert(way_to(id) == way::held);
    return held_.handle_held(id, std::move(what), size);
  }

  /// Nothing is under way with a peer here.
  /// @returns what to tell the coordinator, if it is to be told.
  [[nodiscard]] std::optional<offer> handle_rest(const node_id& id) {
    auto x = peers_.find(id);
    if (x == peers_.end() || x->second.present != stage::serving)
      return std::nullopt;
    x->second.present = stage::offered;
    return offer{x->second.number, x->second.handled};
  }

  /// The coordinator has got what was offered.
  /// @returns whether the peer is to be forgotten here.
  [[nodiscard]] bool handle_retire(const node_id& id, claim_id number) {
    auto x = find(id, number);
    if (!x || x->present != stage::offered)
      return false;
    forget(id);
    return true;
  }

  /// What served a peer here has ended.
  /// @returns the claim, which the coordinator is to be told of.
  [[nodiscard]] std::optional<claim_id> handle_failure(const node_id& id) {
    auto x = peers_.find(id);
    if (x == peers_.end())
      return std::nullopt;
    auto number = x->second.number;
    forget(id);
    return number;
  }

  // -- results ----------------------------------------------------------------

  /// What is held no more, in its order; `way_to` says where it goes. To be
  /// called after each event until it is empty.
  [[nodiscard]] std::optional<std::pair<node_id, Held>> poll_released() {
    return held_.poll_released();
  }

  // -- state ------------------------------------------------------------------

  [[nodiscard]] way way_to(const node_id& id) const {
    auto x = peers_.find(id);
    if (x == peers_.end())
      return way::away;
    return x->second.present == stage::serving ? way::here : way::held;
  }

  /// Whether the coordinator may have what is known of a peer already: nothing
  /// is to change that.
  [[nodiscard]] bool is_offered(const node_id& id) const {
    auto x = peers_.find(id);
    return x != peers_.end() && x->second.present == stage::offered;
  }

  [[nodiscard]] std::size_t size() const { return peers_.size(); }

private:
  enum class stage { beginning, serving, offered };

  struct entry {
    claim_id number = 0;
    stage present = stage::beginning;
    std::uint64_t handled = 0;
  };

  entry* find(const node_id& id, claim_id number) {
    auto x = peers_.find(id);
    return x != peers_.end() && x->second.number == number ? &x->second
                                                           : nullptr;
  }

  void forget(const node_id& id) {
    peers_.erase(id);
    held_.handle_release(id);
  }

  std::unordered_map<node_id, entry> peers_;
  held_queue<Held> held_;
};

} // namespace node_proxy::internal
