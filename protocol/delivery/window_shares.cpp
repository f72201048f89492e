#include <node_proxy/protocol/delivery/window_shares.hpp>

#include <algorithm>

#include <node_proxy/messages/limits.hpp>

namespace node_proxy::internal {

// -- receive_budget -----------------------------------------------------------

namespace {

/// At least half of all is for those with standing.
std::uint64_t strangers_part(const peer_settings& settings) {
  return std::min(settings.stranger_window, settings.node_window / 2);
}

} // namespace

receive_budget::receive_budget(const peer_settings& settings)
  : receive_budget(
    settings.node_window - strangers_part(settings),
    std::make_shared<stranger_budget>(strangers_part(settings),
                                      std::uint64_t{settings.max_message}
                                        + limits::message_overhead
                                        + stranger_budget::message_memory)) {}

// -- window_shares ------------------------------------------------------------

void window_shares::set_budgeted(bool budgeted) {
  if (budgeted == budgeted_)
    return;
  budgeted_ = true;
  if (budgeted)
    budget_->take_anyway(extra_ + large_);
  else
    give(extra_ + large_);
  budgeted_ = budgeted;
}

void window_shares::handle_consumed(share& x, std::uint64_t cost,
                                    std::uint64_t needed, bool may_grow) {
  auto spare = window(x) - std::min(window(x), needed);
  if (x.large > 0)
    return shrink(x.large, large_, std::min({cost, spare, x.large}));
  if (auto max = bound(x); x.extra > max)
    return shrink(x.extra, extra_, std::min({cost, spare, x.extra - max}));
  x.moved += cost;
  if (x.moved < window(x) / 2 || !may_grow)
    return;
  x.moved = 0;
  try_grow(x, std::min(x.extra + window(x), bound(x)));
}

bool window_shares::handle_begun(share& x, std::uint64_t needed,
                                 std::uint64_t alone) {
  // As much as all of it takes, or else what it takes at least.
  for (auto wanted : {needed, alone})
    if (window(x) < wanted && wanted - all_.own <= bound(x)
        && try_grow(x, wanted - all_.own))
      return true;
  if (window(x) >= alone)
    return true;
  // Nothing is taken by halves: those who wait for the rest of it would keep it
  // from each other.
  auto large = alone - window(x);
  if (needed > alone || large_ + large > all_.large || !take(large))
    return false;
  x.large += large;
  large_ += large;
  return true;
}

bool window_shares::adopt(share& x, std::uint64_t window) {
  if (window <= this->window(x))
    return true;
  auto more = window - this->window(x);
  // It was permitted once, whatever others have by now: what they got since
  // then may be what this one has given back, if the other side has not heard
  // of it.
  if (more > capacity() || extra_ + large_ + more > 2 * capacity())
    return false;
  auto extra = std::min(more, all_.shared - extra_);
  auto large = more - extra;
  if (budgeted_)
    budget_->take_anyway(more);
  x.extra += extra;
  extra_ += extra;
  x.large += large;
  large_ += large;
  return true;
}

void window_shares::release(share& x) {
  shrink(x.extra, extra_, x.extra);
  shrink(x.large, large_, x.large);
  x.moved = 0;
}

void window_shares::clear() {
  give(extra_ + large_);
  extra_ = 0;
  large_ = 0;
}

/// How much of what is shared a channel may have: as much as is free then.
std::uint64_t window_shares::bound(const share& x) const {
  return (growth_ - std::min(growth_, extra_ - x.extra)) / 2;
}

/// Gives a channel so much of what is shared, if it has less.
/// @returns false if it has not, or if there is not as much.
bool window_shares::try_grow(share& x, std::uint64_t extra) {
  if (extra <= x.extra || !take(extra - x.extra))
    return false;
  extra_ += extra - x.extra;
  x.extra = extra;
  return true;
}

void window_shares::shrink(std::uint64_t& part, std::uint64_t& total,
                           std::uint64_t by) {
  part -= by;
  total -= by;
  give(by);
}

bool window_shares::take(std::uint64_t bytes) {
  return !budgeted_ || budget_->take(bytes);
}

void window_shares::give(std::uint64_t bytes) {
  if (budgeted_)
    budget_->give(bytes);
}

} // namespace node_proxy::internal
