#include <node_proxy/protocol/delivery/unreliable.hpp>

#include <algorithm>
#include <utility>

#include <node_proxy/messages/limits.hpp>

namespace node_proxy::internal {

namespace {

std::size_t cost_of(std::size_t size) {
  return size + limits::message_overhead;
}

/// To take in a message that is of no use takes as long as to read so many
/// octets more.
constexpr std::uint64_t message_work = 1'000;

/// What it takes of the memory of strangers.
std::size_t memory_of(std::size_t size) {
  return cost_of(size) + stranger_budget::message_memory;
}

} // namespace

// -- unreliable_outbox --------------------------------------------------------

bool unreliable_outbox::handle_send(send_token token, const channel_key& key,
                                    message_data data, deadline expires,
                                    timestamp now) {
  auto cost = cost_of(data.size());
  auto memory = memory_of(data.size());
  if (bytes_ + cost > max_bytes_ || !held_.has_room(memory))
    return false;
  bytes_ += cost;
  held_.add(memory);
  expect(expires, now);
  queue_.push_back({token, key, std::move(data), expires, now.steady});
  return true;
}

void unreliable_outbox::handle_disconnect() {
  if (sent_ == 0)
    return;
  release(queue_.front());
  queue_.pop_front();
  sent_ = 0;
}

void unreliable_outbox::handle_timeout(timestamp now, send_error definite) {
  if (!next_deadline_ || now.steady < *next_deadline_)
    return;
  // What was sent in part is sent to its end.
  auto first = queue_.begin() + (sent_ > 0 ? 1 : 0);
  auto kept = std::stable_partition(first, queue_.end(), [now](const entry& x) {
    return !has_passed(x.expires, now);
  });
  for (auto i = kept; i != queue_.end(); ++i)
    end(*i, {definite});
  queue_.erase_from(kept);
  next_deadline_.reset();
  for (auto i = queue_.begin() + (sent_ > 0 ? 1 : 0); i != queue_.end(); ++i)
    expect(i->expires, now);
}

void unreliable_outbox::handle_failure(send_error definite) {
  handle_disconnect();
  for (const auto& x : queue_)
    end(x, {definite});
  queue_.clear();
}

std::optional<chunk_list>
unreliable_outbox::poll_transmit(std::uint64_t channel,
                                 std::size_t max_plaintext) {
  chunk_list result;
  sent_entries_.clear();
  auto key = queue_.empty() ? channel_key{} : queue_.front().key;
  while (!queue_.empty() && queue_.front().key == key) {
    auto& data = queue_.front().data;
    auto size = std::min(data.size() - sent_, limits::fragment);
    if (result.size_with(channel, size) > max_plaintext)
      break;
    auto last = sent_ + size == data.size();
    // However long the rest takes, no more will be known about it.
    if (sent_ == 0)
      outcomes_.push_back(
        {queue_.front().token,
         send_failure{send_error::unconfirmed,
                      send_failure::unconfirmed_cause::unreliable}});
    result.add(channel, last, data, sent_, size);
    sent_ += size;
    if (last) {
      release(queue_.front());
      sent_entries_.push_back(queue_.take_front());
      sent_ = 0;
    }
  }
  if (result.count() == 0)
    return std::nullopt;
  return result;
}

std::optional<send_outcome> unreliable_outbox::poll_outcome() {
  if (outcomes_.empty())
    return std::nullopt;
  return outcomes_.take_front();
}

std::size_t unreliable_outbox::max_size() const {
  return std::min<std::size_t>(max_bytes_, held_.max_size()
                                             - stranger_budget::message_memory);
}

backlog unreliable_outbox::waiting(steady_time now) const {
  if (queue_.empty())
    return {};
  return {queue_.size(), bytes_, milliseconds(now - queue_.front().since)};
}

/// Ends a message of which nothing was sent.
void unreliable_outbox::end(const entry& x, send_failure failure) {
  release(x);
  outcomes_.push_back({x.token, failure});
}

void unreliable_outbox::release(const entry& x) {
  bytes_ -= cost_of(x.data.size());
  held_.remove(memory_of(x.data.size()));
}

void unreliable_outbox::expect(const deadline& expires, timestamp now) {
  next_deadline_ = earliest({next_deadline_, steady_deadline(expires, now)});
}

// -- unreliable_inbox ---------------------------------------------------------

std::optional<unreliable_inbox::message>
unreliable_inbox::handle_chunk(const engine_name& target, bool last,
                               bytes_view data) {
  // Who goes over to another message leaves the rest of the last one out.
  if (partial_target_ != target) {
    if (oversized_ || !partial_.empty())
      wasted_ += cost_of(partial_.size()) + message_work;
    handle_disconnect();
  }
  partial_target_ = target;
  auto& of_engine = by_engine_[target];
  // What will have no room when it is whole takes none before.
  auto size = partial_.size() + data.size();
  if (size > max_message_ || cost_of(size) > window_
      || !has_memory(target, of_engine, memory_of(data.size())))
    oversized_ = true;
  if (oversized_)
    wasted_ += std::exchange(partial_, {}).size() + data.size();
  else
    append(partial_, data);
  auto result = last ? take_whole(target, of_engine) : std::nullopt;
  settle(target);
  return result;
}

void unreliable_inbox::handle_disconnect() {
  partial_ = bytes{}; // unlike `clear` this gives the memory back
  oversized_ = false;
  settle(partial_target_);
}

void unreliable_inbox::handle_standing() {
  for (auto& [target, x] : by_engine_)
    charge(target, x);
}

void unreliable_inbox::handle_finished(std::uint64_t number, bool taken) {
  auto held = held_.extract(number);
  if (held.empty())
    return;
  const auto& [target, cost] = held.mapped();
  outstanding_ -= cost;
  wasted_ += taken ? 0 : cost + message_work;
  auto& of_engine = by_engine_.at(target);
  of_engine.cost -= cost;
  --of_engine.messages;
  settle(target);
}

/// The last part of a message has come.
std::optional<unreliable_inbox::message>
unreliable_inbox::take_whole(const engine_name& target, share& of_engine) {
  auto complete = std::exchange(partial_, {});
  auto cost = cost_of(complete.size());
  if (std::exchange(oversized_, false) || !has_room(of_engine, cost)) {
    ++dropped_;
    wasted_ += cost + message_work;
    return std::nullopt;
  }
  auto number = next_number_++;
  outstanding_ += cost;
  of_engine.cost += cost;
  ++of_engine.messages;
  held_.emplace(number, held_message{target, cost});
  return message{number, std::move(complete)};
}

/// An engine may have as much as is free beside it, or one message.
bool unreliable_inbox::has_room(const share& x, std::size_t cost) const {
  if (outstanding_ + cost > window_)
    return false;
  return x.cost == 0 || x.cost + cost <= window_ - outstanding_ - cost;
}

/// Whether there is so much for a stranger.
bool unreliable_inbox::has_memory(const engine_name& target, share& x,
                                  std::size_t bytes) {
  if (!account_.counts())
    return true;
  charge(target, x);
  return account_.may_hold(x.charge, bytes);
}

/// Counts what there is for an engine, if the peer is a stranger.
void unreliable_inbox::charge(const engine_name& target, share& x) {
  if (account_.counts() && !x.charge.exists())
    x.charge = stranger_charge{account_, target};
  auto partial = target == partial_target_ ? partial_.size() : 0;
  x.charge.set(account_.counts()
                 ? x.cost + x.messages * stranger_budget::message_memory
                     + partial
                 : 0);
}

/// What there is for an engine has changed.
void unreliable_inbox::settle(const engine_name& target) {
  auto position = by_engine_.find(target);
  if (position == by_engine_.end())
    return;
  auto& [name, x] = *position;
  charge(name, x);
  if (x.messages == 0 && (name != partial_target_ || partial_.empty()))
    by_engine_.erase(position);
}

} // namespace node_proxy::internal
