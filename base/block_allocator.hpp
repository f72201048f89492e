// Memory for payloads and for queues of messages.

#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <new>
#include <utility>
#include <vector>

#include <node_proxy/base/export.hpp>

namespace node_proxy {

namespace detail {

/// What is really taken for a block of `size`: there are four sizes for each
/// power of two.
constexpr std::size_t block_size(std::size_t size) {
  auto step = std::bit_ceil(size) / 8;
  return (size + step - 1) / step * step;
}

/// Numbers those sizes.
constexpr std::size_t block_index(std::size_t size) {
  auto step = std::bit_ceil(size) / 8;
  return (std::bit_width(step) - 1) * 4 + size / step - 5;
}

/// Blocks that were given back in this thread, for whoever needs one of that
/// size next.
class block_cache {
public:
  // Smaller ones are what the heap is good at, larger ones are few.
  static constexpr std::size_t min_block = 4 * 1024;
  static constexpr std::size_t max_block = 2 * 1024 * 1024;

  block_cache() = default;
  block_cache(const block_cache&) = delete;
  block_cache& operator=(const block_cache&) = delete;

  ~block_cache() {
    for (auto& list : free_)
      while (list != nullptr)
        ::operator delete(std::exchange(list, list->next));
    is_gone() = true;
  }

  /// That of this thread; null when the thread is about to end.
  static block_cache* here() {
    static thread_local block_cache cache;
    return is_gone() ? nullptr : &cache;
  }

  /// @param size a `block_size`.
  /// @returns null if there is none.
  void* take(std::size_t size) noexcept {
    auto& list = free_[block_index(size)];
    if (list == nullptr)
      return nullptr;
    kept_ -= size;
    return std::exchange(list, list->next);
  }

  /// @returns whether it is kept.
  bool keep(void* block, std::size_t size) noexcept {
    if (kept_ + size > max_kept)
      return false;
    auto& list = free_[block_index(size)];
    list = new (block) free_block{list};
    kept_ += size;
    return true;
  }

private:
  struct free_block {
    free_block* next;
  };

  static constexpr std::size_t max_kept = 8 * 1024 * 1024;

  static bool& is_gone() {
    static thread_local bool gone = false;
    return gone;
  }

  std::array<free_block*, block_index(max_block) + 1> free_{};
  std::size_t kept_ = 0;
};

/// Blocks that are larger than those of a `block_cache`, up to this size. All
/// threads share the few that are kept.
inline constexpr std::size_t max_large_block = 20 * 1024 * 1024;

/// @param size a `block_size`.
NODE_PROXY_EXPORT void* take_large_block(std::size_t size);

/// @param size as it was taken.
NODE_PROXY_EXPORT void give_back_large_block(void* block,
                                             std::size_t size) noexcept;

/// @param size a `block_size`.
inline void* take_block(std::size_t size) {
  if (size > block_cache::max_block)
    return take_large_block(size);
  auto here = block_cache::here();
  auto result = here == nullptr ? nullptr : here->take(size);
  return result == nullptr ? ::operator new(size) : result;
}

/// @param size as it was taken.
inline void give_back_block(void* block, std::size_t size) noexcept {
  if (size > block_cache::max_block) {
    give_back_large_block(block, size);
    return;
  }
  auto here = block_cache::here();
  if (here == nullptr || !here->keep(block, size))
    ::operator delete(block);
}

} // namespace detail

/// An allocator (in the sense of the standard library) for buffers that come
/// and go at a high rate. Each thread keeps up to 8 MiB of what it gave back,
/// and the process up to 32 MiB of larger blocks. The heap returns large ones
/// to the operating system, which has to fill them with zeros, page by page,
/// when they are needed again a moment later.
template <class T>
class block_allocator {
public:
  using value_type = T;

  block_allocator() = default;

  template <class U>
  block_allocator(const block_allocator<U>&) noexcept {}

  [[nodiscard]] T* allocate(std::size_t count) {
    auto size = count * sizeof(T);
    return static_cast<T*>(is_block(size)
                             ? detail::take_block(detail::block_size(size))
                             : ::operator new(size));
  }

  void deallocate(T* data, std::size_t count) noexcept {
    auto size = count * sizeof(T);
    if (is_block(size))
      detail::give_back_block(data, detail::block_size(size));
    else
      ::operator delete(data);
  }

  template <class U>
  friend bool operator==(block_allocator, block_allocator<U>) noexcept {
    return true;
  }

private:
  static constexpr bool is_block(std::size_t size) {
    return size >= detail::block_cache::min_block
           && size <= detail::max_large_block;
  }
};

/// A vector of that kind.
template <class T>
using block_vector = std::vector<T, block_allocator<T>>;

} // namespace node_proxy
