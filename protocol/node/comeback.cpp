#include <node_proxy/protocol/node/comeback.hpp>

#include <algorithm>
#include <utility>

namespace node_proxy::internal {

// What is planned has been done before it is planned anew.
static_assert(comeback::dial_time <= comeback::way_back_interval);

void comeback::handle_lost(const node_id& id, steady_time now) {
  lost_.insert(id);
  probe_until_ = now + probe_time;
}

void comeback::handle_alone(steady_time now) {
  if (!lost_.empty() && now < probe_until_)
    plan_probe(now);
}

void comeback::handle_start(steady_time now) {
  plan_dials(now);
  probe_until_ = now + probe_time;
  handle_alone(now);
}

void comeback::handle_connected(const node_id& id, bool alone,
                                steady_time now) {
  next_probe_.reset();
  auto was_lost = lost_.erase(id) > 0;
  if ((!was_lost && !alone) || now < next_way_back_)
    return;
  next_way_back_ = now + way_back_interval;
  way_back_ = true;
  plan_dials(now);
}

void comeback::handle_timeout(steady_time now) {
  while (!planned_.empty() && planned_.begin()->first <= now) {
    auto due = planned_.extract(planned_.begin());
    if (lost_.contains(due.mapped()))
      dials_.push_back(due.mapped());
  }
  if (next_probe_ && *next_probe_ <= now)
    probe(now);
}

std::optional<node_id> comeback::poll_dial() {
  if (dials_.empty())
    return std::nullopt;
  return dials_.take_front();
}

bool comeback::poll_way_back() {
  return std::exchange(way_back_, false);
}

std::optional<steady_time> comeback::poll_timeout() const {
  if (planned_.empty())
    return next_probe_;
  return earliest({planned_.begin()->first, next_probe_});
}

// -- private ------------------------------------------------------------------

void comeback::plan_dials(steady_time now) {
  planned_.clear();
  for (auto left = std::min(lost_.size(), max_dials); left > 0; --left) {
    auto at = now + random_.below(dial_time);
    planned_.emplace(at, next_in_turn());
  }
}

void comeback::plan_probe(steady_time now) {
  next_probe_ = now + probe_interval / 2 + random_.below(probe_interval);
}

void comeback::probe(steady_time now) {
  next_probe_.reset();
  if (lost_.empty() || now >= probe_until_)
    return;
  dials_.push_back(next_in_turn());
  plan_probe(now);
}

node_id comeback::next_in_turn() {
  auto next = lost_.upper_bound(last_);
  return last_ = next != lost_.end() ? *next : *lost_.begin();
}

} // namespace node_proxy::internal
