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
  /// A buffer that was much too large so often in a row goes back to the heap:
  /// what one burst has taken is not kept for ever, yet little between much
  /// does not cost a buffer each time.
  static constexpr int max_small_uses = 64;

  /// Moves what there is of frames, if it is in a smaller one, to the buffer
  /// that was given back last.
  void lend_to(bytes& frames) {
    if (spare_.capacity() <= frames.capacity())
      return;
    spare_.assign(frames.begin(), frames.end());
    frames = std::exchange(spare_, {});
  }

  /// Takes back the frames of a `transmit_frames` that were written.
  void give_back(bytes&& frames) {
    if (frames.capacity() <= spare_.capacity())
      return;
    auto is_small = frames.size() < frames.capacity() / 4;
    small_uses_ = is_small ? small_uses_ + 1 : 0;
    if (small_uses_ > max_small_uses) {
      small_uses_ = 0;
      return;
    }
    frames.clear();
    spare_ = std::move(frames);
  }

private:
  bytes spare_;
  int small_uses_ = 0;
};

} // namespace node_proxy::internal
