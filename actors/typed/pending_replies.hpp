// Who waits for answers of an engine of another node.

#pragma once

#include <chrono>
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
  /// How long what has become of a message may be unknown when its time is
  /// over: the node knows, and says so unless it stands still.
  static constexpr duration outcome_delay = std::chrono::seconds{1};

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
    if (deadlines_.size() > usual_over + 2 * open_.size())
      deadlines_.erase_if(
        [this](const auto& x) { return !open_.contains(x.second); });
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
      auto [deadline, mailbox] = deadlines_.take_front();
      auto known = open_.find(mailbox);
      if (known == open_.end())
        continue;
      if (known->second.taken)
        return take(mailbox);
      known->second.overdue = true;
      overdue_.emplace_back(deadline + outcome_delay, mailbox);
    }
    return std::nullopt;
  }

  /// The next request of which is not known in time what has become of it.
  [[nodiscard]] std::optional<request> poll_unknown(steady_time now) {
    while (!overdue_.empty() && overdue_.front().first <= now)
      if (auto request = take(overdue_.take_front().second))
        return request;
    return std::nullopt;
  }

  /// When one of the two above may have something.
  [[nodiscard]] std::optional<steady_time> next_deadline() {
    return earliest({next_of(deadlines_), next_of(overdue_)});
  }

  [[nodiscard]] bool empty() const { return open_.empty(); }

private:
  // How many are over of those whose deadlines are kept, if few are open.
  static constexpr std::size_t usual_over = 64;

  using deadlines = fifo<std::pair<steady_time, mailbox_id>>;

  [[nodiscard]] std::optional<steady_time> next_of(deadlines& all) {
    while (!all.empty() && !open_.contains(all.front().second))
      all.pop_front();
    return all.empty() ? std::nullopt : std::optional{all.front().first};
  }

  std::unordered_map<mailbox_id, request> open_;
  // One for each that is open, and for some that are over.
  deadlines deadlines_;
  // The same for those that are overdue, with when that has to end.
  deadlines overdue_;
  mailbox_id next_ = 0;
};

} // namespace node_proxy::internal
