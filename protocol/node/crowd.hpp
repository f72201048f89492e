// Connections that share some places.

#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>

#include <node_proxy/protocol/ids.hpp>
#include <node_proxy/protocol/timestamp.hpp>

namespace node_proxy::internal {

/// Connections of many sources, who are to get the same. Where there are too
/// many, the source that has most of them loses its oldest; where they wait for
/// something, sources take turns. All of it costs O(log n).
template <class Source>
class crowd {
public:
  struct member {
    connection_id id = 0;
    steady_time since{};
  };

  /// @param places how many there should be at most.
  explicit crowd(std::size_t places) : places_{places} {}

  // -- events -----------------------------------------------------------------

  /// One more, which is in no crowd of its kind yet.
  /// @param burden of the source: those with less of it have their turns first.
  void add(connection_id id, const Source& source, steady_time now,
           std::size_t burden = 0) {
    auto number = ++last_number_;
    entries_.emplace(id, entry{source, number});
    change(source, [&](group& x) {
      x.members.emplace(number, member{id, now});
    });
    give_turn(source, {burden, groups_.at(source).next.number});
  }

  /// @returns whether it was there.
  bool remove(connection_id id) {
    auto gone = entries_.extract(id);
    if (gone.empty())
      return false;
    const auto& x = gone.mapped();
    change(x.source, [&x](group& of) { of.members.erase(x.number); });
    return true;
  }

  // -- results ----------------------------------------------------------------

  /// Takes out the oldest one of the source whose turn it is.
  std::optional<connection_id> poll_turn() {
    if (turns_.empty())
      return std::nullopt;
    auto [last, source] = *turns_.begin();
    // From now on all others that have no more of a burden come first.
    give_turn(source, {last.burden, ++last_turn_});
    auto id = groups_.at(source).members.begin()->second.id;
    remove(id);
    return id;
  }

  // -- state ------------------------------------------------------------------

  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] std::size_t places() const { return places_; }

  /// How many a source has.
  [[nodiscard]] std::size_t size_of(const Source& source) const {
    auto x = groups_.find(source);
    return x == groups_.end() ? 0 : x->second.members.size();
  }

  /// Who makes room before all others: of the source that has most, or of those
  /// that have, the one that came first.
  [[nodiscard]] std::optional<member> next_out() const {
    if (ranks_.empty())
      return std::nullopt;
    const auto& first = *ranks_.begin();
    return groups_.at(first.source).members.begin()->second;
  }

private:
  struct entry {
    Source source;
    std::uint64_t number = 0;
  };

  struct turn {
    std::size_t burden = 0;
    std::uint64_t number = 0;

    friend auto operator<=>(const turn&, const turn&) = default;
  };

  struct group {
    // In the order in which they came.
    std::map<std::uint64_t, member> members;
    turn next;
  };

  // In the order in which groups have to make room.
  struct rank {
    std::size_t size = 0;
    std::uint64_t oldest = 0;
    Source source;

    friend bool operator<(const rank& x, const rank& y) {
      return x.size != y.size ? x.size > y.size : x.oldest < y.oldest;
    }
  };

  static rank rank_of(const Source& source, const group& x) {
    return {x.members.size(), x.members.begin()->first, source};
  }

  template <class F>
  void change(const Source& source, F f) {
    auto [position, is_new] = groups_.try_emplace(source);
    auto& x = position->second;
    if (is_new)
      give_turn(source, {0, ++last_turn_});
    else
      ranks_.erase(rank_of(source, x));
    f(x);
    if (x.members.empty()) {
      turns_.erase(x.next);
      groups_.erase(position);
    } else {
      ranks_.insert(rank_of(source, x));
    }
  }

  void give_turn(const Source& source, turn next) {
    auto& x = groups_.at(source);
    turns_.erase(x.next);
    x.next = next;
    turns_.emplace(next, source);
  }

  std::size_t places_;
  std::unordered_map<connection_id, entry> entries_;
  std::map<Source, group> groups_;
  std::set<rank> ranks_;
  std::map<turn, Source> turns_;
  std::uint64_t last_number_ = 0;
  std::uint64_t last_turn_ = 0;
};

} // namespace node_proxy::internal
