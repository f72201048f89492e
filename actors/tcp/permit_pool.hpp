// How many may have something at once.

#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace node_proxy::internal {

/// A permit, such as one of a `permit_pool`, or none. It is given back with its
/// owner, in whatever thread.
class permit {
public:
  permit() noexcept = default;

  explicit permit(std::function<void()> give_back)
    : give_back_{std::move(give_back)} {}

  permit(permit&& other) noexcept
    : give_back_{std::exchange(other.give_back_, nullptr)} {}

  permit& operator=(permit&& other) noexcept {
    permit old{std::move(*this)};
    give_back_ = std::exchange(other.give_back_, nullptr);
    return *this;
  }

  ~permit() {
    if (give_back_)
      give_back_();
  }

private:
  std::function<void()> give_back_;
};

/// A number of permits. One thread takes them; they can be given back even if
/// the pool is gone.
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
    return permit{[free = free_] {
      free->fetch_add(1, std::memory_order_relaxed);
    }};
  }

private:
  std::shared_ptr<std::atomic<std::size_t>> free_;
};

} // namespace node_proxy::internal
