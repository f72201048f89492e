// A lock for what several threads share in classes that know of no threads.

#pragma once

#include <atomic>

namespace node_proxy::internal {

/// Keeps others out for a few instructions. Who waits sleeps.
class atomic_lock {
public:
  void lock() noexcept {
    while (is_held_.test_and_set(std::memory_order_acquire))
      is_held_.wait(true, std::memory_order_relaxed);
  }

  void unlock() noexcept {
    is_held_.clear(std::memory_order_release);
    is_held_.notify_one();
  }

private:
  std::atomic_flag is_held_;
};

/// Has a lock as long as it is there.
class atomic_guard {
public:
  explicit atomic_guard(atomic_lock& x) noexcept : lock_(x) { lock_.lock(); }

  atomic_guard(const atomic_guard&) = delete;
  atomic_guard& operator=(const atomic_guard&) = delete;

  ~atomic_guard() { lock_.unlock(); }

private:
  atomic_lock& lock_;
};

} // namespace node_proxy::internal
