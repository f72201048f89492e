// How the memory for messages that wait is shared by the engines that they are
// for.

#pragma once

#include <algorithm>
#include <cstddef>

namespace node_proxy::internal {

/// What is for one engine may take as much as is free beside it, so that what
/// one that stands still was sent leaves room for others; and a part that it
/// has for itself.
class outbox_shares {
public:
  /// @param bytes what all may take, but for their own parts.
  explicit constexpr outbox_shares(std::size_t bytes) : bytes_(bytes) {}

  /// Whether a message of `size` bytes finds room.
  /// @param all what is taken for all engines.
  /// @param own what is taken for the engine that it is for.
  [[nodiscard]] constexpr bool has_room(std::size_t all, std::size_t own,
                                        std::size_t size) const {
    auto free = bytes_ - std::min(bytes_, all + size);
    return size <= max_size() && own + size <= std::max(free, bytes_ / parts);
  }

  /// The size beyond which a message never finds room.
  [[nodiscard]] constexpr std::size_t max_size() const { return bytes_ / 2; }

private:
  static constexpr std::size_t parts = 128;

  std::size_t bytes_;
};

} // namespace node_proxy::internal
