#include <node_proxy/protocol/delivery/inbox.hpp>

#include <algorithm>
#include <utility>

#include <node_proxy/messages/limits.hpp>
#include <node_proxy/protocol/wire/bare_types.hpp>

namespace node_proxy::internal {

namespace {

/// By how much the memory of an unfinished message grows at most, lest somebody
/// announces much and sends little.
constexpr std::size_t growth = 4;

/// The size that the beginning of an encoded `serialized_msg` announces.
std::size_t announced_size(bytes_view begin) {
  auto rest = begin.subspan(std::min<std::size_t>(1, begin.size()));
  auto size = take_uint(rest);
  return size ? begin.size() - rest.size() + *size : 0;
}

} // namespace

inbox::inbox(std::uint64_t window, std::size_t max_message,
             const std::optional<inbox_record>& record)
  : window_(window), max_message_(max_message) {
  if (!record)
    return;
  epoch_ = record->epoch;
  expected_ = record->next;
  next_ = record->next;
  for (const auto& x : record->rejects)
    rejects_.push_back(x);
}

// -- events -------------------------------------------------------------------

expected<void, inbox_error> inbox::handle_resume(std::uint64_t epoch,
                                                 std::uint64_t first) {
  if (first > limits::sequence_end)
    return unexpected{inbox_error::bad_range};
  if (epoch_ != epoch)
    reset(epoch, first);
  // What is here was not acknowledged. Where nothing is, the peer may have had
  // acknowledgements that this side forgot: a void range will say so.
  else if (first > next_ && !slots_.empty())
    return unexpected{inbox_error::beyond_received};
  return {};
}

expected<std::optional<received_message>, inbox_error>
inbox::handle_chunk(std::uint64_t seq, bool last, bytes_view data) {
  if (seq < expected_)
    return std::nullopt; // arrived on an earlier connection
  if (seq > expected_)
    return unexpected{inbox_error::out_of_order};
  if (data.empty())
    return unexpected{inbox_error::empty_chunk};
  if (data.size() > limits::fragment
      || (!last && data.size() != limits::fragment))
    return unexpected{inbox_error::bad_fragment};
  if (seq + 1 > limits::sequence_end)
    return unexpected{inbox_error::bad_range};
  auto size = data.size() + (partial_ ? partial_->size : 0);
  // A lone message may have any size.
  if (outstanding_ > 0
      && outstanding_ + size + limits::message_overhead > window_)
    return unexpected{inbox_error::beyond_window};
  ++expected_;
  if (last && !partial_) {
    auto result = complete(seq, size);
    if (size <= max_message_)
      result.data = data;
    return result;
  }
  gather(seq, data);
  if (!last)
    return std::nullopt;
  auto whole = *std::exchange(partial_, std::nullopt);
  auto result = complete(whole.first, whole.size);
  result.gathered = std::move(whole.data);
  result.data = result.gathered.view();
  return result;
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

void inbox::handle_finished(const reliable_id& id,
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

// -- results ------------------------------------------------------------------

control::ack inbox::take_ack() {
  ack_wanted_since_.reset();
  unacknowledged_ = 0;
  return {next_, window_, {rejects_.begin(), rejects_.end()}};
}

// -- state --------------------------------------------------------------------

std::optional<control::received_state> inbox::received() const {
  if (!epoch_)
    return std::nullopt;
  return control::received_state{*epoch_, expected_};
}

bool inbox::at_rest() const {
  return orphans_.empty() && std::ranges::all_of(slots_, &slot::finished);
}

std::optional<inbox_record> inbox::record() const {
  if (!epoch_ || !slots_.empty())
    return std::nullopt;
  return inbox_record{*epoch_, next_, {rejects_.begin(), rejects_.end()}};
}

// -- private ------------------------------------------------------------------

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
  rejects_.clear();
}

void inbox::finish_orphan(const reliable_id& id) {
  auto position = orphans_.find({id.generation, id.first});
  if (position == orphans_.end())
    return;
  orphaned_ -= position->second;
  orphans_.erase(position);
}

/// Adds a fragment to the message that it belongs to.
void inbox::gather(std::uint64_t seq, bytes_view data) {
  if (!partial_)
    partial_ = partial_message{seq, {}, 0};
  auto& [first, gathered, size] = *partial_;
  size += data.size();
  if (size > max_message_) {
    gathered = {};
    return;
  }
  auto announced = announced_size(gathered.empty() ? data : gathered.view());
  if (size > announced) {
    // Of what is longer than it says nothing is kept but one octet, which
    // shows that it cannot be decoded.
    gathered = {};
    gathered.append(bytes(1));
    return;
  }
  // Growing fast copies little, and exactly to the end wastes nothing.
  if (size > gathered.capacity())
    gathered.reserve(std::min({announced, max_message_, growth * size}));
  gathered.append(data);
}

/// All `size` bytes of a message from the number `first` on are there.
received_message inbox::complete(std::uint64_t first, std::size_t size) {
  auto cost = size + limits::message_overhead;
  slots_.push_back({first, expected_, cost, false});
  outstanding_ += cost;
  return {{generation_, first}, {}, {}};
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

} // namespace node_proxy::internal
