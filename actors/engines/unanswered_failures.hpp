// Counts what nobody was told.

#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <vector>

#include <node_proxy/actors/errc.hpp>
#include <node_proxy/actors/exchange_messages.hpp>

namespace node_proxy::internal {

/// Messages of this node that were not delivered and whose senders wait for no
/// answer, by reason. The Router and all Node Proxies share one.
class unanswered_failures {
public:
  /// From any thread.
  void add(errc reason, std::uint64_t count = 1) noexcept {
    counts_[static_cast<std::size_t>(reason)].fetch_add(
      count, std::memory_order_relaxed);
  }

  /// From any thread.
  void add_late_answer() noexcept {
    late_answers_.fetch_add(1, std::memory_order_relaxed);
  }

  /// Answers of typed engines for which nobody waited any more.
  [[nodiscard]] std::uint64_t late_answers() const noexcept {
    return late_answers_.load(std::memory_order_relaxed);
  }

  /// By reason, without those that never occurred.
  [[nodiscard]] std::vector<reason_count> counts() const;

  /// Of all reasons together.
  [[nodiscard]] std::uint64_t total() const noexcept;

private:
  std::array<std::atomic<std::uint64_t>, errc_count + 1> counts_{};
  std::atomic<std::uint64_t> late_answers_{0};
};

} // namespace node_proxy::internal
