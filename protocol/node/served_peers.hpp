// The peers that a node serves, and how many of them are what.

#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>

#include <node_proxy/base/fifo.hpp>
#include <node_proxy/messages/identities.hpp>
#include <node_proxy/protocol/node/departure_order.hpp>
#include <node_proxy/protocol/peer/standing.hpp>
#include <node_proxy/protocol/timestamp.hpp>
#include <node_proxy/protocol/wire/connection_source.hpp>

namespace node_proxy::internal {

/// Those that have a Node Proxy, see `peer_directory`. Who is *here* is
/// connected, or has come and will be soon, and was not displaced since. Time
/// never runs backwards from call to call. What is said of a peer that is not
/// served has no effect.
class served_peers {
public:
  struct entry {
    std::uint64_t epoch = 0;
    bool connected = false;
    /// It has come, and is connected until then, or will not be.
    std::optional<steady_time> arriving_until = {};
    peer_standing standing = peer_standing::guest;
    /// Its place is for another one: it is about to leave.
    bool displaced = false;
    /// What it does is not reported to operators.
    bool unreported = false;
    /// Where it has called from last.
    connection_source source = {};

    [[nodiscard]] bool is_here() const {
      return !displaced && (connected || arriving_until);
    }

    [[nodiscard]] bool is_guest() const {
      return standing == peer_standing::guest;
    }

    [[nodiscard]] bool is_gone_guest() const {
      return is_guest() && !is_here();
    }
  };

  // -- events -----------------------------------------------------------------

  void add(const node_id& id, std::uint64_t epoch, peer_standing standing);

  /// @returns whether it was served.
  bool remove(const node_id& id);

  /// It has come, and is here until then even if it is not connected. That is
  /// never earlier than for those who came before.
  void handle_arrival(const node_id& id, const connection_source& source,
                      steady_time until);

  void handle_connected(const node_id& id);
  void handle_disconnected(const node_id& id);

  /// Its place is for another one.
  void handle_displacement(const node_id& id);

  void set_unreported(const node_id& id, bool unreported) {
    change(id, [unreported](entry& x) { x.unreported = unreported; });
  }

  /// @returns whether it was served, with another one.
  bool set_standing(const node_id& id, peer_standing standing);

  /// Those are no longer here that are not connected after all: their
  /// connection broke, or another one of the same peer was kept.
  void handle_timeout(steady_time now);

  // -- results ----------------------------------------------------------------

  [[nodiscard]] std::optional<steady_time> poll_timeout() const;

  // -- state ------------------------------------------------------------------

  [[nodiscard]] const entry* find(const node_id& id) const;

  [[nodiscard]] const std::unordered_map<node_id, entry>& all() const {
    return entries_;
  }

  /// Who of those that are here makes room for a peer of this standing, if
  /// anybody.
  [[nodiscard]] std::optional<node_id>
  lowest_below(peer_standing standing) const {
    return here_.first_below(static_cast<std::size_t>(standing));
  }

  [[nodiscard]] std::size_t connected() const { return count_.connected; }
  [[nodiscard]] std::size_t here() const { return here_.size(); }
  [[nodiscard]] std::size_t guests() const { return count_.guests; }
  [[nodiscard]] std::size_t guests_here() const { return count_.guests_here; }

  /// Guests that are not here and came from there.
  [[nodiscard]] std::size_t gone_guests(const connection_source& from) const;

  /// All of them, but of one source no more than `share`.
  [[nodiscard]] std::size_t gone_guests(std::size_t share) const;

private:
  struct census {
    std::size_t connected = 0;
    std::size_t guests = 0;
    std::size_t guests_here = 0;

    void add(const entry& x);
    void remove(const entry& x);
  };

  template <class F>
  void change(const node_id& id, F f) {
    auto x = entries_.find(id);
    if (x == entries_.end())
      return;
    count_out(x->second);
    f(x->second);
    count_in(x->second);
    update_place(id, x->second);
  }

  void count_in(const entry& x);
  void count_out(const entry& x);

  void update_place(const node_id& id, const entry& x);

  std::unordered_map<node_id, entry> entries_;
  census count_;
  std::map<connection_source, std::size_t> gone_guests_;
  departure_order here_;
  // Until when they may arrive, the first one first.
  fifo<std::pair<steady_time, node_id>> arrivals_;
};

} // namespace node_proxy::internal
