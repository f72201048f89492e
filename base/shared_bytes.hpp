// Octets that many may hold without copying them.

#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include <node_proxy/base/block_allocator.hpp>
#include <node_proxy/base/bytes.hpp>

namespace node_proxy {

/// `ByteString` for the contents of messages: octets that nobody changes any
/// more, so that to copy them is to share them.
///
/// They may be a part of a larger buffer, and keep all of it in memory: whoever
/// stores a small part for long stores `shared_bytes{x.view()}`, a copy.
class shared_bytes {
public:
  shared_bytes() = default;

  /// Takes over `data`.
  shared_bytes(bytes data) {
    if (data.empty())
      return;
    auto owner = std::make_shared<const bytes>(std::move(data));
    view_ = *owner;
    owner_ = std::move(owner);
  }

  /// Copies `data`.
  explicit shared_bytes(bytes_view data) {
    if (data.empty())
      return;
    auto owner = std::allocate_shared_for_overwrite<std::byte[]>(
      block_allocator<std::byte>{}, data.size());
    std::memcpy(owner.get(), data.data(), data.size());
    view_ = {owner.get(), data.size()};
    owner_ = std::move(owner);
  }

  /// A part of what `owner` keeps.
  shared_bytes(std::shared_ptr<const void> owner, bytes_view data)
    : owner_(std::move(owner)), view_(data) {
    // nop
  }

  [[nodiscard]] bytes_view view() const noexcept { return view_; }
  [[nodiscard]] const std::byte* data() const noexcept { return view_.data(); }
  [[nodiscard]] std::size_t size() const noexcept { return view_.size(); }
  [[nodiscard]] bool empty() const noexcept { return view_.empty(); }
  [[nodiscard]] const std::byte* begin() const noexcept { return data(); }
  [[nodiscard]] const std::byte* end() const noexcept {
    return data() + size();
  }

  friend bool operator==(const shared_bytes& lhs, const shared_bytes& rhs) {
    return std::ranges::equal(lhs.view_, rhs.view_);
  }

private:
  std::shared_ptr<const void> owner_;
  bytes_view view_;
};

} // namespace node_proxy
