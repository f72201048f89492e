// What memory the messages of one peer get, and what is counted of it.

#include <algorithm>
#include <utility>
#include <vector>

#include <node_proxy/messages/limits.hpp>
#include <node_proxy/protocol/delivery/inbox.hpp>

namespace node_proxy::internal {

namespace {

/// How long until memory that was not there is looked for again. Others of the
/// node may have it, and give it back without a word.
constexpr duration retry_delay = std::chrono::milliseconds{50};

/// Of those that wait for memory, so many are looked at whenever some may be
/// free.
constexpr std::size_t grants_at_once = 8;

/// A message to which memory was promised is to be whole by then, if others
/// wait for memory: after a while for any, and as fast as a slow line is.
constexpr duration first_patience = std::chrono::seconds{10};
constexpr std::uint64_t patient_rate = 64u << 10; // bytes per second

constexpr duration patience_for(std::uint64_t size) {
  return first_patience + std::chrono::seconds{size / patient_rate};
}

/// What a channel takes beside what is in it: 480 bytes and its name twice were
/// measured, 130 and its name again are there once it was charged for a
/// message.
std::uint64_t memory_of(const channel_key& key) {
  return 640 + 3 * key.target.size();
}

/// How long until those are looked at again that are late.
constexpr duration check_interval = std::chrono::seconds{1};

} // namespace

// -- events -------------------------------------------------------------------

void inbox::handle_standing(bool is_stranger, steady_time now) {
  if (is_stranger == account_.counts())
    return;
  account_.set_counts(is_stranger);
  shares_.set_budgeted(!is_stranger);
  // All of it may be there in small messages, and is to be within its part.
  shares_.set_growth(is_stranger ? account_.part() / 8 : shares_.shared());
  for (auto& [key, x] : channels_)
    charge(x);
  charge_channels();
  if (!is_stranger)
    for (auto& [key, x] : orphans_)
      x.charge.set(0);
  // What counts as of now was permitted before.
  account_.reset_excess();
  check_progress(now);
  grant_all(now);
}

void inbox::handle_departure() {
  if (!account_.counts() || connection_.departed)
    return;
  static_cast<void>(take_ack()); // there is nobody to hear it
  for (auto& [key, x] : channels_) {
    x.id.reset();
    x.drop_unfinished();
    x.grant_wanted = false;
    charge(x);
  }
  to_grant_.clear();
  account_.set_waiting(false);
  // What is left stays until the peer has said which channels are open again.
  connection_ = {};
  connection_.departed = true;
  connection_.reopened_at = 0;
  forget_unopened();
}

// -- private ------------------------------------------------------------------

incoming_channel& inbox::find_or_add(const channel_key& key) {
  auto [position, is_new] = channels_.try_emplace(key, key, next_serial_);
  if (is_new) {
    by_serial_.emplace(next_serial_++, &position->second);
    channels_memory_ += memory_of(key);
    charge_channels();
  }
  return position->second;
}

void inbox::forget_unopened() {
  if (channels_.size() == connection_.open.size())
    return; // there are none
  std::vector<incoming_channel*> left;
  for (auto& [key, x] : channels_)
    if (!x.id)
      left.push_back(&x);
  for (auto* x : left)
    forget_if_idle(*x);
}

/// Of a channel that is not open nothing is kept but what engines have, and
/// what has come since the connection began.
void inbox::forget_if_idle(incoming_channel& x) {
  unsettled_ -= x.handle_settled(*connection_.reopened_at);
  if (x.unfinished() && x.unfinished()->first < *connection_.reopened_at) {
    --partials_;
    consume(x, x.handle_abort(x.unfinished()->first).value_or(0));
  }
  if (x.idle() && x.rejects().empty())
    forget(x);
}

void inbox::forget(incoming_channel& x) {
  shares_.release(x.share);
  if (connection_.recent == &x)
    connection_.recent = nullptr;
  if (x.id)
    connection_.open.erase(*x.id);
  if (x.ack_wanted)
    std::erase(to_ack_, &x);
  if (x.grant_wanted)
    to_grant_.erase_if([&x](const auto* y) { return y == &x; });
  if (x.reject_held)
    held_.erase_if([&x](const auto* y) { return y == &x; });
  channels_memory_ -= memory_of(x.key());
  charge_channels();
  by_serial_.erase(x.serial());
  channels_.erase(channel_key{x.key()});
}

/// So much of a channel is not outstanding any more.
void inbox::consume(incoming_channel& x, std::uint64_t cost) {
  x.unacknowledged += cost;
  const auto& next = x.unfinished();
  auto needed = next ? next->announced + limits::message_overhead : 0;
  charge(x);
  auto may_grow = has_memory_for(x, 0, shares_.window(x.share));
  shares_.handle_consumed(x.share, cost, needed, may_grow);
}

/// Makes the window of a channel large enough for the message that has begun to
/// arrive, or has that wait.
void inbox::grant(incoming_channel& x, steady_time now) {
  const auto& message = x.unfinished();
  if (!message || message->granted)
    return;
  auto before = shares_.window(x.share);
  auto alone = message->announced + limits::message_overhead;
  auto all = x.outstanding() - message->cost + alone;
  auto own = std::min<std::uint64_t>(message->memory(), alone);
  auto has_memory = has_memory_for(x, own, alone - own);
  if (!has_memory && before >= alone)
    return; // that was permitted before, and counts when it comes
  auto granted = has_memory && shares_.handle_begun(x.share, all, alone);
  if (!has_memory && !account_.full(own))
    account_.set_waiting(true);
  if (shares_.window(x.share) != before) {
    want_ack(x, now);
    x.ack_urgent = true;
  }
  if (granted) {
    x.handle_granted(now);
    charge(x);
    if (account_.counts())
      check_at_ = earliest({check_at_, now + patience_for(message->announced)});
    return;
  }
  if (!std::exchange(x.grant_wanted, true))
    to_grant_.push_back(&x);
  if (!has_memory && !check_at_)
    check_at_ = now + first_patience;
  retry_at_ = retry_at_.value_or(now + retry_delay);
}

/// Some memory may be free. However many wait for it, that is not looked at for
/// all of them each time: they take turns.
void inbox::grant_some(steady_time now) {
  for (auto n = std::min(to_grant_.size(), grants_at_once); n > 0; --n) {
    auto x = to_grant_.take_front();
    x->grant_wanted = false;
    grant(*x, now);
  }
}

void inbox::grant_all(steady_time now) {
  retry_at_.reset();
  account_.set_waiting(false);
  for (auto n = to_grant_.size(); n > 0; n -= std::min(n, grants_at_once))
    grant_some(now);
}

/// Whether there is so much for more of a channel.
/// @param own what there is of that which is to get more.
bool inbox::has_memory_for(incoming_channel& x, std::uint64_t own,
                           std::uint64_t more) {
  if (!account_.counts())
    return true;
  charge(x);
  return account_.may_take(x.charge, own, more);
}

/// Counts what there is of a channel, if the peer is a stranger.
void inbox::charge(incoming_channel& x) {
  if (account_.counts() && !x.charge.exists())
    x.charge = stranger_charge{account_, x.key().target};
  x.charge.set(account_.counts() ? x.memory() : 0);
}

void inbox::charge_channels() {
  if (account_.counts() && !channels_charge_.exists())
    channels_charge_ = stranger_charge{account_};
  channels_charge_.set(account_.counts() ? channels_memory_ : 0);
}

/// Whoever has memory that others wait for has to use it.
void inbox::check_progress(steady_time now) {
  check_at_.reset();
  if (!account_.counts())
    return;
  for (const auto& [key, x] : channels_) {
    if (!x.unfinished() || !x.unfinished()->granted)
      continue;
    auto due =
      *x.unfinished()->granted + patience_for(x.unfinished()->announced);
    if (due <= now && account_.is_wanted())
      account_.handle_excess();
    check_at_ = earliest({check_at_, std::max(due, now + check_interval)});
  }
  // So do many beginnings, none of which may go on.
  if (to_grant_.empty())
    return;
  std::uint64_t begun = 0;
  for (const auto* x : to_grant_)
    begun += x->memory();
  if (begun > stranger_account::spared && account_.is_wanted())
    account_.handle_excess();
  check_at_ = earliest({check_at_, now + check_interval});
}

} // namespace node_proxy::internal
