// Memory for frames, which peers lend to each other.

#pragma once

#include <utility>

#include <node_proxy/base/bytes.hpp>

namespace node_proxy::internal {

/// Keeps the buffer that was written last for whoever has something to send
/// next, while it is in the caches of the processor. Of peers that take turns
/// only one needs memory then.
class frame_memory {
public:
  /// A buffer without contents; without memory, too, if none was given back.
  [[nodiscard]] bytes take() { return std::exchange(spare_, {}); }

  /// Takes back the frames of a `transmit_frames` that were written.
  void give_back(bytes&& frames) {
    // Not for ever what one burst has taken.
    if (frames.size() < frames.capacity() / 4
        || frames.capacity() <= spare_.capacity())
      return;
    frames.clear();
    spare_ = std::move(frames);
  }

private:
  bytes spare_;
};

} // namespace node_proxy::internal
