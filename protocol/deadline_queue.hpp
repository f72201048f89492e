// Which of many things is due next.

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

namespace node_proxy {

/// Keys by deadline. Adding and taking out cost O(log n). A key that is no
/// longer of interest stays until its deadline or until `compact`.
template <class Time>
class deadline_queue {
public:
  void add(Time deadline, std::uint64_t key) {
    heap_.emplace_back(deadline, key);
    std::ranges::push_heap(heap_, std::greater{});
  }

  /// Takes out one key whose deadline is `now` or earlier.
  std::optional<std::uint64_t> poll_due(Time now) {
    if (heap_.empty() || heap_.front().first > now)
      return std::nullopt;
    std::ranges::pop_heap(heap_, std::greater{});
    auto key = heap_.back().second;
    heap_.pop_back();
    return key;
  }

  /// The earliest deadline, of whatever key.
  [[nodiscard]] std::optional<Time> next() const {
    if (heap_.empty())
      return std::nullopt;
    return heap_.front().first;
  }

  [[nodiscard]] std::size_t size() const { return heap_.size(); }

  /// Drops all keys for which `is_live` is false, in O(n).
  template <class Predicate>
  void compact(Predicate is_live) {
    std::erase_if(heap_, [&](const auto& x) { return !is_live(x.second); });
    std::ranges::make_heap(heap_, std::greater{});
  }

private:
  std::vector<std::pair<Time, std::uint64_t>> heap_;
};

} // namespace node_proxy
