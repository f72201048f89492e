// Frame bodies that arrived together.

#pragma once

#include <cstddef>
#include <vector>

#include <node_proxy/messages/basics.hpp>

namespace node_proxy {

/// The bodies that one read from a socket completed, in order, in one buffer:
/// a message and two allocations for a whole read, however many frames it has.
class frame_batch {
public:
  /// Appends a copy of `body`.
  void add(bytes_view body) {
    data_.insert(data_.end(), body.begin(), body.end());
    ends_.push_back(data_.size());
  }

  /// Makes room for bodies of `octets` altogether.
  void reserve(std::size_t octets) { data_.reserve(octets); }

  /// How many bodies there are.
  [[nodiscard]] std::size_t size() const noexcept { return ends_.size(); }

  [[nodiscard]] bool empty() const noexcept { return ends_.empty(); }

  /// The body with that index, valid as long as the batch.
  [[nodiscard]] bytes_view operator[](std::size_t index) const noexcept {
    auto begin = index == 0 ? 0 : ends_[index - 1];
    return bytes_view{data_}.subspan(begin, ends_[index] - begin);
  }

private:
  bytes data_;
  // Where each body ends in `data_`.
  std::vector<std::size_t> ends_;
};

} // namespace node_proxy
