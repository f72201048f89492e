#include "link/allocations.hpp"

#include <atomic>
#include <cerrno>
#include <cstddef>

// The functions of the C library by their other names.
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
}

namespace bench {

namespace {

std::atomic<bool> counting = false;
std::atomic<std::uint64_t> count = 0;

void note_allocation() noexcept {
  if (counting.load(std::memory_order_relaxed))
    count.fetch_add(1, std::memory_order_relaxed);
}

} // namespace

std::uint64_t allocations() noexcept {
  return count;
}

void count_allocations() noexcept {
  counting = true;
}

} // namespace bench

// Take the place of those of the C library, also for shared libraries.
extern "C" {

void* malloc(std::size_t size) {
  bench::note_allocation();
  return __libc_malloc(size);
}

void* calloc(std::size_t count, std::size_t size) {
  bench::note_allocation();
  return __libc_calloc(count, size);
}

void* realloc(void* old, std::size_t size) {
  bench::note_allocation();
  return __libc_realloc(old, size);
}

void* memalign(std::size_t alignment, std::size_t size) {
  bench::note_allocation();
  return __libc_memalign(alignment, size);
}

void* aligned_alloc(std::size_t alignment, std::size_t size) {
  return memalign(alignment, size);
}

int posix_memalign(void** result, std::size_t alignment, std::size_t size) {
  auto* memory = memalign(alignment, size);
  if (memory == nullptr)
    return ENOMEM;
  *result = memory;
  return 0;
}

} // extern "C"
