// What somebody may have as long as he needs it.

#pragma once

#include <functional>
#include <utility>

namespace node_proxy::internal {

/// A permit, or none. It is given back with its owner, in whatever thread.
class permit {
public:
  permit() noexcept = default;

  /// @param give_back is called once, and may not throw.
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

} // namespace node_proxy::internal
