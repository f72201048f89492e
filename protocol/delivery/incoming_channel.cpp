#include <node_proxy/protocol/delivery/incoming_channel.hpp>

#include <algorithm>
#include <utility>

#include <node_proxy/messages/limits.hpp>

namespace node_proxy::internal {

namespace {

/// Memory for an unfinished message, lest somebody announces much and sends
/// little: so many times what has arrived, or all of it once this much has. To
/// grow after that would copy so much at a time that others wait.
constexpr std::size_t growth = 4;
constexpr std::size_t arrived_for_all = 256 * 1024;

std::size_t capacity_for(const incoming_channel::partial& x, std::size_t size) {
  // What may have to wait for more takes no more than it needs, but much is not
  // copied for each fragment.
  if (!x.granted)
    return size < arrived_for_all
             ? size
             : std::min<std::size_t>(size + size / 2, x.announced);
  if (size >= arrived_for_all)
    return x.announced;
  return std::min({growth * size, arrived_for_all, x.announced});
}

void append(incoming_channel::partial& to, bytes_view data) {
  auto size = to.data.size() + data.size();
  if (size > to.data.capacity())
    to.data.reserve(capacity_for(to, size));
  to.data.append(data);
}

void add_number(std::vector<incoming_channel::run>& numbers,
                std::uint64_t seq) {
  if (numbers.empty() || numbers.back().first + numbers.back().count != seq)
    numbers.push_back({seq, 0});
  ++numbers.back().count;
}

} // namespace

// -- incoming_channel::partial ------------------------------------------------

std::optional<std::uint64_t> incoming_channel::partial::missing() const {
  auto present = data.size() / limits::fragment;
  for (const auto& x : numbers) {
    if (present < x.count)
      return x.first + present;
    present -= x.count;
  }
  return std::nullopt;
}

// -- events -------------------------------------------------------------------

void incoming_channel::handle_arrived(std::uint64_t first, std::uint64_t cost,
                                      steady_time now) {
  add(first, cost, now);
  outstanding_ += cost;
}

void incoming_channel::handle_fragment(std::uint64_t seq,
                                       std::uint64_t announced, bytes_view data,
                                       std::uint64_t cost) {
  if (!partial_)
    partial_ = partial{seq, announced};
  if (partial_->missing() != seq)
    add_number(partial_->numbers, seq);
  append(*partial_, data);
  partial_->cost += cost;
  outstanding_ += cost;
}

std::pair<std::uint64_t, block_buffer>
incoming_channel::handle_last_fragment(bytes_view data, std::uint64_t cost,
                                       steady_time now) {
  auto whole = *std::exchange(partial_, std::nullopt);
  append(whole, data);
  add(whole.first, whole.cost + cost, now);
  outstanding_ += cost;
  return {whole.first, std::move(whole.data)};
}

std::optional<std::uint64_t>
incoming_channel::handle_abort(std::uint64_t first) {
  if (!partial_ || partial_->first != first)
    return std::nullopt;
  auto cost = std::exchange(partial_, std::nullopt)->cost;
  outstanding_ -= cost;
  return cost;
}

void incoming_channel::drop_unfinished() {
  if (!partial_)
    return;
  outstanding_ -= std::exchange(partial_->cost, 0);
  partial_->data = {};
  partial_->granted.reset();
}

bool incoming_channel::handle_finished(
  std::uint64_t first, std::optional<control::reject_reason> reason) {
  // Mostly it is the first one.
  auto position =
    !waiting_.empty() && waiting_.front().first == first
      ? waiting_.begin()
      : std::ranges::lower_bound(waiting_, first, {}, &arrived::first);
  if (position == waiting_.end() || position->first != first
      || position->finished)
    return false;
  position->finished = true;
  position->rejected = reason;
  --untaken_;
  untaken_bytes_ -= position->cost;
  return true;
}

std::size_t incoming_channel::handle_settled(std::uint64_t next) {
  auto before = rejects_.size();
  while (!rejects_.empty() && rejects_.front().seq < next)
    rejects_.pop_front();
  return before - rejects_.size();
}

void incoming_channel::restore(const std::vector<control::reject>& rejects,
                               const std::optional<partial>& unfinished) {
  for (const auto& x : rejects)
    rejects_.push_back(x);
  partial_ = unfinished;
  if (partial_) {
    partial_->granted.reset();
    outstanding_ = partial_->cost;
  }
}

// -- results ------------------------------------------------------------------

std::optional<incoming_channel::arrived> incoming_channel::poll_consumed() {
  if (waiting_.empty() || !waiting_.front().finished)
    return std::nullopt;
  auto result = waiting_.take_front();
  outstanding_ -= result.cost;
  if (result.rejected)
    rejects_.push_back({result.first, *result.rejected});
  return result;
}

// -- state --------------------------------------------------------------------

std::uint64_t incoming_channel::next(std::uint64_t expected) const {
  if (!waiting_.empty())
    return waiting_.front().first;
  return partial_ ? partial_->first : expected;
}

std::uint64_t incoming_channel::memory() const {
  auto whole = outstanding_ - (partial_ ? partial_->cost : 0)
               + waiting_.size() * stranger_budget::message_memory;
  if (!partial_)
    return whole;
  auto promised =
    partial_->granted ? partial_->announced + limits::message_overhead : 0;
  return whole + std::max<std::uint64_t>(promised, partial_->memory());
}

backlog incoming_channel::untaken(steady_time now) const {
  auto oldest = std::ranges::find(waiting_, false, &arrived::finished);
  if (oldest == waiting_.end())
    return {};
  return {untaken_, untaken_bytes_, milliseconds(now - oldest->since)};
}

// -- private ------------------------------------------------------------------

void incoming_channel::add(std::uint64_t first, std::uint64_t cost,
                           steady_time now) {
  waiting_.push_back({first, cost, now});
  ++untaken_;
  untaken_bytes_ += cost;
}

} // namespace node_proxy::internal
