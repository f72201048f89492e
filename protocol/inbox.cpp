#include <node_proxy/protocol/inbox.hpp>

#include <algorithm>
#include <utility>

#include <node_proxy/messages/limits.hpp>

namespace node_proxy {

// -- events
// --------------------------------------------------------------------

expected<void, inbox_error> inbox::handle_resume(std::uint64_t epoch,
                                                 std::uint64_t first) {
  if (first > limits::sequence_end)
    return unexpected{inbox_error::bad_range};
  if (epoch_ != epoch)
    reset(epoch, first);
  else if (first > next_)
    return unexpected{inbox_error::beyond_received};
  return {};
}

expected<void, inbox_error> inbox::handle_chunk(std::uint64_t seq, bool last,
                                                bytes_view data) {
  if (seq < expected_)
    return {}; // arrived on an earlier connection
  if (seq > expected_)
    return unexpected{inbox_error::out_of_order};
  if (data.empty())
    return unexpected{inbox_error::empty_chunk};
  if (data.size() > limits::fragment
      || (!last && data.size() != limits::fragment))
    return unexpected{inbox_error::bad_fragment};
  if (seq + 1 > limits::sequence_end)
    return unexpected{inbox_error::bad_range};
  if (!partial_)
    partial_ = partial_message{seq, {}, 0};
  auto size = partial_->size + data.size();
  // A lone message may have any size.
  if (outstanding_ > 0
      && outstanding_ + size + limits::message_overhead > window_)
    return unexpected{inbox_error::beyond_window};
  partial_->size = size;
  if (size <= max_message_)
    partial_->data.insert(partial_->data.end(), data.begin(), data.end());
  else
    partial_->data = bytes{}; // unlike `{}` this gives the memory back
  ++expected_;
  if (last)
    complete(expected_);
  return {};
}

expected<void, inbox_error> inbox::handle_void(const control::void_range& range,
                                               steady_time now) {
  if (range.to <= range.from || range.to > limits::sequence_end)
    return unexpected{inbox_error::bad_range};
  if (range.from > expected_)
    return unexpected{inbox_error::out_of_order};
  if (range.to <= expected_)
    return {}; // arrived on an earlier connection
  auto first = partial_ ? partial_->first : expected_;
  partial_.reset();
  // However many ranges come behind a message that no engine takes, they take
  // the room of one.
  if (!slots_.empty() && slots_.back().finished && !slots_.back().rejected)
    slots_.back().end = range.to;
  else
    slots_.push_back({first, range.to, 0, true});
  expected_ = range.to;
  advance(now);
  return {};
}

expected<void, inbox_error>
inbox::handle_settled(const control::settled& settled, steady_time now) {
  if (settled.next > next_)
    return unexpected{inbox_error::beyond_received};
  while (!rejects_.empty() && rejects_.front().seq < settled.next)
    rejects_.pop_front();
  advance(now);
  return {};
}

void inbox::handle_finished(const delivery_id& id,
                            std::optional<control::reject_reason> reason,
                            steady_time now) {
  if (id.generation != generation_)
    return finish_orphan(id);
  auto position = std::ranges::lower_bound(slots_, id.first, {}, &slot::first);
  if (position == slots_.end() || position->first != id.first
      || position->finished)
    return;
  position->finished = true;
  position->rejected = reason;
  advance(now);
}

// -- results
// -------------------------------------------------------------------

std::optional<received_message> inbox::poll_message() {
  if (ready_.empty())
    return std::nullopt;
  auto result = std::move(ready_.front());
  ready_.pop_front();
  return result;
}

control::ack inbox::take_ack() {
  ack_wanted_since_.reset();
  unacknowledged_ = 0;
  return {next_, window_, {rejects_.begin(), rejects_.end()}};
}

// -- state
// ---------------------------------------------------------------------

std::optional<control::received_state> inbox::received() const {
  if (!epoch_)
    return std::nullopt;
  return control::received_state{*epoch_, expected_};
}

// -- private
// -------------------------------------------------------------------

/// The peer's numbers begin anew: it has restarted, or forgot us. What it never
/// got an acknowledgement for and no engine has taken is dropped.
void inbox::reset(std::uint64_t epoch, std::uint64_t first) {
  for (const auto& x : slots_)
    if (!x.finished) {
      orphans_.emplace(std::pair{generation_, x.first}, x.cost);
      orphaned_ += x.cost;
    }
  epoch_ = epoch;
  ++generation_;
  expected_ = first;
  next_ = first;
  outstanding_ = 0;
  unacknowledged_ = 0;
  ack_wanted_since_.reset();
  partial_.reset();
  slots_.clear();
  ready_.clear();
  rejects_.clear();
}

void inbox::finish_orphan(const delivery_id& id) {
  auto position = orphans_.find({id.generation, id.first});
  if (position == orphans_.end())
    return;
  orphaned_ -= position->second;
  orphans_.erase(position);
}

/// All fragments of a message up to the number `end` are there.
void inbox::complete(std::uint64_t end) {
  auto cost = partial_->size + limits::message_overhead;
  slots_.push_back({partial_->first, end, cost, false});
  outstanding_ += cost;
  ready_.push_back({{generation_, partial_->first}, std::move(partial_->data)});
  partial_.reset();
}

/// Moves on to the first number that is not consumed. While too many rejects
/// are unsettled no more are added, so the window closes.
void inbox::advance(steady_time now) {
  auto before = next_;
  while (!slots_.empty() && slots_.front().finished) {
    const auto& done = slots_.front();
    if (done.rejected) {
      if (rejects_.size() >= limits::unsettled_rejects)
        break;
      rejects_.push_back({done.first, *done.rejected});
    }
    next_ = done.end;
    outstanding_ -= done.cost;
    unacknowledged_ += done.cost;
    slots_.pop_front();
  }
  if (next_ != before && !ack_wanted_since_)
    ack_wanted_since_ = now;
}

} // namespace node_proxy
