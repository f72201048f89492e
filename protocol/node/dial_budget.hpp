// How many dials a node has under way, and which come next.

#pragma once

#include <array>
#include <cstddef>
#include <list>
#include <optional>
#include <set>
#include <unordered_map>

#include <node_proxy/messages/transport_address.hpp>
#include <node_proxy/protocol/node/dial_line.hpp>
#include <node_proxy/protocol/peer/standing.hpp>
#include <node_proxy/protocol/timestamp.hpp>

namespace node_proxy::internal {

/// The budget of a node for dials, all peers together. A dial is *under way*
/// until the peer has proven itself on what came of it, or that is closed. The
/// others wait, those of a higher standing in front, and nothing is said about
/// them meanwhile.
///
/// Whatever strangers name, a black hole more than anything else, keeps neither
/// others nor each other from their turn:
///
/// - they have a part of the budget;
/// - of all who name a host, or an IPv6 network, one is dialled at a time,
///   whatever the port, and these places take turns;
/// - one that has had its time without a connection gives way when others wait.
///
/// Time never runs backwards from call to call.
class dial_budget {
public:
  /// Strangers may have one of so many dials under way, and one in any case.
  static constexpr std::size_t strangers_part = 4;

  /// How long a dial of a stranger may go on without a connection while others
  /// wait. Whoever is there answers in less, unless a packet was lost.
  static constexpr duration stranger_time = std::chrono::seconds{1};

  /// @param max how many dials may be under way, at least 1.
  explicit dial_budget(std::size_t max);

  // -- events -----------------------------------------------------------------

  /// A dial of that number, which is new, waits from now on.
  void handle_wanted(dial_id id, const transport_address& to,
                     peer_standing standing);

  /// A dial under way has a connection.
  void handle_connected(dial_id id);

  /// A dial is over, or no longer wanted.
  void handle_end(dial_id id);

  // -- results ----------------------------------------------------------------

  /// The dial to begin now.
  [[nodiscard]] std::optional<dial_id> poll_begin(steady_time now);

  /// A dial under way that is to end as if nobody had answered.
  /// `handle_end` has to follow.
  [[nodiscard]] std::optional<dial_id> poll_overdue(steady_time now) const;

  /// When `poll_overdue` may have something.
  [[nodiscard]] std::optional<steady_time> poll_timeout() const;

  // -- state ------------------------------------------------------------------

  [[nodiscard]] std::size_t under_way() const { return under_way_; }

  /// How many of them are for strangers.
  [[nodiscard]] std::size_t for_strangers() const { return for_strangers_; }

  [[nodiscard]] std::size_t waiting() const {
    return entries_.size() - under_way_;
  }

private:
  struct begun {
    steady_time at{};
    dial_id id = 0;
  };

  struct entry {
    dial_place to;
    peer_standing standing;
    bool under_way = false;
    // Its place among those that may have to give way.
    std::optional<std::list<begun>::iterator> unanswered = {};
  };

  dial_line& line_of(peer_standing x) {
    return lines_[static_cast<std::size_t>(x)];
  }

  bool has_room_for(peer_standing x) const;
  void begin(dial_id id, steady_time now);
  void set_held(const dial_place& to, bool held);
  bool strangers_wait() const;

  std::size_t max_;
  std::size_t max_for_strangers_;
  std::unordered_map<dial_id, entry> entries_;
  std::array<dial_line, enum_names<peer_standing>.size()> lines_;
  // Where strangers are dialled.
  std::set<dial_place> held_;
  // Dials of strangers without a connection, the oldest one first.
  std::list<begun> unanswered_;
  std::size_t under_way_ = 0;
  std::size_t for_strangers_ = 0;
};

} // namespace node_proxy::internal
