#include <node_proxy/protocol/wire/payload_arena.hpp>

#include <algorithm>
#include <cstring>
#include <utility>

namespace node_proxy::internal {

struct payload_arena::block {
  using memory = block_allocator<std::byte>;

  block(std::shared_ptr<std::atomic<std::size_t>> counter, std::size_t count)
    : held(std::move(counter)), size(count), data(memory{}.allocate(count)) {
    held->fetch_add(size, std::memory_order_relaxed);
  }

  block(const block&) = delete;
  block& operator=(const block&) = delete;

  ~block() {
    memory{}.deallocate(data, size);
    held->fetch_sub(size, std::memory_order_relaxed);
  }

  std::shared_ptr<std::atomic<std::size_t>> held;
  std::size_t size;
  std::byte* data;
};

shared_bytes payload_arena::copy(bytes_view data) {
  if (data.empty())
    return {};
  if (data.size() >= large_payload || !begin_block(data.size()))
    return shared_bytes{data};
  auto* to = block_->data + used_;
  std::memcpy(to, data.data(), data.size());
  used_ += data.size();
  return {block_, {to, data.size()}};
}

void payload_arena::trim() {
  block_.reset();
  next_size_ = min_block;
}

/// Makes sure that the present block has room for `size` bytes.
bool payload_arena::begin_block(std::size_t size) {
  if (block_ && used_ + size <= block_->size)
    return true;
  auto next = std::max(next_size_, size);
  if (held_->load(std::memory_order_relaxed) + next > max_held_)
    return false;
  block_ = std::make_shared<block>(held_, next);
  used_ = 0;
  next_size_ = std::min(2 * next_size_, max_block);
  return true;
}

} // namespace node_proxy::internal
