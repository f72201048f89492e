// Who waits for answers of an engine of another node.

#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>

#include <node_proxy/actors/caf/compat.hpp>
#include <node_proxy/actors/engine_interface.hpp>
#include <node_proxy/base/fifo.hpp>
#include <node_proxy/messages/engine_msg.hpp>
#include <node_proxy/protocol/timestamp.hpp>

namespace node_proxy::internal {

/// Requests by the mailbox to which their answers go. All may take equally
/// long.
class pending_replies {
public:
  struct request {
    caf::response_promise waiting;
    engine_interface::handler handler = 0;
    /// Its message is known to have been taken.
    bool taken = false;
    /// It is answered as soon as it is known what has become of its message.
    bool overdue = false;
  };

  /// @param deadline is not before those of the others.
  mailbox_id add(caf::response_promise waiting,
                 engine_interface::handler handler, steady_time deadline) {
    auto result = next_++;
    open_.emplace(result, request{std::move(waiting), handler});
    deadlines_.emplace_back(deadline, result);
    return result;
  }

  /// The request, which is over; nothing if it is already.
  [[nodiscard]] std::optional<request> take(mailbox_id mailbox) {
    auto known = open_.extract(mailbox);
    if (known.empty())
      return std::nullopt;
    return std::move(known.mapped());
  }

  [[nodiscard]] std::optional<request> take_any() {
    return open_.empty() ? std::nullopt : take(open_.begin()->first);
  }

  /// Its message was taken.
  /// @returns the request if it is overdue: then it is over.
  [[nodiscard]] std::optional<request> handle_taken(mailbox_id mailbox) {
    auto known = open_.find(mailbox);
    if (known == open_.end())
      return std::nullopt;
    known->second.taken = true;
    return known->second.overdue ? take(mailbox) : std::nullopt;
  }

  /// The next request that was taken, and whose time is over.
  [[nodiscard]] std::optional<request> poll_expired(steady_time now) {
    while (!deadlines_.empty() && deadlines_.front().first <= now) {
      auto mailbox = deadlines_.take_front().second;
      auto known = open_.find(mailbox);
      if (known == open_.end())
        continue;
      if (known->second.taken)
        return take(mailbox);
      known->second.overdue = true;
    }
    return std::nullopt;
  }

  /// When `poll_expired` may have something.
  [[nodiscard]] std::optional<steady_time> next_deadline() {
    while (!deadlines_.empty() && !open_.contains(deadlines_.front().second))
      deadlines_.pop_front();
    if (deadlines_.empty())
      return std::nullopt;
    return deadlines_.front().first;
  }

  [[nodiscard]] bool empty() const { return open_.empty(); }

private:
  std::unordered_map<mailbox_id, request> open_;
  // One for each that was added and is not over for long.
  fifo<std::pair<steady_time, mailbox_id>> deadlines_;
  mailbox_id next_ = 0;
};

} // namespace node_proxy::internal
