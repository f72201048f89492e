// What waits until it is clear where it goes.

#pragma once

#include <cstddef>
#include <optional>
#include <unordered_map>
#include <utility>

#include <node_proxy/base/fifo.hpp>
#include <node_proxy/messages/identities.hpp>

namespace node_proxy::internal {

/// What somebody in one process of a node has for peers whom no process serves
/// for certain: it is held, in its order for each peer, until it is released.
/// @tparam Held what is held.
template <class Held>
class held_queue {
public:
  /// How much may be held for all peers together.
  static constexpr std::size_t max_items = 65'536;
  static constexpr std::size_t max_bytes = 64 * 1024 * 1024;

  struct item {
    Held what;
    std::size_t size = 0;
  };

  /// @returns what there is no room for.
  [[nodiscard]] std::optional<Held> handle_held(const node_id& id, Held what,
                                                std::size_t size) {
    if (items_ >= max_items || bytes_ >= max_bytes)
      return std::optional<Held>{std::move(what)};
    ++items_;
    bytes_ += size;
    held_[id].push_back({std::move(what), size});
    return std::nullopt;
  }

  /// What is held for a peer goes its way.
  void handle_release(const node_id& id) {
    auto x = held_.extract(id);
    if (x.empty())
      return;
    while (!x.mapped().empty())
      released_.push_back({id, x.mapped().take_front()});
  }

  /// What is held no more, in its order. To be called until it is empty.
  [[nodiscard]] std::optional<std::pair<node_id, Held>> poll_released() {
    if (released_.empty())
      return std::nullopt;
    auto [id, x] = released_.take_front();
    --items_;
    bytes_ -= x.size;
    return std::pair<node_id, Held>{id, std::move(x.what)};
  }

  /// What is held for a peer, if anything.
  [[nodiscard]] const fifo<item>* find(const node_id& id) const {
    auto x = held_.find(id);
    return x != held_.end() ? &x->second : nullptr;
  }

private:
  std::unordered_map<node_id, fifo<item>> held_;
  fifo<std::pair<node_id, item>> released_;
  // With those that are released.
  std::size_t items_ = 0;
  std::size_t bytes_ = 0;
};

} // namespace node_proxy::internal
