// What this process has of the heap.

#pragma once

#include <cstddef>

#include <malloc.h>

namespace test {

/// In bytes, blocks of their own included.
inline std::size_t heap_use() {
  auto all = ::mallinfo2();
  return all.uordblks + all.hblkhd;
}

/// The heap of a sanitizer does not tell.
inline bool has_mute_heap() {
  return heap_use() == 0;
}

} // namespace test
