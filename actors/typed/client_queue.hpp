// What a handle for an engine of another node has not sent yet.

#pragma once

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include <node_proxy/base/fifo.hpp>
#include <node_proxy/base/shared_bytes.hpp>
#include <node_proxy/messages/engine_msg.hpp>
#include <node_proxy/protocol/timestamp.hpp>

namespace node_proxy::internal {

/// Messages in the order in which they came, and how much of what was sent has
/// not come to its end. Beyond a bound the rest stays here: an engine that is
/// slow holds up those who ask it, instead of filling the outbox of its node,
/// where messages would be refused.
class client_queue {
public:
  /// What may be under way: as much as an outbox lets any engine have. Each
  /// message counts what it takes there at most besides its octets.
  static constexpr std::size_t max_bytes = 1024 * 1024;
  static constexpr std::size_t message_overhead = 512;

  /// Where a batch ends: so that one is worked on while the next one gathers.
  static constexpr std::size_t batch_bytes = max_bytes / 4;

  struct message {
    /// Of the answer, if one is wanted.
    std::optional<mailbox_id> mailbox;
    shared_bytes payload;
    steady_time deadline{};

    [[nodiscard]] std::size_t size() const {
      return payload.size() + message_overhead;
    }
  };

  [[nodiscard]] bool empty() const { return waiting_.empty(); }

  /// Nothing waits, and nothing is under way.
  [[nodiscard]] bool idle() const { return empty() && under_way_ == 0; }

  [[nodiscard]] const message& front() const { return waiting_.front(); }

  /// @param x has a deadline that is not before those of the others.
  void push(message x) { waiting_.push_back(std::move(x)); }

  /// The next message whose time is over.
  [[nodiscard]] std::optional<message> poll_expired(steady_time now) {
    if (empty() || front().deadline > now)
      return std::nullopt;
    return waiting_.take_front();
  }

  /// What to send next, together; nothing if too much is under way. It is under
  /// way then.
  [[nodiscard]] std::vector<message> poll_batch() {
    std::vector<message> result;
    std::size_t size = 0;
    // What is larger than the bound goes alone.
    while (!empty() && size < batch_bytes
           && (under_way_ == 0 || under_way_ + front().size() <= max_bytes)) {
      size += front().size();
      under_way_ += front().size();
      result.push_back(waiting_.take_front());
    }
    return result;
  }

  /// Messages of that size in all have come to their end.
  void handle_end(std::size_t size) { under_way_ -= size; }

  /// All that waits.
  [[nodiscard]] fifo<message> take_all() {
    return std::exchange(waiting_, fifo<message>{});
  }

private:
  fifo<message> waiting_;
  std::size_t under_way_ = 0; // bytes
};

} // namespace node_proxy::internal
