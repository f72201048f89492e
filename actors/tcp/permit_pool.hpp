// How many may have something at once.

#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

namespace node_proxy::internal {

/// One of the permits of a `permit_pool`, or none. It is given back with its
/// owner, in whatever thread, and even if the pool is gone.
class permit {
public:
  permit() noexcept = default;

  permit(permit&& other) noexcept = default;

  permit& operator=(permit&& other) noexcept {
    permit old{std::move(*this)};
    free_ = std::move(other.free_);
    return *this;
  }

  ~permit() {
    if (free_)
      free_->fetch_add(1, std::memory_order_relaxed);
  }

private:
  friend class permit_pool;

  explicit permit(std::shared_ptr<std::atomic<std::size_t>> free) noexcept
    : free_{std::move(free)} {}

  // How many the pool has left.
  std::shared_ptr<std::atomic<std::size_t>> free_;
};

/// A number of permits. One thread takes them.
class permit_pool {
public:
  explicit permit_pool(std::size_t size = 0)
    : free_{std::make_shared<std::atomic<std::size_t>>(size)} {}

  /// @returns nothing if none is left.
  [[nodiscard]] std::optional<permit> acquire() {
    // Elsewhere they are only given back: none can get lost in between.
    if (free_->load(std::memory_order_relaxed) == 0)
      return std::nullopt;
    free_->fetch_sub(1, std::memory_order_relaxed);
    return permit{free_};
  }

private:
  std::shared_ptr<std::atomic<std::size_t>> free_;
};

} // namespace node_proxy::internal
