#include <node_proxy/protocol/delivery/stranger_budget.hpp>

#include <algorithm>
#include <limits>
#include <utility>

namespace node_proxy::internal {

namespace {

std::int64_t signed_of(std::uint64_t bytes) {
  return static_cast<std::int64_t>(bytes);
}

} // namespace

// -- stranger_budget ----------------------------------------------------------

stranger_budget::stranger_budget(std::uint64_t bytes, std::uint64_t largest)
  : size_(std::max(bytes, 4 * largest)), part_(signed_of(size_ / parts)),
    largest_(signed_of(largest)), free_(signed_of(size_)) {}

std::shared_ptr<stranger_budget::counter>
stranger_budget::of_engine(const engine_name& name) {
  atomic_guard guard{lock_};
  auto& known = engines_[name];
  auto result = known.lock();
  if (result)
    return result;
  known = result = std::make_shared<counter>(0);
  forget_unused();
  return result;
}

bool stranger_budget::has_room(const counter& engine,
                               std::uint64_t bytes) const {
  auto wanted = signed_of(bytes);
  return engine.load(std::memory_order_relaxed) + wanted <= free() - wanted;
}

/// Strangers may name engines that there are not. Each new name pays for two
/// looks at others, so there are no more than twice those in use, and nobody
/// waits until all of them were looked at.
void stranger_budget::forget_unused() {
  for (int i = 0; i < 2; ++i) {
    if (next_look_ == engines_.end())
      next_look_ = engines_.begin();
    if (next_look_->second.expired())
      next_look_ = engines_.erase(next_look_);
    else
      ++next_look_;
  }
}

// -- stranger_account ---------------------------------------------------------

void stranger_account::set_waiting(bool waits) {
  if (std::exchange(waits_, waits) != waits)
    budget_->add_waiting(waits ? 1 : -1);
}

bool stranger_account::poll_excess() {
  return std::exchange(exceeded_, false);
}

bool stranger_account::may_hold(const stranger_charge& charge,
                                std::uint64_t bytes) const {
  if (charged_ + signed_of(bytes) <= spared)
    return true;
  if (full(0))
    return false;
  if (budget_->has_room(*charge.engine_, bytes))
    return true;
  budget_->handle_shortage();
  return false;
}

bool stranger_account::may_take(const stranger_charge& charge,
                                std::uint64_t own, std::uint64_t bytes) const {
  return !full(own) && budget_->has_room(*charge.engine_, bytes);
}

void stranger_account::add(stranger_budget::counter& engine,
                           std::int64_t bytes) {
  // What everybody is spared is there besides, lest beginnings of messages take
  // the room that it needs to end them.
  auto shared = [](std::int64_t all) {
    return std::max<std::int64_t>(all - spared, 0);
  };
  auto before = shared(std::exchange(charged_, charged_ + bytes));
  auto more = shared(charged_) - before;
  engine.fetch_add(bytes, std::memory_order_relaxed);
  // Other threads use it, too.
  if (more != 0)
    budget_->add(more);
  if (bytes <= 0)
    return;
  // One message may have begun when the part was nearly used up, and windows
  // that channels have for themselves are theirs.
  if (charged_ > budget_->part() + budget_->largest() + spared
      || (charged_ > spared && budget_->free() < 0))
    exceeded_ = true;
}

// -- stranger_charge ----------------------------------------------------------

stranger_charge& stranger_charge::operator=(stranger_charge&& x) noexcept {
  set(0);
  account_ = std::exchange(x.account_, nullptr);
  engine_ = std::exchange(x.engine_, nullptr);
  bytes_ = std::exchange(x.bytes_, 0);
  return *this;
}

void stranger_charge::set(std::uint64_t bytes) {
  if (!account_)
    return;
  auto more = signed_of(bytes) - std::exchange(bytes_, signed_of(bytes));
  if (more != 0)
    account_->add(*engine_, more);
}

// -- stranger_backlog ---------------------------------------------------------

bool stranger_backlog::has_room(std::uint64_t bytes) const {
  if (!counts_ || bytes_ + bytes <= spared)
    return true;
  if (signed_of(bytes_ + bytes)
      <= budget_->free_for_backlog() - signed_of(bytes))
    return true;
  budget_->handle_shortage();
  return false;
}

std::uint64_t stranger_backlog::max_size() const {
  return counts_ ? std::max(budget_->size() / 4, spared)
                 : std::numeric_limits<std::uint64_t>::max();
}

void stranger_backlog::set(std::uint64_t bytes, bool counts) {
  auto before = signed_of(charged());
  bytes_ = bytes;
  counts_ = counts;
  if (auto more = signed_of(charged()) - before; more != 0)
    budget_->add_backlog(more);
}

std::uint64_t stranger_backlog::charged() const {
  return counts_ && bytes_ > spared ? bytes_ - spared : 0;
}

} // namespace node_proxy::internal
