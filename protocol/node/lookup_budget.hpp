// How many names a node looks up at once, and which come next.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>

#include <node_proxy/messages/field.hpp>
#include <node_proxy/protocol/peer/standing.hpp>

namespace node_proxy::internal {

/// Names a lookup among all of a node.
using lookup_id = std::uint64_t;

/// The budget of a node for lookups of names, all peers together. A lookup that
/// is under way cannot be stopped, and may take as long as whoever answers for
/// the name likes: it counts until it is over, wanted or not. The others wait,
/// those of a higher standing in front. Strangers, who choose what names they
/// tell, have a part of it and never the rest.
class lookup_budget {
public:
  /// How many are under way: each has a thread.
  static constexpr std::size_t max = 8;
  static constexpr std::size_t max_for_strangers = 2;

  /// How many of one standing wait.
  static constexpr std::size_t max_waiting = 1'000;

  // -- events -----------------------------------------------------------------

  /// A lookup of that number, which is new, waits from now on.
  /// @returns false if too many do: then it does not.
  [[nodiscard]] bool handle_wanted(lookup_id id, peer_standing standing);

  /// Nobody waits for it any more. If it is under way, it still counts.
  void handle_unwanted(lookup_id id);

  /// A lookup under way is over.
  void handle_end(lookup_id id);

  // -- results ----------------------------------------------------------------

  /// The lookup to begin now.
  [[nodiscard]] std::optional<lookup_id> poll_begin();

  // -- state ------------------------------------------------------------------

  [[nodiscard]] std::size_t under_way() const { return under_way_.size(); }

private:
  bool has_room_for(peer_standing x) const;

  std::array<std::deque<lookup_id>, enum_names<peer_standing>.size()> waiting_;
  std::unordered_map<lookup_id, peer_standing> under_way_;
  std::size_t for_strangers_ = 0;
};

} // namespace node_proxy::internal
