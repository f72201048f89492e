// Memory for large messages.

#pragma once

#include <array>
#include <cstddef>

#include <node_proxy/base/atomic_lock.hpp>
#include <node_proxy/base/block_allocator.hpp>

namespace node_proxy::detail {

/// The large blocks that were given back last, in whatever thread, for whoever
/// needs one of that size next. They are few, and go from the thread that fills
/// them to that of an engine, so all threads share these.
class large_blocks {
public:
  /// How much is kept, in octets.
  static constexpr std::size_t max_kept = 32 * 1024 * 1024;

  large_blocks() = default;
  large_blocks(const large_blocks&) = delete;
  large_blocks& operator=(const large_blocks&) = delete;
  ~large_blocks();

  /// @returns null if there is none of that size.
  void* take(std::size_t size) noexcept;

  /// Takes over what `operator new` made. The oldest ones make way for it, back
  /// to the heap.
  void keep(void* block, std::size_t size) noexcept;

private:
  struct kept_block {
    void* data = nullptr;
    std::size_t size = 0;
  };

  // Each is larger than that.
  using kept_blocks = std::array<kept_block, max_kept / block_cache::max_block>;

  kept_block remove(std::size_t index) noexcept;

  internal::atomic_lock lock_; // for what follows
  // The oldest one first.
  kept_blocks blocks_{};
  std::size_t count_ = 0;
  std::size_t kept_ = 0;
};

} // namespace node_proxy::detail
