// Memory for the payloads of messages.

#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

#include <node_proxy/base/shared_bytes.hpp>

namespace node_proxy::internal {

/// Copies small payloads next to each other into blocks that they share: one
/// allocation for many messages. A block lives as long as any of its payloads.
///
/// Somebody who keeps one payload of each block would keep far more memory than
/// it seems. So beyond a bound on the blocks that live, every payload gets
/// memory of its own.
class payload_arena {
public:
  /// Payloads from this size on are worth an allocation.
  static constexpr std::size_t large_payload = 4 * 1024;

  /// At most `max_held` bytes of blocks live at once.
  explicit payload_arena(std::size_t max_held) : max_held_(max_held) {}

  void set_max_held(std::size_t max_held) { max_held_ = max_held; }

  /// A copy of `data`, which may be released by any thread.
  [[nodiscard]] shared_bytes copy(bytes_view data);

  /// Gives back what no payload uses. To be called when messages are rare.
  void trim();

private:
  struct block;

  bool begin_block(std::size_t size);

  std::size_t max_held_;
  std::size_t next_size_ = min_block;
  std::shared_ptr<block> block_;
  std::size_t used_ = 0; // of block_
  // Outlives the arena in the blocks.
  std::shared_ptr<std::atomic<std::size_t>> held_ =
    std::make_shared<std::atomic<std::size_t>>(0);

  // Blocks grow while there are many messages.
  static constexpr std::size_t min_block = 1024;
  static constexpr std::size_t max_block = 32 * 1024;
};

} // namespace node_proxy::internal
