// Who goes first when there are too many.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>

#include <node_proxy/messages/identities.hpp>
#include <node_proxy/protocol/wire/connection_source.hpp>

namespace node_proxy::internal {

/// Nodes in the order in which they have to go: those of the lowest rank first;
/// of these those of the source that has most of them, so that who has many
/// identities and few addresses loses his own; and of these the oldest one. All
/// of it costs O(log n).
class departure_order {
public:
  /// One more, the youngest. If it is there already it changes its place.
  void add(const node_id& id, std::size_t rank,
           const connection_source& source);

  /// @returns whether it was there.
  bool remove(const node_id& id);

  [[nodiscard]] std::size_t size() const { return entries_.size(); }

  [[nodiscard]] std::optional<std::size_t> rank_of(const node_id& id) const {
    auto x = entries_.find(id);
    return x != entries_.end() ? std::optional{x->second.rank} : std::nullopt;
  }

  /// The first one, if its rank is below `rank`.
  [[nodiscard]] std::optional<node_id> first_below(std::size_t rank) const;

  /// The first one of those that may go.
  [[nodiscard]] std::optional<node_id>
  first(const std::function<bool(const node_id&)>& may_go) const;

private:
  struct entry {
    std::size_t rank = 0;
    connection_source source;
    std::uint64_t number = 0;
  };

  // Those of a rank and a source, the oldest one first.
  using group = std::map<std::uint64_t, node_id>;

  // Groups by their rank, the largest one of a rank first.
  struct place {
    std::size_t rank = 0;
    std::size_t size = 0;
    connection_source source;

    friend bool operator<(const place& x, const place& y) {
      if (x.rank != y.rank)
        return x.rank < y.rank;
      return x.size != y.size ? x.size > y.size : x.source < y.source;
    }
  };

  template <class F>
  void change(const entry& x, F f);

  std::unordered_map<node_id, entry> entries_;
  std::map<std::pair<std::size_t, connection_source>, group> groups_;
  std::set<place> places_;
  std::uint64_t last_number_ = 0;
};

} // namespace node_proxy::internal
