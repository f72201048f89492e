// Dials that wait, and whose turn it is.

#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include <node_proxy/protocol/wire/connection_source.hpp>

namespace node_proxy::internal {

/// Names a dial among all of a node.
using dial_id = std::uint64_t;

/// Where a dial goes, as far as nobody easily has many of it.
using dial_place = connection_source;

/// Places take turns, however many dials wait for each; dials to one place are
/// in the order of their numbers. A place may be *held*: its turn does not come
/// then. What a call takes grows with the logarithm of how many wait.
class dial_line {
public:
  // -- events -----------------------------------------------------------------

  /// @param held whether the place is held now.
  void handle_wanted(dial_id id, const dial_place& to, bool held) {
    auto& x = sites_[to];
    x.waiting.insert(id);
    ++size_;
    if (!held)
      queue(x, to);
  }

  /// A dial that waits is no longer wanted.
  void handle_unwanted(dial_id id, const dial_place& to) {
    auto position = sites_.find(to);
    if (position == sites_.end())
      return;
    size_ -= position->second.waiting.erase(id);
    if (position->second.waiting.empty())
      remove(position);
  }

  void handle_held(const dial_place& to) {
    if (auto position = sites_.find(to); position != sites_.end())
      unqueue(position->second);
  }

  void handle_released(const dial_place& to) {
    if (auto position = sites_.find(to); position != sites_.end())
      queue(position->second, to);
  }

  // -- results ----------------------------------------------------------------

  /// The next dial, which waits no more.
  [[nodiscard]] std::optional<dial_id> poll() {
    if (turns_.empty())
      return std::nullopt;
    auto position = sites_.find(turns_.front());
    auto& x = position->second;
    auto result = *x.waiting.begin();
    x.waiting.erase(x.waiting.begin());
    --size_;
    unqueue(x);
    if (x.waiting.empty())
      remove(position);
    else
      queue(x, position->first);
    return result;
  }

  // -- state ------------------------------------------------------------------

  /// Whether there is a next dial.
  [[nodiscard]] bool has_next() const { return !turns_.empty(); }

  /// How many wait.
  [[nodiscard]] std::size_t size() const { return size_; }

private:
  struct site {
    std::set<dial_id> waiting = {};
    std::optional<std::list<dial_place>::iterator> turn = {};
  };

  using sites = std::map<dial_place, site>;

  void queue(site& x, const dial_place& to) {
    if (!x.turn)
      x.turn = turns_.insert(turns_.end(), to);
  }

  void unqueue(site& x) {
    if (auto turn = std::exchange(x.turn, std::nullopt))
      turns_.erase(*turn);
  }

  void remove(sites::iterator position) {
    unqueue(position->second);
    sites_.erase(position);
  }

  sites sites_;
  std::list<dial_place> turns_;
  std::size_t size_ = 0;
};

} // namespace node_proxy::internal
