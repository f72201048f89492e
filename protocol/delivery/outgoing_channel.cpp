#include <node_proxy/protocol/delivery/outgoing_channel.hpp>

#include <algorithm>
#include <utility>

#include <node_proxy/messages/limits.hpp>
#include <node_proxy/protocol/delivery/rejection.hpp>

namespace node_proxy::internal {

namespace {

/// Below this many dead entries a clean-up is not worth its cost.
constexpr std::size_t compaction_threshold = 64;

/// The size of the chunk `index` of a message of `size` bytes. The cut depends
/// on nothing else, so that a chunk that is sent again is the chunk it was.
std::size_t chunk_size(std::size_t size, std::uint32_t index) {
  return std::min(size - index * limits::fragment, limits::fragment);
}

} // namespace

void outbox_totals::answer(send_token token,
                           const std::optional<send_failure>& failure) {
  --pending;
  if (outcomes.empty() || !outcomes.back().extend(token, failure))
    outcomes.push_back({token, failure});
}

bool outgoing_channel::message::complete() const {
  return sent * limits::fragment >= data.size();
}

void outgoing_channel::restore(const record& x) {
  for (const auto& [first, end, cost, partly_sent] : x.ended) {
    message voided;
    voided.key = next_key_++;
    voided.cost = cost;
    voided.first = first;
    voided.end = end;
    voided.sent = 1;
    voided.ended = true;
    voided.partly_sent = partly_sent;
    voided.answered = true;
    outstanding_ += cost;
    held_ += voided.held();
    totals_.held.add(voided.held());
    ++totals_.sent;
    ++begun_;
    messages_.push_back(std::move(voided));
  }
  begin_ = messages_.front().first;
  acked_ = begin_;
}

// -- events -------------------------------------------------------------------

void outgoing_channel::handle_send(send_token token, message_data data,
                                   const deadline& expires, steady_time now) {
  messages_.emplace_back(next_key_++, token, std::move(data), now);
  const auto& x = messages_.back();
  if (auto steady = std::get_if<steady_time>(&expires))
    steady_deadlines_.add(*steady, x.key);
  else
    wall_deadlines_.add(std::get<std::chrono::seconds>(expires), x.key);
  held_ += x.held();
  totals_.held.add(x.held());
  ++pending_;
  ++totals_.pending;
}

expected<bool, violation>
outgoing_channel::handle_ack(const control::channel_ack& ack,
                             std::uint64_t end) {
  if (ack.next > end)
    return unexpected{violation::beyond_sent};
  std::vector<std::uint64_t> noted;
  std::uint64_t least = 0;
  for (const auto& x : ack.rejects) {
    if (x.seq >= ack.next || x.seq < least)
      return unexpected{violation::bad_reject};
    least = x.seq + 1;
    // One of an earlier life of the channel is none of this one's.
    if (x.seq < begin_)
      continue;
    if (auto ok = note_reject(x, ack.next); !ok)
      return unexpected{ok.error()};
    noted.push_back(x.seq);
  }
  while (begun_ > 0 && messages_.front().end <= ack.next
         && (messages_.front().ended || messages_.front().complete()))
    pop_acknowledged();
  if (begun_ > 0 && !messages_.front().ended
      && messages_.front().first < ack.next)
    return unexpected{violation::inside_message};
  noted_ = std::move(noted);
  acked_ = std::max(acked_, ack.next);
  window_ = ack.window;
  clean_up();
  return !ack.rejects.empty();
}

void outgoing_channel::handle_forgotten(std::uint64_t begin,
                                        std::uint64_t window) {
  for (const auto& x : sent())
    if (x.ended)
      give_back(x.held());
  messages_.erase_if([](const message& x) { return x.ended; });
  for (auto& x : messages_) {
    x.cost = 0;
    x.sent = 0;
    x.jumps.reset();
  }
  totals_.sent -= begun_;
  begun_ = 0;
  skipped_ = 0;
  outstanding_ = 0;
  begin_ = begin;
  acked_ = begin;
  window_ = window;
  noted_.clear();
  aborted_.clear();
}

void outgoing_channel::handle_resume(std::uint64_t next, std::uint64_t window) {
  if (begun_ == 0)
    window_ = window;
  aborted_.clear();
  for (const auto& x : sent())
    if (x.ended && (x.partly_sent || (x.end > next && x.end > x.first + 1)))
      aborted_.push_back(x.first);
}

void outgoing_channel::handle_timeout(timestamp now, send_error definite) {
  while (auto key = steady_deadlines_.poll_due(now.steady))
    end_key(*key, definite);
  while (auto key = wall_deadlines_.poll_due(now.wall))
    end_key(*key, definite);
  clean_up();
}

void outgoing_channel::handle_max_message(std::size_t max_message) {
  using enum send_failure::unconfirmed_cause;
  for (auto& x : messages_)
    if (x.data.size() > max_message)
      end_early(x, x.transmitted
                     ? send_failure{send_error::unconfirmed, unreachable}
                     : send_failure{send_error::too_large});
  clean_up();
}

void outgoing_channel::handle_failure(send_error definite,
                                      send_failure::unconfirmed_cause cause) {
  for (auto& x : messages_)
    end_early(x, x.transmitted ? send_failure{send_error::unconfirmed, cause}
                               : send_failure{definite});
  clean_up();
}

// -- results ------------------------------------------------------------------

std::optional<std::size_t> outgoing_channel::next_size() {
  auto x = present();
  if (!x)
    return std::nullopt;
  auto size = chunk_size(x->data.size(), x->sent);
  auto cost = size + (x->sent == 0 ? limits::message_overhead : 0);
  if (outstanding_ + cost > window_)
    return std::nullopt;
  return size;
}

outgoing_chunk outgoing_channel::take_chunk(std::uint64_t number) {
  auto& x = *present();
  if (x.sent == 0) {
    x.first = number;
    x.end = number;
    ++begun_;
    ++totals_.sent;
  }
  auto size = chunk_size(x.data.size(), x.sent);
  auto cost = size + (x.sent == 0 ? limits::message_overhead : 0);
  if (x.end != number) {
    if (!x.jumps)
      x.jumps = std::make_unique<std::vector<jump>>();
    x.jumps->push_back({x.sent, number});
  }
  auto offset = x.sent * limits::fragment;
  ++x.sent;
  x.end = number + 1;
  x.transmitted = true;
  x.cost += cost;
  outstanding_ += cost;
  return {x.data, offset, size, x.complete()};
}

std::optional<outgoing_chunk>
outgoing_channel::sent_chunk(std::uint64_t key, std::uint32_t index) {
  auto x = find(key);
  if (!x || x->ended)
    return std::nullopt;
  auto offset = index * limits::fragment;
  auto size = chunk_size(x->data.size(), index);
  return outgoing_chunk{x->data, offset, size, offset + size == x->data.size()};
}

void outgoing_channel::list_sent(std::uint64_t number,
                                 std::vector<number_run>& out) const {
  auto add = [&](const message& x, std::uint32_t from, std::uint32_t to,
                 std::uint64_t begin) {
    auto skipped = number > begin ? number - begin : 0;
    if (skipped >= to - from)
      return;
    auto less = static_cast<std::uint32_t>(skipped);
    out.push_back({begin + less, to - from - less, x.key, from + less});
  };
  for (const auto& x : sent()) {
    if (x.ended || x.end <= number)
      continue;
    jump run{0, x.first};
    if (x.jumps)
      for (const auto& next : *x.jumps) {
        add(x, run.index, next.index, run.number);
        run = next;
      }
    add(x, run.index, x.sent, run.number);
  }
}

std::optional<std::uint64_t> outgoing_channel::poll_aborted() {
  if (aborted_.empty())
    return std::nullopt;
  return aborted_.take_front();
}

// -- state --------------------------------------------------------------------

std::optional<steady_time> outgoing_channel::oldest() const {
  auto first = std::ranges::find(messages_, false, &message::answered);
  return first != messages_.end() ? std::optional{first->since} : std::nullopt;
}

std::optional<std::uint64_t> outgoing_channel::first() const {
  return begun_ == 0 ? std::nullopt : std::optional{messages_.front().first};
}

outgoing_channel::record outgoing_channel::to_record() const {
  record result{key_, {}};
  for (const auto& x : sent()) {
    if (x.first == x.end)
      continue;
    auto& list = result.ended;
    // What was sent in one chunk is with the peer or not.
    auto is_small = [](std::uint64_t first, std::uint64_t end, bool partly) {
      return !partly && end == first + 1;
    };
    if (!list.empty() && is_small(x.first, x.end, x.partly_sent)
        && list.back().end == x.first && !list.back().partly_sent) {
      list.back().end = x.end;
      list.back().cost += x.cost;
    } else {
      list.push_back({x.first, x.end, x.cost, x.partly_sent});
    }
  }
  return result;
}

std::optional<steady_time>
outgoing_channel::next_deadline(timestamp now) const {
  auto result = steady_deadlines_.next();
  if (auto wall = wall_deadlines_.next())
    result = earliest({result, steady_deadline(*wall, now)});
  return result;
}

// -- private ------------------------------------------------------------------

/// Tells the sender what became of a message.
void outgoing_channel::answer(message& x,
                              const std::optional<send_failure>& failure) {
  if (std::exchange(x.answered, true))
    return;
  --pending_;
  totals_.answer(x.token, failure);
}

/// Ends a message without waiting for an acknowledgement.
void outgoing_channel::end_early(message& x, const send_failure& failure) {
  if (x.ended)
    return;
  answer(x, failure);
  auto before = x.held();
  x.ended = true;
  x.partly_sent = !x.complete();
  x.data = {};
  give_back(before - x.held());
  if (x.sent == 0)
    ++skipped_;
  else if (x.partly_sent || x.end > x.first + 1)
    aborted_.push_back(x.first);
}

void outgoing_channel::give_back(std::size_t bytes) {
  held_ -= bytes;
  totals_.held.remove(bytes);
}

/// Ends the message with this key because its time is over.
void outgoing_channel::end_key(std::uint64_t key, send_error definite) {
  using enum send_failure::unconfirmed_cause;
  if (auto x = find(key))
    end_early(*x, x->transmitted
                    ? send_failure{send_error::unconfirmed, expired}
                    : send_failure{definite});
}

/// Forgets the first message: the peer has done with it.
void outgoing_channel::pop_acknowledged() {
  auto& done = messages_.front();
  answer(done, std::nullopt);
  give_back(done.held());
  outstanding_ -= done.cost;
  --totals_.sent;
  --begun_;
  messages_.pop_front();
}

/// Forgets entries and deadlines that nothing depends on, at an amortized cost
/// of O(1) for each of them.
void outgoing_channel::clean_up() {
  auto queued = messages_.size() - begun_;
  if (skipped_ == queued) {
    messages_.erase_from(messages_.begin() + begun_);
    skipped_ = 0;
  } else if (skipped_ > compaction_threshold && skipped_ > queued / 2) {
    auto begin = messages_[begun_].key;
    messages_.erase_if(
      [begin](const message& x) { return x.ended && x.key >= begin; });
    skipped_ = 0;
  }
  auto max = 2 * messages_.size() + compaction_threshold;
  if (steady_deadlines_.size() + wall_deadlines_.size() <= max)
    return;
  auto holds_any = [this](std::uint64_t begin, std::uint64_t end) {
    auto x = std::ranges::lower_bound(messages_, begin, {}, &message::key);
    return x != messages_.end() && x->key < end;
  };
  steady_deadlines_.forget_unless(holds_any);
  wall_deadlines_.forget_unless(holds_any);
}

/// Takes note of a reject, which may be repeated until it is settled.
expected<void, violation>
outgoing_channel::note_reject(const control::reject& x, std::uint64_t next) {
  if (x.seq < acked_) {
    if (!std::ranges::binary_search(noted_, x.seq))
      return unexpected{violation::bad_reject};
    return {};
  }
  auto all = sent();
  auto after = std::ranges::upper_bound(all, x.seq, {}, &message::first);
  if (after == all.begin())
    return unexpected{violation::bad_reject};
  auto& rejected = *std::prev(after);
  // One that ended may stand for several.
  if (rejected.ended && x.seq < rejected.end)
    return {};
  if (rejected.first != x.seq || rejected.first == rejected.end
      || rejected.end > next)
    return unexpected{violation::bad_reject};
  answer(rejected, send_failure{to_send_error(x.reason)});
  return {};
}

/// The message of which the next chunk is to be sent.
outgoing_channel::message* outgoing_channel::present() {
  if (begun_ > 0) {
    auto& last = messages_[begun_ - 1];
    if (!last.ended && !last.complete())
      return &last;
  }
  while (begun_ < messages_.size() && messages_[begun_].ended)
    pass_over();
  return begun_ < messages_.size() ? &messages_[begun_] : nullptr;
}

/// Goes past a message whose turn it is, and which has ended before.
void outgoing_channel::pass_over() {
  --skipped_;
  if (begun_ == 0)
    return messages_.pop_front();
  auto& x = messages_[begun_];
  x.first = messages_[begun_ - 1].end;
  x.end = x.first;
  x.partly_sent = false;
  ++begun_;
  ++totals_.sent;
}

outgoing_channel::message* outgoing_channel::find(std::uint64_t key) {
  auto x = std::ranges::lower_bound(messages_, key, {}, &message::key);
  return x != messages_.end() && x->key == key ? &*x : nullptr;
}

std::span<outgoing_channel::message> outgoing_channel::sent() {
  return {messages_.begin(), begun_};
}

std::span<const outgoing_channel::message> outgoing_channel::sent() const {
  return {messages_.begin(), begun_};
}

} // namespace node_proxy::internal
