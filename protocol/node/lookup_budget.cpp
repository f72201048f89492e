#include <node_proxy/protocol/node/lookup_budget.hpp>

namespace node_proxy::internal {

// -- events -------------------------------------------------------------------

bool lookup_budget::handle_wanted(lookup_id id, peer_standing standing) {
  auto& line = waiting_[static_cast<std::size_t>(standing)];
  if (line.size() >= max_waiting)
    return false;
  line.push_back(id);
  return true;
}

void lookup_budget::handle_unwanted(lookup_id id) {
  for (auto& line : waiting_)
    std::erase(line, id);
}

void lookup_budget::handle_end(lookup_id id) {
  auto ended = under_way_.extract(id);
  if (!ended.empty())
    for_strangers_ -= is_stranger(ended.mapped());
}

// -- results ------------------------------------------------------------------

std::optional<lookup_id> lookup_budget::poll_begin() {
  // From the highest standing on.
  for (auto i = waiting_.size(); i-- > 0;) {
    auto standing = static_cast<peer_standing>(i);
    auto& line = waiting_[i];
    if (line.empty() || !has_room_for(standing))
      continue;
    auto id = line.front();
    line.pop_front();
    under_way_.emplace(id, standing);
    for_strangers_ += is_stranger(standing);
    return id;
  }
  return std::nullopt;
}

// -- private ------------------------------------------------------------------

bool lookup_budget::has_room_for(peer_standing x) const {
  return under_way_.size() < max
         && (!is_stranger(x) || for_strangers_ < max_for_strangers);
}

} // namespace node_proxy::internal
