#include <node_proxy/protocol/dialler.hpp>

#include <algorithm>
#include <functional>
#include <utility>

namespace node_proxy {

void dialler::handle_addresses(std::vector<weighted_address> addresses) {
  std::ranges::stable_sort(addresses, std::greater{},
                           &weighted_address::weight);
  addresses_ = std::move(addresses);
  next_address_ = 0;
}

void dialler::handle_handshake(handshaking handshake) {
  state_.emplace<handshaking>(std::move(handshake));
}

bool dialler::handle_failure(steady_time now, random_source& random) {
  handle_end();
  auto tried_all = ++next_address_ >= addresses_.size();
  if (tried_all)
    wait(now, random);
  else
    not_before_ = now;
  return tried_all;
}

void dialler::handle_refusal(steady_time now, random_source& random) {
  handle_end();
  wait(now, random);
}

void dialler::handle_loss(bool at_once, steady_time now,
                          random_source& random) {
  if (at_once) {
    next_address_ = 0;
    not_before_ = now;
  } else {
    wait(now, random);
  }
}

std::optional<dialler::attempt> dialler::poll_attempt(steady_time now) {
  if (busy() || addresses_.empty() || now < not_before_)
    return std::nullopt;
  auto id = ++last_attempt_;
  state_ = dialling{id};
  return attempt{id, addresses_[next_address_].address};
}

bool dialler::is_dialling(attempt_id id) const {
  auto state = std::get_if<dialling>(&state_);
  return state && state->id == id;
}

std::optional<steady_time> dialler::next_deadline(bool wanted) const {
  if (auto state = std::get_if<handshaking>(&state_))
    return state->deadline;
  if (wanted && !busy() && !addresses_.empty())
    return not_before_;
  return std::nullopt;
}

void dialler::wait(steady_time now, random_source& random) {
  next_address_ = 0;
  not_before_ = now + backoff_.next(random);
}

} // namespace node_proxy
