#include <node_proxy/protocol/delivery/window_shares.hpp>

#include <algorithm>

namespace node_proxy::internal {

void window_shares::handle_consumed(share& x, std::uint64_t cost,
                                    std::uint64_t needed) {
  auto spare = window(x) - std::min(window(x), needed);
  if (x.large > 0)
    return shrink(x.large, large_, std::min({cost, spare, x.large}));
  if (auto most = bound(x); x.extra > most)
    return shrink(x.extra, extra_, std::min({cost, spare, x.extra - most}));
  x.moved += cost;
  if (x.moved < window(x) / 2)
    return;
  x.moved = 0;
  static_cast<void>(grow(x, std::min(x.extra + window(x), bound(x))));
}

bool window_shares::handle_begun(share& x, std::uint64_t needed,
                                 std::uint64_t alone) {
  // As much as all of it takes, or else what it takes at least.
  for (auto wanted : {needed, alone})
    if (window(x) < wanted && wanted - all_.own <= bound(x)
        && grow(x, wanted - all_.own))
      return true;
  if (window(x) >= alone)
    return true;
  // Nothing is taken by halves: those who wait for the rest of it would keep it
  // from each other.
  auto large = alone - window(x);
  if (needed > alone || large_ + large > all_.large || !budget_->take(large))
    return false;
  x.large += large;
  large_ += large;
  return true;
}

bool window_shares::adopt(share& x, std::uint64_t window) {
  if (window <= this->window(x))
    return true;
  auto more = window - this->window(x);
  auto extra = std::min(more, all_.shared - extra_);
  auto large = more - extra;
  if (large > all_.large - large_)
    return false;
  // It was permitted once, whatever others have by now.
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
  budget_->give(extra_ + large_);
  extra_ = 0;
  large_ = 0;
}

/// How much of what is shared a channel may have: as much as is free then.
std::uint64_t window_shares::bound(const share& x) const {
  return (all_.shared - (extra_ - x.extra)) / 2;
}

/// Gives a channel so much of what is shared, if it has less.
bool window_shares::grow(share& x, std::uint64_t extra) {
  if (extra <= x.extra || !budget_->take(extra - x.extra))
    return false;
  extra_ += extra - x.extra;
  x.extra = extra;
  return true;
}

void window_shares::shrink(std::uint64_t& part, std::uint64_t& total,
                           std::uint64_t by) {
  part -= by;
  total -= by;
  budget_->give(by);
}

} // namespace node_proxy::internal
