#include <node_proxy/base/large_blocks.hpp>

#include <algorithm>
#include <cassert>
#include <new>

namespace node_proxy::detail {

namespace {

/// Those of this process. They are never destroyed: some message may end last.
large_blocks& blocks_of_process() {
  static auto& result = *new large_blocks;
  return result;
}

} // namespace

void* take_large_block(std::size_t size) {
  auto result = blocks_of_process().take(size);
  return result == nullptr ? ::operator new(size) : result;
}

void give_back_large_block(void* block, std::size_t size) noexcept {
  blocks_of_process().keep(block, size);
}

large_blocks::~large_blocks() {
  while (count_ > 0)
    ::operator delete(remove(0).data);
}

void* large_blocks::take(std::size_t size) noexcept {
  internal::atomic_guard guard{lock_};
  for (auto i = count_; i-- > 0;)
    if (blocks_[i].size == size)
      return remove(i).data;
  return nullptr;
}

void large_blocks::keep(void* block, std::size_t size) noexcept {
  assert(size > block_cache::max_block && size <= max_large_block);
  kept_blocks old;
  std::size_t old_count = 0;
  {
    internal::atomic_guard guard{lock_};
    while (kept_ + size > max_kept)
      old[old_count++] = remove(0);
    blocks_[count_++] = {block, size};
    kept_ += size;
  }
  // That takes long: the operating system gets it.
  for (std::size_t i = 0; i < old_count; ++i)
    ::operator delete(old[i].data);
}

large_blocks::kept_block large_blocks::remove(std::size_t index) noexcept {
  auto result = blocks_[index];
  std::copy(&blocks_[index] + 1, blocks_.data() + count_, &blocks_[index]);
  --count_;
  kept_ -= result.size;
  return result;
}

} // namespace node_proxy::detail
