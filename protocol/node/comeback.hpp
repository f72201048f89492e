// When to dial those whose connections were lost.

#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>

#include <node_proxy/base/fifo.hpp>
#include <node_proxy/messages/identities.hpp>
#include <node_proxy/protocol/crypto/random_source.hpp>
#include <node_proxy/protocol/timestamp.hpp>

namespace node_proxy::internal {

/// Knows the peers whose connections were lost, by this process or by an
/// earlier one, rather than ended: they may have something for this node, and
/// wait ever longer between their attempts. Since they all were lost for the
/// same reason, perhaps, the network of this host, there are two rules:
///
/// - Whoever is connected again shows that there is a way: all others are
///   dialled soon, though not in one moment. So they are when a process starts.
/// - While nobody at all is connected one of them is dialled from time to time,
///   in turn, to find out. What a peer that cannot be reached costs does not
///   grow with their number.
class comeback {
public:
  /// When the network is back at most so many are dialled, spread over
  /// `dial_time`.
  static constexpr std::size_t max_dials = 256;
  static constexpr duration dial_time = std::chrono::seconds{1};

  /// The least time from one such round to the next.
  static constexpr duration way_back_interval = std::chrono::seconds{1};

  /// How often one is dialled while nobody is connected, on average: each time
  /// is drawn evenly from half of it up to half as much again.
  static constexpr duration probe_interval = std::chrono::seconds{2};

  /// For how long after the last loss, or the start. Then it takes somebody to
  /// come, or to be wanted.
  static constexpr duration probe_time = std::chrono::hours{1};

  explicit comeback(random_source random) : random_(std::move(random)) {}

  // -- events -----------------------------------------------------------------

  /// The connection of an earlier process was lost with it.
  void handle_stored(const node_id& id) { lost_.insert(id); }

  /// A connection was lost.
  void handle_lost(const node_id& id, steady_time now);

  /// The last connection has ended, in whichever way.
  void handle_alone(steady_time now);

  /// There is no way back to a peer, or nothing to come back for.
  void handle_forgotten(const node_id& id) { lost_.erase(id); }

  /// The node begins to dial.
  void handle_start(steady_time now);

  /// A peer is connected.
  /// @param alone nobody else is.
  void handle_connected(const node_id& id, bool alone, steady_time now);

  void handle_timeout(steady_time now);

  // -- results ----------------------------------------------------------------

  /// A peer to dial now.
  [[nodiscard]] std::optional<node_id> poll_dial();

  /// Whether those that are dialled anyhow are not to wait any longer.
  [[nodiscard]] bool poll_way_back();

  /// When to call `handle_timeout`.
  [[nodiscard]] std::optional<steady_time> poll_timeout() const;

private:
  void plan_dials(steady_time now);
  void plan_probe(steady_time now);
  void probe(steady_time now);
  node_id next_in_turn();

  random_source random_;
  std::set<node_id> lost_;
  // Whose turn was the last one.
  node_id last_;
  std::multimap<steady_time, node_id> planned_;
  std::optional<steady_time> next_probe_;
  steady_time probe_until_{};
  // Before that they are not dialled all again.
  steady_time next_way_back_{};
  bool way_back_ = false;
  fifo<node_id> dials_;
};

} // namespace node_proxy::internal
