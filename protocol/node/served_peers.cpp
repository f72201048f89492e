#include <node_proxy/protocol/node/served_peers.hpp>

#include <algorithm>

namespace node_proxy::internal {

// -- events -------------------------------------------------------------------

void served_peers::add(const node_id& id, std::uint64_t epoch,
                       peer_standing standing) {
  auto [position, is_new] = entries_.try_emplace(id);
  if (!is_new)
    return;
  position->second.epoch = epoch;
  position->second.standing = standing;
  count_in(position->second);
}

bool served_peers::remove(const node_id& id) {
  auto ended = entries_.extract(id);
  if (ended.empty())
    return false;
  count_out(ended.mapped());
  here_.remove(id);
  return true;
}

void served_peers::handle_arrival(const node_id& id,
                                  const connection_source& source,
                                  steady_time until) {
  change(id, [&](entry& x) {
    x.arriving_until = until;
    x.source = source;
    x.displaced = false;
  });
  arrivals_.push_back({until, id});
}

void served_peers::handle_connected(const node_id& id) {
  change(id, [](entry& x) {
    x.connected = true;
    x.arriving_until.reset();
    x.displaced = false;
  });
}

void served_peers::handle_disconnected(const node_id& id) {
  change(id, [](entry& x) { x.connected = false; });
}

void served_peers::handle_displacement(const node_id& id) {
  change(id, [](entry& x) {
    x.displaced = true;
    x.arriving_until.reset();
  });
}

bool served_peers::set_standing(const node_id& id, peer_standing standing) {
  auto is_new = false;
  change(id, [&](entry& x) {
    is_new = std::exchange(x.standing, standing) != standing;
  });
  return is_new;
}

void served_peers::handle_timeout(steady_time now) {
  while (!arrivals_.empty() && arrivals_.front().first <= now)
    // It may have come again since then.
    change(arrivals_.take_front().second, [now](entry& x) {
      if (x.arriving_until && *x.arriving_until <= now)
        x.arriving_until.reset();
    });
}

// -- results ------------------------------------------------------------------

std::optional<steady_time> served_peers::poll_timeout() const {
  if (arrivals_.empty())
    return std::nullopt;
  return arrivals_.front().first;
}

// -- state --------------------------------------------------------------------

const served_peers::entry* served_peers::find(const node_id& id) const {
  auto x = entries_.find(id);
  return x != entries_.end() ? &x->second : nullptr;
}

std::size_t served_peers::gone_guests(const connection_source& from) const {
  auto x = gone_guests_.find(from);
  return x != gone_guests_.end() ? x->second : 0;
}

std::size_t served_peers::gone_guests(std::size_t share) const {
  std::size_t result = 0;
  for (const auto& [source, count] : gone_guests_)
    result += std::min(count, share);
  return result;
}

void served_peers::count_in(const entry& x) {
  count_.add(x);
  if (x.is_gone_guest())
    ++gone_guests_[x.source];
}

void served_peers::count_out(const entry& x) {
  count_.remove(x);
  if (!x.is_gone_guest())
    return;
  auto known = gone_guests_.find(x.source);
  if (--known->second == 0)
    gone_guests_.erase(known);
}

/// Who stays here keeps its place among those of its standing.
void served_peers::update_place(const node_id& id, const entry& x) {
  auto rank = static_cast<std::size_t>(x.standing);
  if (!x.is_here())
    here_.remove(id);
  else if (here_.rank_of(id) != rank)
    here_.add(id, rank, x.source);
}

void served_peers::census::add(const entry& x) {
  connected += x.connected;
  guests += x.is_guest();
  guests_here += x.is_guest() && x.is_here();
}

void served_peers::census::remove(const entry& x) {
  connected -= x.connected;
  guests -= x.is_guest();
  guests_here -= x.is_guest() && x.is_here();
}

} // namespace node_proxy::internal
