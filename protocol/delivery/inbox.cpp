#include <node_proxy/protocol/delivery/inbox.hpp>

#include <algorithm>
#include <utility>

#include <node_proxy/messages/limits.hpp>
#include <node_proxy/protocol/delivery/engine_backlogs.hpp>
#include <node_proxy/protocol/wire/bare_types.hpp>

namespace node_proxy::internal {

namespace {

/// The size that the beginning of an encoded `serialized_msg` announces.
std::uint64_t announced_size(bytes_view begin) {
  auto rest = begin.subspan(std::min<std::size_t>(1, begin.size()));
  auto size = take_uint(rest);
  return size ? begin.size() - rest.size() + *size : 0;
}

/// To look at a channel takes as long as to read so many octets.
constexpr std::uint64_t channel_glance = 16;

/// What a chunk counts in the window of its channel.
std::uint64_t cost_of(const incoming_channel& x, bytes_view chunk) {
  auto goes_on = x.unfinished() && x.unfinished()->cost > 0;
  return chunk.size() + (goes_on ? 0 : limits::message_overhead);
}

} // namespace

expected<void, violation> check_size(bool last, bytes_view chunk) {
  if (chunk.empty())
    return unexpected{violation::empty_chunk};
  if (last ? chunk.size() > limits::fragment : chunk.size() != limits::fragment)
    return unexpected{violation::bad_fragment};
  return {};
}

// -- inbox_record -------------------------------------------------------------

std::size_t inbox_record::reject_count() const {
  std::size_t result = 0;
  for (const auto& x : channels)
    result += x.rejects.size();
  return result;
}

std::size_t inbox_record::unfinished_bytes() const {
  std::size_t result = 0;
  for (const auto& x : channels)
    if (x.unfinished)
      result += sizeof(channel) + x.key.target.size() + x.unfinished->memory();
  return result;
}

// -- inbox --------------------------------------------------------------------

inbox::inbox(const peer_settings& settings,
             std::shared_ptr<receive_budget> budget, stranger_account& account,
             const std::optional<inbox_record>& record)
  : max_message_(settings.max_message), account_(account),
    shares_({settings.channel_window, settings.window, settings.large_window},
            std::move(budget)) {
  if (!record)
    return;
  epoch_ = record->epoch;
  expected_ = record->next;
  used_ = record->used;
  for (const auto& [key, rejects, unfinished] : record->channels) {
    find_or_add(key).restore(rejects, unfinished);
    partials_ += unfinished.has_value();
  }
  unsettled_ = record->reject_count();
}

// -- events of connections ----------------------------------------------------

expected<void, violation> inbox::handle_resume(std::uint64_t epoch,
                                               std::uint64_t first,
                                               std::uint64_t next) {
  if (first > limits::sequence_end)
    return unexpected{violation::bad_range};
  if (epoch_ != epoch)
    reset(epoch, first);
  // What is here was not acknowledged. Of what is not, the peer may have spoken
  // on a connection that had no end here: a void range will say so.
  auto is_claimed = [first](const auto& x) {
    return x.second.next(first) < first;
  };
  if (std::ranges::any_of(channels_, is_claimed))
    return unexpected{violation::beyond_received};
  expected_ = std::max(expected_, next);
  for (auto& [number, x] : connection_.open)
    x->id.reset();
  connection_ = {};
  return {};
}

expected<void, violation> inbox::handle_open(const control::open& open,
                                             steady_time now) {
  if (open.channel != connection_.next_channel)
    return unexpected{violation::out_of_order};
  // Those of an earlier connection are forgotten once it is known which of them
  // are open again.
  if (connection_.open.size() >= limits::channels
      || channels_.size() >= 2 * limits::channels)
    return unexpected{violation::bad_open};
  auto& x = find_or_add({open.target, open.ordering});
  if (x.id || !shares_.adopt(x.share, open.window))
    return unexpected{violation::bad_open};
  x.id = connection_.next_channel++;
  connection_.open.emplace(*x.id, &x);
  want_ack(x, now);
  grant(x, now);
  return {};
}

void inbox::handle_reopened(std::uint64_t begin, steady_time now) {
  if (connection_.reopened_at && begin <= *connection_.reopened_at)
    return;
  connection_.reopened_at = begin;
  forget_unopened();
  advance_rejected(now);
}

expected<void, violation> inbox::handle_close(const control::close& close) {
  auto x = find_open(close.channel);
  if (!x)
    return unexpected{violation::unknown_channel};
  if (!x->idle() || !x->rejects().empty())
    return unexpected{violation::bad_close};
  forget(*x);
  return {};
}

expected<std::optional<received_message>, violation>
inbox::handle_chunk(std::uint64_t channel, std::uint64_t seq, bool last,
                    bytes_view data, steady_time now) {
  auto x = find_open(channel);
  if (!x)
    return unexpected{violation::unknown_channel};
  // What was dropped comes again before anything new.
  auto again = x->missing() == seq;
  if (!again && seq < expected_)
    return std::nullopt; // arrived on an earlier connection
  if (!again && (seq > expected_ || x->missing()))
    return unexpected{violation::out_of_order};
  auto announced = check_chunk(*x, last, data);
  if (!announced)
    return unexpected{announced.error()};
  expected_ += !again;
  auto is_first = !x->unfinished();
  auto cost = cost_of(*x, data);
  if (!last) {
    x->handle_fragment(seq, *announced, data, cost);
    partials_ += is_first;
    charge(*x);
    grant(*x, now);
    return std::nullopt;
  }
  used_ = true;
  ++waiting_;
  ++unfinished_;
  reliable_id id{generation_, x->serial(), seq};
  if (is_first) {
    x->handle_arrived(seq, cost, now);
    charge(*x);
    return received_message{id, x->key().target, data};
  }
  --partials_;
  auto [first, gathered] = x->handle_last_fragment(data, cost, now);
  charge(*x);
  id.first = first;
  auto view = gathered.view();
  return received_message{id, x->key().target, view, std::move(gathered)};
}

expected<void, violation> inbox::handle_abort(const control::abort& abort,
                                              steady_time now) {
  auto x = find_open(abort.channel);
  if (!x)
    return unexpected{violation::unknown_channel};
  if (auto cost = x->handle_abort(abort.first)) {
    --partials_;
    wasted_.bytes += *cost;
    consume(*x, *cost);
    want_ack(*x, now);
    grant_some(now);
  }
  return {};
}

expected<void, violation> inbox::handle_void(const control::void_range& range,
                                             steady_time now) {
  if (range.to <= range.from || range.to > limits::sequence_end)
    return unexpected{violation::bad_range};
  if (range.from > expected_)
    return unexpected{violation::out_of_order};
  if (range.to <= expected_) {
    // It has arrived on another connection. Of channels that are not open the
    // peer has all that it wants to know.
    if (connection_.reopened_at && *connection_.reopened_at < range.to) {
      // Nothing else bounds how often all channels are looked at.
      if (channels_.size() > connection_.open.size())
        wasted_.bytes += channels_.size() * channel_glance;
      handle_reopened(range.to, now);
    }
    return {};
  }
  expected_ = range.to;
  // Whichever channels they were of, they are consumed.
  wasted_.bytes += connection_.open.size() * limits::message_overhead;
  for (auto& [number, x] : connection_.open)
    want_ack(*x, now);
  return {};
}

expected<void, violation> inbox::handle_settled(const control::settled& settled,
                                                steady_time now) {
  auto x = find_open(settled.channel);
  if (!x)
    return unexpected{violation::unknown_channel};
  if (settled.next > x->next(expected_))
    return unexpected{violation::beyond_received};
  unsettled_ -= x->handle_settled(settled.next);
  advance_rejected(now);
  return {};
}

// -- events of this node ------------------------------------------------------

void inbox::handle_finished(const reliable_id& id,
                            std::optional<control::reject_reason> reason,
                            steady_time now) {
  if (id.generation != generation_)
    return finish_orphan(id);
  auto x = find_serial(id.channel);
  if (!x)
    return;
  if (x->handle_finished(id.first, reason))
    --unfinished_;
  advance(*x, now);
}

void inbox::handle_timeout(steady_time now) {
  if (retry_at_ && *retry_at_ <= now)
    grant_all(now);
  if (check_at_ && *check_at_ <= now)
    check_progress(now);
}

// -- results ------------------------------------------------------------------

control::ack inbox::take_ack() {
  control::ack result;
  result.channels.reserve(to_ack_.size());
  for (auto* x : to_ack_) {
    x->ack_wanted = false;
    x->ack_urgent = false;
    x->unacknowledged = 0;
    if (x->id)
      result.channels.push_back({*x->id,
                                 x->next(expected_),
                                 shares_.window(x->share),
                                 {x->rejects().begin(), x->rejects().end()}});
  }
  to_ack_.clear();
  ack_wanted_since_.reset();
  return result;
}

// -- state --------------------------------------------------------------------

const engine_name* inbox::target_of(std::uint64_t channel) const {
  auto x = find_open(channel);
  return x ? &x->key().target : nullptr;
}

std::optional<control::received_state> inbox::received() const {
  if (!epoch_)
    return std::nullopt;
  auto next = expected_;
  for (const auto& [key, x] : channels_)
    next = std::min(next, x.missing().value_or(next));
  return control::received_state{*epoch_, next};
}

std::optional<steady_time> inbox::next_deadline() const {
  if (!retry_at_ || !check_at_)
    return retry_at_ ? retry_at_ : check_at_;
  return std::min(retry_at_, check_at_);
}

bool inbox::ack_is_urgent() const {
  return std::ranges::any_of(to_ack_, [this](const incoming_channel* x) {
    return x->ack_urgent
           || x->unacknowledged
                > std::min(x->outstanding(), shares_.window(x->share) / 4);
  });
}

std::optional<inbox_record> inbox::record() const {
  if (!epoch_ || waiting_ > 0)
    return std::nullopt;
  inbox_record result{*epoch_, expected_};
  for (const auto& [key, x] : channels_)
    if (x.unfinished() || !x.rejects().empty())
      result.channels.push_back(
        {key, {x.rejects().begin(), x.rejects().end()}, x.unfinished()});
  result.used = used_;
  return result;
}

std::vector<engine_backlog> inbox::untaken_by(steady_time now) const {
  engine_backlogs result;
  if (unfinished_ > 0)
    for (const auto& [key, x] : channels_)
      result.add(key.target, x.untaken(now));
  return std::move(result).longest();
}

void inbox::trim() {
  for (auto& [key, x] : channels_)
    x.trim();
}

// -- private ------------------------------------------------------------------

/// The peer's numbers begin anew: it has restarted, or forgot us. What it never
/// got an acknowledgement for and no engine has taken is dropped.
void inbox::reset(std::uint64_t epoch, std::uint64_t first) {
  for (auto& [key, x] : channels_) {
    x.charge = {};
    for (const auto& message : x.waiting())
      if (!message.finished) {
        auto& left = orphans_[{generation_, message.first}];
        left.cost = message.cost;
        if (account_.counts())
          left.charge = stranger_charge{account_, key.target};
        left.charge.set(message.cost + stranger_budget::message_memory);
        orphaned_ += message.cost;
      }
  }
  epoch_ = epoch;
  ++generation_;
  expected_ = first;
  used_ = false;
  connection_ = {};
  by_serial_.clear();
  to_ack_.clear();
  to_grant_.clear();
  held_.clear();
  channels_.clear();
  channels_memory_ = 0;
  charge_channels();
  shares_.clear();
  waiting_ = 0;
  unfinished_ = 0;
  partials_ = 0;
  unsettled_ = 0;
  ack_wanted_since_.reset();
  retry_at_.reset();
  check_at_.reset();
  account_.set_waiting(false);
}

incoming_channel* inbox::find_open(std::uint64_t channel) const {
  if (connection_.recent && connection_.recent->id == channel)
    return connection_.recent;
  auto x = connection_.open.find(channel);
  if (x == connection_.open.end())
    return nullptr;
  connection_.recent = x->second;
  return connection_.recent;
}

incoming_channel* inbox::find_serial(std::uint64_t serial) const {
  if (connection_.recent && connection_.recent->serial() == serial)
    return connection_.recent;
  auto x = by_serial_.find(serial);
  return x == by_serial_.end() ? nullptr : x->second;
}

void inbox::finish_orphan(const reliable_id& id) {
  auto position = orphans_.find({id.generation, id.first});
  if (position == orphans_.end())
    return;
  orphaned_ -= position->second.cost;
  orphans_.erase(position);
}

/// Whether a chunk may come here and now.
/// @returns what its message announced, if it is a fragment.
expected<std::uint64_t, violation> inbox::check_chunk(const incoming_channel& x,
                                                      bool last,
                                                      bytes_view data) const {
  if (auto ok = check_size(last, data); !ok)
    return unexpected{ok.error()};
  if (expected_ + 1 > limits::sequence_end)
    return unexpected{violation::bad_range};
  const auto& before = x.unfinished();
  auto size = data.size() + (before ? before->data.size() : 0);
  auto announced = before ? before->announced
                   : last ? size
                          : announced_size(data);
  if (last ? size != announced : size >= announced)
    return unexpected{violation::bad_fragment};
  if (announced > max_message_)
    return unexpected{violation::message_too_long};
  if (x.outstanding() + cost_of(x, data) > shares_.window(x.share))
    return unexpected{violation::beyond_window};
  return announced;
}

/// Moves on to the first message that is not consumed. While too many rejects
/// are unsettled no more are added, so the window closes.
void inbox::advance(incoming_channel& x, steady_time now) {
  auto moved = false;
  for (;;) {
    if (x.rejects_next() && unsettled_ >= limits::unsettled_rejects) {
      if (!std::exchange(x.reject_held, true))
        held_.push_back(&x);
      break;
    }
    auto done = x.poll_consumed();
    if (!done)
      break;
    --waiting_;
    if (done->rejected) {
      ++unsettled_;
      ++wasted_.messages;
      wasted_.bytes += done->cost;
    }
    consume(x, done->cost);
    moved = true;
  }
  if (!moved)
    return;
  want_ack(x, now);
  // Now it may be alone in its channel.
  if (x.grant_wanted)
    grant(x, now);
  grant_some(now);
  if (connection_.reopened_at && !x.id)
    forget_if_idle(x);
}

/// Goes on where rejects had to wait.
void inbox::advance_rejected(steady_time now) {
  while (!held_.empty() && unsettled_ < limits::unsettled_rejects) {
    auto x = held_.take_front();
    x->reject_held = false;
    advance(*x, now);
  }
}

void inbox::want_ack(incoming_channel& x, steady_time now) {
  if (!ack_wanted_since_)
    ack_wanted_since_ = now;
  if (!std::exchange(x.ack_wanted, true))
    to_ack_.push_back(&x);
}

} // namespace node_proxy::internal
