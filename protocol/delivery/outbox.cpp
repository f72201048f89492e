#include <node_proxy/protocol/delivery/outbox.hpp>

#include <algorithm>
#include <cassert>
#include <utility>

#include <node_proxy/messages/limits.hpp>
#include <node_proxy/protocol/delivery/rejection.hpp>

namespace node_proxy::internal {

namespace {

/// How many chunks a message of `size` bytes takes. The cut does not depend on
/// the connection, so that a resent fragment is the fragment it was.
std::uint32_t chunk_count(std::size_t size) {
  return static_cast<std::uint32_t>((size + limits::fragment - 1)
                                    / limits::fragment);
}

/// Below this many dead entries a clean-up is not worth its cost.
constexpr std::size_t compaction_threshold = 64;

} // namespace

std::optional<deadline> deadline_of(const expiry_time& expiry, timestamp now) {
  if (auto relative = std::get_if<rel_time>(&expiry)) {
    if (relative->seconds > limits::expiry_seconds)
      return std::nullopt;
    return now.steady + std::chrono::seconds{relative->seconds};
  }
  auto minutes = std::get<abs_time>(expiry).minutes;
  if (minutes > now.minute().minutes + limits::expiry_seconds / 60)
    return std::nullopt;
  return std::chrono::seconds{60 * minutes};
}

bool has_passed(const deadline& expires, timestamp now) {
  if (auto steady = std::get_if<steady_time>(&expires))
    return *steady <= now.steady;
  return std::get<std::chrono::seconds>(expires) <= now.wall;
}

steady_time steady_deadline(const deadline& expires, timestamp now) {
  if (auto steady = std::get_if<steady_time>(&expires))
    return *steady;
  auto wait = std::get<std::chrono::seconds>(expires) - now.wall;
  return now.steady
         + std::clamp(wait, std::chrono::seconds{0}, std::chrono::seconds{60});
}

outbox::outbox(std::size_t max_bytes, std::size_t max_messages,
               const outbox_record& record)
  : max_bytes_(max_bytes), max_messages_(max_messages),
    next_number_(record.next), acked_(record.first), high_water_(record.next) {
  if (record.first == record.next)
    return;
  entry voided{next_key_++, 0, {}, record.cost};
  voided.first = record.first;
  voided.chunks = record.next - record.first;
  voided.ended = true;
  voided.answered = true;
  sent_.push_back(std::move(voided));
}

// -- events -------------------------------------------------------------------

bool outbox::handle_send(send_token token, message_data data,
                         deadline expires) {
  auto held = data.size() + memory_overhead;
  if (pending_ >= max_messages_ || bytes_ + held > max_bytes_)
    return false;
  auto key = next_key_++;
  std::visit(
    [this, key]<class Time>(Time at) {
      if constexpr (std::is_same_v<Time, steady_time>)
        steady_deadlines_.add(at, key);
      else
        wall_deadlines_.add(at, key);
    },
    expires);
  auto cost = data.size() + limits::message_overhead;
  queued_.push_back({key, token, std::move(data), cost});
  bytes_ += held;
  ++pending_;
  return true;
}

expected<std::size_t, outbox_error>
outbox::handle_resume(std::uint64_t next, std::uint64_t window) {
  if (next > high_water_)
    return unexpected{outbox_error::beyond_sent};
  connected_ = true;
  cursor_ = next;
  cursor_index_ = index_of_number(cursor_);
  entered_ = false;
  window_ = window;
  outstanding_ = 0;
  for (std::size_t i = 0; i < cursor_index_; ++i)
    outstanding_ += sent_[i].cost;
  return static_cast<std::size_t>(
    std::count_if(sent_.begin() + static_cast<std::ptrdiff_t>(cursor_index_),
                  sent_.end(), [](const entry& x) { return !x.ended; }));
}

void outbox::handle_disconnect() {
  connected_ = false;
}

expected<void, outbox_error> outbox::handle_ack(const control::ack& ack) {
  // The cursor may stand below: while two connections overlap, numbers that
  // arrived on the old one are acknowledged on the new one.
  if (ack.next > high_water_)
    return unexpected{outbox_error::beyond_sent};
  window_ = ack.window;
  for (const auto& [seq, reason] : ack.rejects) {
    if (seq >= ack.next)
      return unexpected{outbox_error::beyond_sent};
    if (seq < acked_)
      continue; // repeated until we settle it
    auto& rejected = sent_[index_of_number(seq)];
    if (rejected.first == seq)
      answer(rejected, send_failure{to_send_error(reason)});
  }
  while (!sent_.empty() && sent_.front().end() <= ack.next)
    pop_acknowledged();
  clean_up();
  return {};
}

void outbox::handle_timeout(timestamp now, send_error definite) {
  while (auto key = steady_deadlines_.poll_due(now.steady))
    end_key(*key, definite);
  while (auto key = wall_deadlines_.poll_due(now.wall))
    end_key(*key, definite);
  clean_up();
}

void outbox::handle_max_message(std::size_t max_message) {
  using enum send_failure::unconfirmed_cause;
  for (auto& x : sent_)
    if (x.data.size() > max_message)
      end_early(x, transmitted(x)
                     ? send_failure{send_error::unconfirmed, unreachable}
                     : send_failure{send_error::too_large});
  for (auto& x : queued_)
    if (x.data.size() > max_message)
      end_early(x, {send_error::too_large});
  clean_up();
}

void outbox::handle_failure(send_error definite,
                            send_failure::unconfirmed_cause cause) {
  for (auto& x : sent_)
    end_early(x, transmitted(x) ? send_failure{send_error::unconfirmed, cause}
                                : send_failure{definite});
  for (auto& x : queued_)
    end_early(x, {definite});
  clean_up();
}

// -- results ------------------------------------------------------------------

std::optional<std::variant<chunk_batch, control::void_range>>
outbox::poll_transmit(std::size_t max_plaintext) {
  if (!connected_)
    return std::nullopt;
  if (cursor_ < acked_) {
    auto from = std::exchange(cursor_, acked_);
    return control::void_range{from, acked_};
  }
  chunk_batch batch;
  batch.first = cursor_;
  while (enter_entry()) {
    auto& x = sent_[cursor_index_];
    if (x.ended) {
      if (batch.chunks.count() > 0)
        break;
      return take_void();
    }
    add_chunks(x, batch.chunks, max_plaintext);
    if (cursor_ < x.end())
      break; // the frame is full
    leave_entry();
  }
  if (batch.chunks.count() == 0)
    return std::nullopt;
  return batch;
}

std::optional<send_outcome> outbox::poll_outcome() {
  if (outcomes_.empty())
    return std::nullopt;
  return outcomes_.take_front();
}

// -- state --------------------------------------------------------------------

std::optional<steady_time> outbox::next_deadline(timestamp now) const {
  auto result = steady_deadlines_.next();
  if (auto wall = wall_deadlines_.next()) {
    auto at = steady_deadline(*wall, now);
    result = result ? std::min(*result, at) : at;
  }
  return result;
}

outbox_record outbox::record() const {
  outbox_record result{acked_, high_water_};
  for (const auto& x : sent_)
    result.cost += x.cost;
  return result;
}

// -- private ------------------------------------------------------------------

void outbox::answer(entry& x, std::optional<send_failure> failure) {
  if (x.answered)
    return;
  x.answered = true;
  --pending_;
  if (outcomes_.empty() || !outcomes_.back().extend(x.token, failure))
    outcomes_.push_back({x.token, failure});
}

/// Whether any of a message was ever sent. It may have its numbers and still
/// wait for room in a frame.
bool outbox::transmitted(const entry& x) const {
  return x.first < high_water_;
}

/// Ends a message without waiting for an acknowledgement.
void outbox::end_early(entry& x, const send_failure& failure) {
  if (x.ended)
    return;
  answer(x, failure);
  x.ended = true;
  bytes_ -= x.held();
  x.data = {};
  if (x.chunks == 0)
    ++skipped_;
}

/// Ends the message with this key because its time is over.
void outbox::end_key(std::uint64_t key, send_error definite) {
  using enum send_failure::unconfirmed_cause;
  if (auto queued = find_queued(key))
    end_early(*queued, {definite});
  else if (auto sent = find_sent(key))
    end_early(*sent, transmitted(*sent)
                       ? send_failure{send_error::unconfirmed, expired}
                       : send_failure{definite});
}

/// Forgets the first sent message: the peer has done with it.
void outbox::pop_acknowledged() {
  auto& done = sent_.front();
  answer(done, std::nullopt);
  if (!done.ended)
    bytes_ -= done.held();
  acked_ = done.end();
  if (cursor_index_ > 0) {
    outstanding_ -= done.cost;
    --cursor_index_;
  } else if (entered_) {
    outstanding_ -= done.cost;
    entered_ = false;
  }
  sent_.pop_front();
}

/// Forgets entries and deadlines that nothing depends on, at an amortized cost
/// of O(1) for each of them.
void outbox::clean_up() {
  if (skipped_ > compaction_threshold && skipped_ > queued_.size() / 2) {
    queued_.erase_if([](const entry& x) { return x.ended; });
    skipped_ = 0;
  }
  auto most = 2 * (sent_.size() + queued_.size()) + compaction_threshold;
  if (steady_deadlines_.size() + wall_deadlines_.size() > most) {
    auto holds_any = [this](std::uint64_t begin, std::uint64_t end) {
      return has_key_in(sent_, begin, end) || has_key_in(queued_, begin, end);
    };
    steady_deadlines_.forget_unless(holds_any);
    wall_deadlines_.forget_unless(holds_any);
  }
}

/// Makes sure that there is a message under the cursor that may be sent.
bool outbox::enter_entry() {
  if (cursor_index_ == sent_.size() && !number_next())
    return false;
  auto& x = sent_[cursor_index_];
  if (entered_)
    return true;
  if (!x.ended && outstanding_ > 0 && outstanding_ + x.cost > window_)
    return false;
  entered_ = true;
  outstanding_ += x.cost;
  return true;
}

/// Gives numbers to the next queued message if the peer has room for it.
bool outbox::number_next() {
  while (!queued_.empty() && queued_.front().ended) {
    queued_.pop_front();
    --skipped_;
  }
  if (queued_.empty())
    return false;
  auto& x = queued_.front();
  if (outstanding_ > 0 && outstanding_ + x.cost > window_)
    return false;
  x.chunks = chunk_count(x.data.size());
  if (next_number_ + x.chunks > limits::sequence_end)
    return false;
  x.first = next_number_;
  next_number_ += x.chunks;
  sent_.push_back(std::move(x));
  queued_.pop_front();
  return true;
}

void outbox::add_chunks(entry& x, chunk_list& chunks,
                        std::size_t max_plaintext) {
  while (cursor_ < x.end()) {
    auto offset = (cursor_ - x.first) * limits::fragment;
    auto size = std::min(x.data.size() - offset, limits::fragment);
    if (chunks.size_with(size) > max_plaintext)
      return;
    chunks.add(cursor_ + 1 == x.end(), x.data, offset, size);
    ++cursor_;
    high_water_ = std::max(high_water_, cursor_);
  }
}

void outbox::leave_entry() {
  ++cursor_index_;
  entered_ = false;
}

/// Voids what is left of the message under the cursor and of all ended ones
/// right behind it.
control::void_range outbox::take_void() {
  auto from = cursor_;
  while (cursor_index_ < sent_.size() && sent_[cursor_index_].ended) {
    if (!entered_)
      outstanding_ += sent_[cursor_index_].cost;
    cursor_ = sent_[cursor_index_].end();
    leave_entry();
  }
  high_water_ = std::max(high_water_, cursor_);
  return {from, cursor_};
}

/// The sent message that holds `number`, or one past the last.
std::size_t outbox::index_of_number(std::uint64_t number) const {
  auto position = std::ranges::partition_point(
    sent_, [number](const entry& x) { return x.end() <= number; });
  return static_cast<std::size_t>(position - sent_.begin());
}

/// Whether there is a message with a key from `begin` up to but without `end`.
bool outbox::has_key_in(const fifo<entry>& list, std::uint64_t begin,
                        std::uint64_t end) {
  auto position = std::ranges::lower_bound(list, begin, {}, &entry::key);
  return position != list.end() && position->key < end;
}

outbox::entry* outbox::find_sent(std::uint64_t key) {
  auto position = std::ranges::lower_bound(sent_, key, {}, &entry::key);
  return position != sent_.end() && position->key == key ? &*position : nullptr;
}

outbox::entry* outbox::find_queued(std::uint64_t key) {
  auto position = std::ranges::lower_bound(queued_, key, {}, &entry::key);
  return position != queued_.end() && position->key == key ? &*position
                                                           : nullptr;
}

} // namespace node_proxy::internal
