// How the memory for the messages of a peer is shared by its channels.

#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include <node_proxy/protocol/delivery/stranger_budget.hpp>
#include <node_proxy/protocol/settings.hpp>

namespace node_proxy::internal {

/// Memory that all peers of a node share, and that of strangers, who have a
/// part of their own. May be used in several threads.
class receive_budget {
public:
  explicit receive_budget(const peer_settings& settings);

  /// @param strangers see `stranger_budget`.
  receive_budget(std::uint64_t bytes,
                 std::shared_ptr<stranger_budget> strangers)
    : size_(bytes), free_(static_cast<std::int64_t>(bytes)),
      strangers_(std::move(strangers)) {}

  /// @returns whether there is so much.
  [[nodiscard]] bool take(std::uint64_t bytes) {
    auto wanted = static_cast<std::int64_t>(bytes);
    auto free = free_.load(std::memory_order_relaxed);
    while (free >= wanted)
      if (free_.compare_exchange_weak(free, free - wanted,
                                      std::memory_order_relaxed))
        return true;
    shortages_.fetch_add(1, std::memory_order_relaxed);
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

  [[nodiscard]] std::uint64_t size() const { return size_; }

  /// What is taken, which may be more than there is.
  [[nodiscard]] std::uint64_t used() const {
    return size_ - static_cast<std::uint64_t>(free());
  }

  /// How often there was not as much as somebody wanted to take.
  [[nodiscard]] std::uint64_t shortages() const {
    return shortages_.load(std::memory_order_relaxed);
  }

  [[nodiscard]] const std::shared_ptr<stranger_budget>& strangers() const {
    return strangers_;
  }

private:
  std::uint64_t size_;
  // Below 0 while more is taken than there is.
  std::atomic<std::int64_t> free_;
  std::atomic<std::uint64_t> shortages_ = 0;
  std::shared_ptr<stranger_budget> strangers_;
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
    : all_(all), growth_(all.shared), budget_(std::move(budget)) {}

  window_shares(const window_shares&) = delete;
  window_shares& operator=(const window_shares&) = delete;

  ~window_shares() { clear(); }

  /// The budget is for others from now on, or for this peer as well. Where it
  /// is not, somebody else counts what there is.
  void set_budgeted(bool budgeted);

  /// So much of what is shared goes to channels whose engines take messages, at
  /// most all of it. What they have already they keep.
  void set_growth(std::uint64_t max) { growth_ = std::min(max, all_.shared); }

  [[nodiscard]] std::uint64_t shared() const { return all_.shared; }

  [[nodiscard]] std::uint64_t window(const share& x) const {
    return all_.own + x.extra + x.large;
  }

  /// An engine has taken `cost`: its channel may have more, or gives something
  /// back, but never more than `cost` at once, for the peer may use what it was
  /// permitted. The window does not fall below `needed`.
  /// @param may_grow there is memory for twice the window.
  void handle_consumed(share& x, std::uint64_t cost, std::uint64_t needed,
                       bool may_grow = true);

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
  bool try_grow(share& x, std::uint64_t extra);
  void shrink(std::uint64_t& part, std::uint64_t& total, std::uint64_t by);
  bool take(std::uint64_t bytes);
  void give(std::uint64_t bytes);

  sizes all_;
  std::uint64_t growth_;
  std::shared_ptr<receive_budget> budget_;
  bool budgeted_ = true;
  std::uint64_t extra_ = 0;
  std::uint64_t large_ = 0;
};

} // namespace node_proxy::internal
