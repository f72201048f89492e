// Octets that are gathered first and shared then.

#pragma once

#include <cstring>
#include <memory>
#include <utility>

#include <node_proxy/base/block_allocator.hpp>
#include <node_proxy/base/bytes.hpp>

namespace node_proxy::internal {

/// A buffer whose memory others may share when it is complete. Unlike a vector
/// it never fills memory that is about to be written to.
class block_buffer {
public:
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] bytes_view view() const noexcept {
    return {data_.get(), size_};
  }

  /// Makes room for `capacity` octets in all.
  void reserve(std::size_t capacity) {
    if (capacity <= capacity_)
      return;
    auto data = std::allocate_shared_for_overwrite<std::byte[]>(
      block_allocator<std::byte>{}, capacity);
    copy(view(), data.get());
    data_ = std::move(data);
    capacity_ = capacity;
  }

  void append(bytes_view data) {
    reserve(size_ + data.size());
    copy(data, data_.get() + size_);
    size_ += data.size();
  }

  /// Keeps `view` valid. Nothing may be appended while anybody has that.
  [[nodiscard]] std::shared_ptr<const void> owner() const { return data_; }

private:
  static void copy(bytes_view from, std::byte* to) {
    if (!from.empty())
      std::memcpy(to, from.data(), from.size());
  }

  std::shared_ptr<std::byte[]> data_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

} // namespace node_proxy::internal
