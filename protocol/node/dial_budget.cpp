#include <node_proxy/protocol/node/dial_budget.hpp>

#include <algorithm>
#include <cassert>
#include <utility>

#include <node_proxy/protocol/wire/address_kind.hpp>

namespace node_proxy::internal {

namespace {

constexpr std::array from_the_highest{
  peer_standing::named, peer_standing::introduced, peer_standing::known,
  peer_standing::guest};

constexpr std::array strangers{peer_standing::known, peer_standing::guest};

/// Names are resolved before.
dial_place place_of(const transport_address& address) {
  const auto* host = host_of(address);
  assert(host != nullptr);
  return source_of(canonical(*host));
}

} // namespace

dial_budget::dial_budget(std::size_t max)
  : max_(max),
    max_for_strangers_(std::max<std::size_t>(max / strangers_part, 1)) {}

// -- events -------------------------------------------------------------------

void dial_budget::handle_wanted(dial_id id, const transport_address& to,
                                peer_standing standing) {
  auto place = place_of(to);
  line_of(standing).handle_wanted(
    id, place, is_stranger(standing) && held_.contains(place));
  entries_.emplace(id, entry{place, standing});
}

void dial_budget::handle_connected(dial_id id) {
  auto position = entries_.find(id);
  if (position == entries_.end())
    return;
  if (auto place = std::exchange(position->second.unanswered, std::nullopt))
    unanswered_.erase(*place);
}

void dial_budget::handle_end(dial_id id) {
  handle_connected(id);
  auto ended = entries_.extract(id);
  if (ended.empty())
    return;
  const auto& x = ended.mapped();
  if (!x.under_way)
    return line_of(x.standing).handle_unwanted(id, x.to);
  --under_way_;
  if (!is_stranger(x.standing))
    return;
  --for_strangers_;
  set_held(x.to, false);
}

// -- results ------------------------------------------------------------------

std::optional<dial_id> dial_budget::poll_begin(steady_time now) {
  for (auto standing : from_the_highest) {
    if (!has_room_for(standing))
      return std::nullopt;
    if (auto id = line_of(standing).poll()) {
      begin(*id, now);
      return id;
    }
  }
  return std::nullopt;
}

std::optional<dial_id> dial_budget::poll_overdue(steady_time now) const {
  auto at = poll_timeout();
  if (!at || now < *at)
    return std::nullopt;
  return unanswered_.front().id;
}

std::optional<steady_time> dial_budget::poll_timeout() const {
  if (unanswered_.empty() || !strangers_wait()
      || has_room_for(peer_standing::guest))
    return std::nullopt;
  return unanswered_.front().at + stranger_time;
}

// -- private ------------------------------------------------------------------

bool dial_budget::has_room_for(peer_standing x) const {
  return under_way_ < max_
         && (!is_stranger(x) || for_strangers_ < max_for_strangers_);
}

void dial_budget::begin(dial_id id, steady_time now) {
  auto& x = entries_.at(id);
  x.under_way = true;
  ++under_way_;
  if (!is_stranger(x.standing))
    return;
  ++for_strangers_;
  set_held(x.to, true);
  x.unanswered = unanswered_.insert(unanswered_.end(), {now, id});
}

/// Whether strangers who want to be dialled there have to wait.
void dial_budget::set_held(const dial_place& to, bool held) {
  if (held)
    held_.insert(to);
  else
    held_.erase(to);
  for (auto standing : strangers)
    if (held)
      line_of(standing).handle_held(to);
    else
      line_of(standing).handle_released(to);
}

bool dial_budget::strangers_wait() const {
  return std::ranges::any_of(strangers, [this](peer_standing x) {
    return lines_[static_cast<std::size_t>(x)].has_next();
  });
}

} // namespace node_proxy::internal
