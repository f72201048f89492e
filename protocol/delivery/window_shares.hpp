// How the memory for the messages of a peer is shared by its channels.

#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

namespace node_proxy::internal {

/// Memory that all peers of a node share. May be used in several threads.
class receive_budget {
public:
  explicit receive_budget(std::uint64_t bytes)
    : free_(static_cast<std::int64_t>(bytes)) {}

  /// @returns whether there is so much.
  [[nodiscard]] bool take(std::uint64_t bytes) {
    auto wanted = static_cast<std::int64_t>(bytes);
    auto free = free_.load(std::memory_order_relaxed);
    while (free >= wanted)
      if (free_.compare_exchange_weak(free, free - wanted,
                                      std::memory_order_relaxed))
        return true;
    return false;
  }

  /// The same, whether there is so much or not.
  void take_anyway(std::uint64_t bytes) {
    free_.fetch_sub(static_cast<std::int64_t>(bytes),
                    std::memory_order_relaxed);
  }

  void give(std::uint64_t bytes) {
    free_.fetch_add(static_cast<std::int64_t>(bytes),
                    std::memory_order_relaxed);
  }

  [[nodiscard]] std::int64_t free() const {
    return free_.load(std::memory_order_relaxed);
  }

private:
  // Below 0 while more is taken than there is.
  std::atomic<std::int64_t> free_;
};

/// Decides on the windows of all channels of a peer.
///
/// Each channel has a window of its own, which nobody can take from it. What is
/// shared goes to channels whose engines take messages: a channel may have as
/// much of it as is free beside it ("dynamic thresholds", Choudhury and Hahne
/// 1998), so one that stands still with all that it got leaves half, and the
/// next one half of that. A message that is longer than all this has a part of
/// its own.
class window_shares {
public:
  /// In bytes, see `peer_settings`.
  struct sizes {
    std::uint64_t own = 0;
    std::uint64_t shared = 0;
    std::uint64_t large = 0;
  };

  /// What a channel has beside its own window.
  struct share {
    std::uint64_t extra = 0;
    /// For its present message.
    std::uint64_t large = 0;
    /// What its engine has taken since the window grew last.
    std::uint64_t moved = 0;
  };

  window_shares(const sizes& all, std::shared_ptr<receive_budget> budget)
    : all_(all), budget_(std::move(budget)) {}

  window_shares(const window_shares&) = delete;
  window_shares& operator=(const window_shares&) = delete;

  ~window_shares() { clear(); }

  [[nodiscard]] std::uint64_t window(const share& x) const {
    return all_.own + x.extra + x.large;
  }

  /// An engine has taken `cost`: its channel may have more, or gives something
  /// back, but never more than `cost` at once, for the peer may use what it was
  /// permitted. The window does not fall below `needed`.
  void handle_consumed(share& x, std::uint64_t cost, std::uint64_t needed);

  /// A message has begun for which the window has to be `needed`, all before it
  /// included, and `alone` if there is nothing before it any more.
  /// @returns whether the window is at least `alone`.
  [[nodiscard]] bool handle_begun(share& x, std::uint64_t needed,
                                  std::uint64_t alone);

  /// The other side knows of this window.
  /// @returns whether it may be so.
  [[nodiscard]] bool adopt(share& x, std::uint64_t window);

  /// The channel is no more.
  void release(share& x);

  /// None of the channels is.
  void clear();

  /// How much all of them may have beside their own windows.
  [[nodiscard]] std::uint64_t capacity() const {
    return all_.shared + all_.large;
  }

private:
  std::uint64_t bound(const share& x) const;
  bool grow(share& x, std::uint64_t extra);
  void shrink(std::uint64_t& part, std::uint64_t& total, std::uint64_t by);

  sizes all_;
  std::shared_ptr<receive_budget> budget_;
  std::uint64_t extra_ = 0;
  std::uint64_t large_ = 0;
};

} // namespace node_proxy::internal
