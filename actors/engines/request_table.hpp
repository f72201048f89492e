// Requests that have not been answered.

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include <node_proxy/base/fifo.hpp>

namespace node_proxy::internal {

/// Requests by their numbers. Mostly the oldest one is answered first; whatever
/// the order, and if one is never answered, at most a few more than twice those
/// that are open are held.
template <class Request>
class request_table {
public:
  /// `number` is larger than all before.
  void add(std::uint64_t number, Request request) {
    entries_.push_back({number, std::move(request)});
  }

  /// The request with this number, which is forgotten; nothing if it was taken
  /// before.
  [[nodiscard]] std::optional<Request> take(std::uint64_t number) {
    auto x = entries_.begin();
    if (x != entries_.end() && x->number != number)
      x = std::ranges::lower_bound(entries_, number, {}, &entry::number);
    if (x == entries_.end() || x->number != number || !x->request)
      return std::nullopt;
    auto result = std::exchange(x->request, std::nullopt);
    ++taken_;
    clean_up();
    return result;
  }

  /// All requests of which this is true, likewise.
  template <class F>
  [[nodiscard]] std::vector<Request> take_if(F f) {
    std::vector<Request> result;
    for (auto& x : entries_)
      if (x.request && f(*x.request)) {
        result.push_back(*std::exchange(x.request, std::nullopt));
        ++taken_;
      }
    clean_up();
    return result;
  }

  /// How many were not taken.
  [[nodiscard]] std::size_t open() const { return entries_.size() - taken_; }

  /// How many entries are held.
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

private:
  struct entry {
    std::uint64_t number = 0;
    std::optional<Request> request; // until it is taken
  };

  /// Below this many entries without a request a clean-up is not worth its
  /// cost.
  static constexpr std::size_t compaction_threshold = 64;

  /// At an amortized cost of O(1) for each request.
  void clean_up() {
    for (; !entries_.empty() && !entries_.front().request; --taken_)
      entries_.pop_front();
    if (taken_ > compaction_threshold && taken_ > entries_.size() / 2) {
      entries_.erase_if([](const entry& x) { return !x.request; });
      taken_ = 0;
    }
  }

  fifo<entry> entries_;
  std::size_t taken_ = 0; // of entries_
};

} // namespace node_proxy::internal
