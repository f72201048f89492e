#include <node_proxy/protocol/dialler.hpp>

#include <algorithm>
#include <functional>

namespace node_proxy {

void dialler::handle_addresses(std::vector<weighted_address> addresses) {
  std::ranges::stable_sort(addresses, std::greater{},
                           &weighted_address::weight);
  auto before = std::exchange(targets_, {});
  for (auto& x : addresses) {
    auto& added = targets_.emplace_back(target{std::move(x.address)});
    auto same = std::ranges::find(before, added.address, &target::address);
    if (same != before.end())
      added.attempt = std::exchange(same->attempt, std::nullopt);
  }
}

void dialler::handle_dialled(attempt_id id, bool wanted) {
  auto position = std::ranges::find(targets_, id, &target::attempt);
  if (position == targets_.end())
    return;
  position->attempt.reset();
  position->tried = wanted;
}

bool dialler::handle_failure(steady_time now, random_source& random) {
  auto tried_all = !busy() && std::ranges::all_of(targets_, &target::tried);
  if (tried_all)
    wait(now, random);
  else
    not_before_ = now;
  return tried_all;
}

void dialler::handle_end() {
  handshake_.reset();
  for (auto& x : targets_)
    x.attempt.reset();
  begin_round();
}

void dialler::handle_refusal(steady_time now, random_source& random) {
  handle_end();
  wait(now, random);
}

void dialler::handle_loss(bool at_once, steady_time now,
                          random_source& random) {
  if (at_once) {
    begin_round();
    not_before_ = now;
  } else {
    wait(now, random);
  }
}

std::optional<dialler::attempt> dialler::poll_attempt(steady_time now) {
  if (now < not_before_ || !may_dial())
    return std::nullopt;
  auto next = std::ranges::find_if(targets_, &target::waits);
  next->attempt = ++last_attempt_;
  not_before_ = now + attempt_delay_;
  return attempt{last_attempt_, next->address};
}

bool dialler::is_dialling(attempt_id id) const {
  return std::ranges::find(targets_, id, &target::attempt) != targets_.end();
}

std::optional<steady_time> dialler::next_deadline(bool wanted) const {
  if (handshake_)
    return handshake_->deadline;
  if (wanted && may_dial())
    return not_before_;
  return std::nullopt;
}

/// How many attempts have no connection so far.
std::size_t dialler::dialling() const {
  return static_cast<std::size_t>(std::ranges::count_if(
    targets_, [](const target& x) { return x.attempt.has_value(); }));
}

/// Whether there will be an attempt once its time has come.
bool dialler::may_dial() const {
  return !handshake_ && dialling() < most_attempts
         && std::ranges::any_of(targets_, &target::waits);
}

void dialler::begin_round() {
  for (auto& x : targets_)
    x.tried = false;
}

void dialler::wait(steady_time now, random_source& random) {
  begin_round();
  not_before_ = now + backoff_.next(random);
}

} // namespace node_proxy
