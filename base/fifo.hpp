// A queue in one piece of memory.

#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>

#include <node_proxy/base/block_allocator.hpp>

namespace node_proxy::internal {

/// First in, first out, with access to all elements. Unlike a `std::deque` it
/// allocates nothing while as much goes out as comes in, and holds nothing
/// when it is new. Pushing and popping cost O(1), amortized.
template <class T>
class fifo {
public:
  [[nodiscard]] bool empty() const { return begin_ == items_.size(); }
  [[nodiscard]] std::size_t size() const { return items_.size() - begin_; }

  [[nodiscard]] T* begin() { return items_.data() + begin_; }
  [[nodiscard]] T* end() { return items_.data() + items_.size(); }
  [[nodiscard]] const T* begin() const { return items_.data() + begin_; }
  [[nodiscard]] const T* end() const { return items_.data() + items_.size(); }

  [[nodiscard]] T& operator[](std::size_t index) { return begin()[index]; }
  [[nodiscard]] T& front() { return *begin(); }
  [[nodiscard]] T& back() { return items_.back(); }
  [[nodiscard]] const T& front() const { return *begin(); }
  [[nodiscard]] const T& back() const { return items_.back(); }

  void push_back(const T& item) { emplace_back(item); }
  void push_back(T&& item) { emplace_back(std::move(item)); }

  template <class... Args>
  void emplace_back(Args&&... args) {
    if (items_.capacity() == 0)
      items_.reserve(usual_);
    // To close up moves no more than was popped since the last time.
    if (items_.size() == items_.capacity() && begin_ >= size())
      close_up();
    items_.emplace_back(std::forward<Args>(args)...);
  }

  /// Removes the first element and what it owns.
  void pop_front() { static_cast<void>(take_front()); }

  /// Removes the first element and returns it.
  T take_front() {
    T result = std::move(front());
    ++begin_;
    if (empty())
      clear();
    return result;
  }

  void clear() {
    items_.clear();
    begin_ = 0;
    auto bytes = items_.capacity() * sizeof(T);
    if (bytes < node_proxy::detail::block_cache::min_block)
      return;
    // Another queue of this thread is likely to need the block first, while it
    // is in the caches of the processor. A peak is not paid for ever.
    usual_ = bytes > kept_bytes ? 0 : items_.capacity();
    items_ = block_vector<T>{};
  }

  /// Gives back the memory of an empty one. To be called when there is little
  /// to do.
  void trim() {
    if (empty()) {
      items_ = block_vector<T>{};
      usual_ = 0;
    }
  }

  /// Removes all elements from `first` on.
  void erase_from(const T* first) {
    items_.erase(items_.begin() + (first - items_.data()), items_.end());
    if (empty())
      clear();
  }

  template <class Predicate>
  void erase_if(Predicate condition) {
    close_up();
    std::erase_if(items_, condition);
  }

private:
  static constexpr std::size_t kept_bytes = 1024 * 1024;

  void close_up() {
    items_.erase(items_.begin(),
                 items_.begin() + static_cast<std::ptrdiff_t>(begin_));
    begin_ = 0;
  }

  block_vector<T> items_;
  std::size_t begin_ = 0;
  // The capacity that it had when it ran empty.
  std::size_t usual_ = 0;
};

} // namespace node_proxy::internal
