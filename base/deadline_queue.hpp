// Which of many things is due next.

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace node_proxy::internal {

/// Ascending keys by deadline. Adding and taking out cost O(log n); consecutive
/// keys with the same deadline count as one. A key that is no longer of
/// interest stays until its deadline or until `forget_unless`.
template <class Time>
class deadline_queue {
public:
  /// `key` is larger than all before.
  void add(Time deadline, std::uint64_t key) {
    if (!last_.empty() && last_.deadline == deadline && last_.end == key) {
      ++last_.end;
      return;
    }
    if (!last_.empty())
      push(last_);
    last_ = {deadline, key, key + 1};
  }

  /// Takes out one key whose deadline is `now` or earlier.
  std::optional<std::uint64_t> poll_due(Time now) {
    auto at = next();
    if (!at || *at > now)
      return std::nullopt;
    if (heap_.empty() || heap_.front().deadline > *at)
      return last_.begin++;
    auto key = heap_.front().begin++;
    if (heap_.front().empty()) {
      std::ranges::pop_heap(heap_, std::greater{}, &range::deadline);
      heap_.pop_back();
    }
    return key;
  }

  /// The earliest deadline, of whatever key.
  [[nodiscard]] std::optional<Time> next() const {
    if (heap_.empty())
      return last_.empty() ? std::nullopt : std::optional{last_.deadline};
    auto result = heap_.front().deadline;
    return last_.empty() ? result : std::min(result, last_.deadline);
  }

  /// How many there are to look at.
  [[nodiscard]] std::size_t size() const { return heap_.size(); }

  /// Drops keys with one deadline of which none is of interest, as
  /// `has_any(begin, end)` tells of the keys from `begin` up to but without
  /// `end`. It is asked O(n) times.
  template <class F>
  void forget_unless(F has_any) {
    std::erase_if(heap_,
                  [&](const range& x) { return !has_any(x.begin, x.end); });
    std::ranges::make_heap(heap_, std::greater{}, &range::deadline);
    if (!last_.empty() && !has_any(last_.begin, last_.end))
      last_ = {};
  }

private:
  struct range {
    Time deadline{};
    std::uint64_t begin = 0;
    std::uint64_t end = 0;

    [[nodiscard]] bool empty() const { return begin == end; }
  };

  void push(const range& x) {
    heap_.push_back(x);
    std::ranges::push_heap(heap_, std::greater{}, &range::deadline);
  }

  std::vector<range> heap_;
  range last_; // may still grow
};

} // namespace node_proxy::internal
