#include <node_proxy/protocol/delivery/outbox.hpp>

#include <algorithm>
#include <utility>

#include <node_proxy/messages/limits.hpp>
#include <node_proxy/protocol/delivery/engine_backlogs.hpp>

namespace node_proxy::internal {

namespace {

/// What waits in a channel.
backlog pending_of(const outgoing_channel& x, steady_time now) {
  if (x.pending() == 0)
    return {};
  return {x.pending(), x.held(), milliseconds(now - *x.oldest())};
}

} // namespace

outbox::outbox(const peer_settings& settings, const outbox_record& record,
               std::shared_ptr<stranger_budget> budget)
  : shares_(settings.outbox_bytes),
    idle_timeout_(settings.channel_idle_timeout), totals_(std::move(budget)),
    next_number_(record.next), known_to_(record.known_to) {
  for (const auto& x : record.channels)
    channels_.try_emplace(x.key, x.key, 0, limits::min_channel_window, totals_)
      .first->second.restore(x);
}

// -- events -------------------------------------------------------------------

bool outbox::handle_send(send_token token, const channel_key& key,
                         message_data data, deadline expires, timestamp now) {
  auto x = find_or_add(key, now.steady);
  auto size = data.size() + memory_overhead;
  if (!x || !shares_.has_room(totals_.held.bytes(), x->held(), size)
      || !totals_.held.has_room(size)) {
    if (x && x->empty())
      note_idle(*x, now.steady);
    return false;
  }
  x->handle_send(token, std::move(data), expires, now.steady);
  x->last_used = now.steady;
  next_deadline_ = earliest({next_deadline_, steady_deadline(expires, now)});
  if (connection_)
    connection_->schedule.add(*x);
  return true;
}

expected<std::size_t, violation> outbox::handle_resume(std::uint64_t epoch,
                                                       std::uint64_t next,
                                                       std::uint64_t window) {
  if (next > next_number_)
    return unexpected{violation::beyond_sent};
  connection_.reset();
  if (known_to_ != epoch)
    for (auto& [key, x] : channels_)
      x.handle_forgotten(next_number_, window);
  known_to_ = epoch;
  connection_.emplace(window, next);
  reopen(next);
  return list_again(next);
}

expected<void, violation> outbox::handle_ack(const control::channel_ack& ack,
                                             steady_time now) {
  if (!connection_ || ack.channel >= connection_->next_channel)
    return unexpected{violation::beyond_sent};
  auto known = connection_->channels.find(ack.channel);
  if (known == connection_->channels.end())
    return {}; // closed meanwhile
  auto& x = *known->second;
  auto was_empty = x.empty();
  auto has_rejects = x.handle_ack(ack, next_number_);
  if (!has_rejects)
    return unexpected{has_rejects.error()};
  if (*has_rejects)
    connection_->settle(x, ack.next);
  // Whoever acknowledges nothing does not keep the channel.
  if (x.empty())
    note_idle(x, was_empty ? x.last_used : now);
  else
    connection_->schedule.add(x);
  return {};
}

void outbox::handle_timeout(timestamp now, send_error definite) {
  if (next_deadline_ && *next_deadline_ <= now.steady)
    end_expired(now, definite);
  forget_idle(now.steady - idle_timeout_);
}

void outbox::handle_max_message(std::size_t max_message) {
  for (auto& [key, x] : channels_)
    x.handle_max_message(max_message);
  follow_up();
}

void outbox::handle_failure(send_error definite,
                            send_failure::unconfirmed_cause cause) {
  for (auto& [key, x] : channels_)
    x.handle_failure(definite, cause);
  follow_up();
}

// -- results ------------------------------------------------------------------

std::optional<outbox::transmission>
outbox::poll_transmit(std::size_t max_plaintext) {
  if (!connection_)
    return std::nullopt;
  if (!connection_->to_say.empty())
    return connection_->to_say.take_front();
  if (auto again = poll_again(max_plaintext))
    return again;
  return poll_new(max_plaintext);
}

std::optional<control::settled> outbox::poll_settled() {
  if (!connection_ || connection_->to_settle.empty())
    return std::nullopt;
  auto id = connection_->to_settle.take_front();
  auto& x = *connection_->channels.at(id);
  return control::settled{id, *std::exchange(x.to_settle, std::nullopt)};
}

std::optional<send_outcome> outbox::poll_outcome() {
  if (totals_.outcomes.empty())
    return std::nullopt;
  return totals_.outcomes.take_front();
}

std::optional<std::uint64_t> outbox::find_open(const channel_key& key,
                                               steady_time now) {
  auto x = connection_ ? find_or_add(key, now) : nullptr;
  if (!x)
    return std::nullopt;
  note_idle(*x, now);
  if (x->id && connection_->to_say.empty())
    return x->id;
  if (!x->id)
    connection_->to_say.push_back(connection_->open(*x));
  return std::nullopt;
}

// -- state --------------------------------------------------------------------

std::optional<steady_time> outbox::next_deadline(timestamp) const {
  if (idle_.empty())
    return next_deadline_;
  return earliest({next_deadline_, idle_.front().first + idle_timeout_});
}

std::uint64_t outbox::first(std::uint64_t epoch) const {
  auto result = next_number_;
  if (known_to_ == epoch)
    for (const auto& [key, x] : channels_)
      result = std::min(result, x.first().value_or(result));
  return result;
}

backlog outbox::waiting(steady_time now) const {
  backlog result;
  for (const auto& [key, x] : channels_)
    add(result, pending_of(x, now));
  return result;
}

std::vector<engine_backlog> outbox::waiting_for(steady_time now) const {
  engine_backlogs result;
  for (const auto& [key, x] : channels_)
    result.add(key.target, pending_of(x, now));
  return std::move(result).longest();
}

outbox_record outbox::record() const {
  outbox_record result{next_number_, known_to_};
  for (const auto& [key, x] : channels_)
    if (x.first())
      result.channels.push_back(x.to_record());
  return result;
}

void outbox::trim() {
  totals_.outcomes.trim();
  for (auto& [key, x] : channels_)
    x.trim();
}

// -- the present connection ---------------------------------------------------

outbox::connection::~connection() {
  for (auto& [number, x] : channels) {
    x->id.reset();
    x->to_settle.reset();
  }
}

control::open outbox::connection::open(outgoing_channel& x) {
  x.id = next_channel++;
  channels.emplace(*x.id, &x);
  return {*x.id, x.key().target, x.key().ordering, x.window()};
}

/// However often the peer says so before it hears of it, that is said once.
void outbox::connection::settle(outgoing_channel& x, std::uint64_t next) {
  if (!x.to_settle)
    to_settle.push_back(*x.id);
  x.to_settle = std::max(x.to_settle.value_or(next), next);
}

void outbox::connection::forget(outgoing_channel& x) {
  if (x.id) {
    to_say.push_back(control::close{*x.id});
    channels.erase(*x.id);
  }
  again.erase_if([&x](const due_again& y) { return y.channel == &x; });
  schedule.remove(x);
}

// -- channels -----------------------------------------------------------------

/// @returns nullptr if there is no room for a further one.
outgoing_channel* outbox::find_or_add(const channel_key& key, steady_time now) {
  if (recent_ && recent_->key() == key)
    return recent_;
  auto known = channels_.find(key);
  if (known == channels_.end()) {
    if (channels_.size() >= limits::channels)
      forget_idle(now);
    if (channels_.size() >= limits::channels)
      return nullptr;
    auto window =
      connection_ ? connection_->window : limits::min_channel_window;
    known =
      channels_.try_emplace(key, key, next_number_, window, totals_).first;
  }
  recent_ = &known->second;
  return recent_;
}

/// A channel is empty, or was used for something that is not in it.
void outbox::note_idle(outgoing_channel& x, steady_time now) {
  x.last_used = now;
  if (!std::exchange(x.listed_idle, true))
    idle_.emplace_back(now, &x);
}

/// Forgets channels that were not used after this.
void outbox::forget_idle(steady_time until) {
  for (auto n = idle_.size(); n > 0 && idle_.front().first <= until; --n) {
    auto [since, x] = idle_.take_front();
    x->listed_idle = false;
    if (!x->empty())
      continue;
    if (x->last_used > until)
      note_idle(*x, x->last_used);
    else if (x->to_settle)
      note_idle(*x, until + idle_timeout_);
    else
      forget(*x);
  }
}

void outbox::forget(outgoing_channel& x) {
  if (connection_)
    connection_->forget(x);
  if (recent_ == &x)
    recent_ = nullptr;
  channels_.erase(channel_key{x.key()});
}

/// Opens all channels in which something is not acknowledged.
void outbox::reopen(std::uint64_t next) {
  for (auto& [key, x] : channels_) {
    x.handle_resume(next, connection_->window);
    if (x.empty())
      note_idle(x, x.last_used);
    if (!x.first())
      continue;
    connection_->to_say.push_back(connection_->open(x));
    say_aborted(x);
  }
  connection_->to_say.push_back(control::reopened{});
}

/// Lists what goes again from this number on.
std::size_t outbox::list_again(std::uint64_t next) {
  std::vector<due_again> all;
  std::vector<number_run> runs;
  std::size_t messages = 0;
  for (auto& [key, x] : channels_) {
    runs.clear();
    x.list_sent(next, runs);
    for (std::size_t i = 0; i < runs.size(); ++i) {
      messages += i == 0 || runs[i].key != runs[i - 1].key;
      all.push_back({runs[i], &x});
    }
    if (!x.empty())
      connection_->schedule.add(x);
  }
  std::ranges::sort(all, {}, [](const due_again& x) { return x.run.number; });
  for (const auto& x : all)
    connection_->again.push_back(x);
  return messages;
}

void outbox::end_expired(timestamp now, send_error definite) {
  next_deadline_.reset();
  for (auto& [key, x] : channels_) {
    x.handle_timeout(now, definite);
    next_deadline_ = earliest({next_deadline_, x.next_deadline(now)});
  }
  follow_up();
}

void outbox::say_aborted(outgoing_channel& x) {
  while (auto first = x.poll_aborted())
    if (x.id)
      connection_->to_say.push_back(control::abort{*x.id, *first});
}

/// To be called after messages were ended early.
void outbox::follow_up() {
  for (auto& [key, x] : channels_) {
    say_aborted(x);
    if (x.empty())
      note_idle(x, x.last_used);
  }
}

// -- chunks -------------------------------------------------------------------

std::optional<outbox::transmission>
outbox::poll_again(std::size_t max_plaintext) {
  auto& cursor = connection_->cursor;
  auto& all = connection_->again;
  chunk_batch batch{cursor, {}};
  while (!all.empty()) {
    auto& [run, channel] = all.front();
    auto chunk = channel->sent_chunk(run.key, run.index);
    if (!chunk) {
      all.pop_front();
      continue;
    }
    auto full = batch.chunks.size_with(*channel->id, chunk->size);
    if (run.number != cursor || full > max_plaintext)
      break;
    batch.chunks.add(*channel->id, chunk->last, chunk->data, chunk->offset,
                     chunk->size);
    ++cursor;
    ++run.number;
    ++run.index;
    if (--run.count == 0)
      all.pop_front();
  }
  if (batch.chunks.count() > 0)
    return batch;
  auto due = all.empty() ? next_number_ : all.front().run.number;
  if (cursor == due)
    return std::nullopt;
  return control::void_range{std::exchange(cursor, due), due};
}

std::optional<outbox::transmission>
outbox::poll_new(std::size_t max_plaintext) {
  auto& schedule = connection_->schedule;
  chunk_batch batch{next_number_, {}};
  while (auto x = schedule.next()) {
    auto size = x->next_size();
    if (!size || next_number_ == limits::sequence_end) {
      schedule.handle_done(*x);
      continue;
    }
    if (!x->id) {
      if (batch.chunks.count() > 0)
        break;
      return connection_->open(*x);
    }
    if (batch.chunks.size_with(*x->id, *size) > max_plaintext)
      break;
    auto number = next_number_++;
    auto chunk = x->take_chunk(number);
    if (chunk.last)
      batch.last_end = {*x->id, number};
    batch.chunks.add(*x->id, chunk.last, chunk.data, chunk.offset, chunk.size);
    schedule.handle_sent(*x, *size + limits::message_overhead);
  }
  connection_->cursor = next_number_;
  if (batch.chunks.count() == 0)
    return std::nullopt;
  return batch;
}

} // namespace node_proxy::internal
