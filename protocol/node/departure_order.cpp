#include <node_proxy/protocol/node/departure_order.hpp>

namespace node_proxy::internal {

void departure_order::add(const node_id& id, std::size_t rank,
                          const connection_source& source) {
  remove(id);
  entry x{rank, source, ++last_number_};
  entries_.emplace(id, x);
  change(x, [&](group& of) { of.emplace(x.number, id); });
}

bool departure_order::remove(const node_id& id) {
  auto gone = entries_.extract(id);
  if (gone.empty())
    return false;
  const auto& x = gone.mapped();
  change(x, [&x](group& of) { of.erase(x.number); });
  return true;
}

std::optional<node_id> departure_order::first_below(std::size_t rank) const {
  if (places_.empty() || places_.begin()->rank >= rank)
    return std::nullopt;
  const auto& x = *places_.begin();
  return groups_.at({x.rank, x.source}).begin()->second;
}

std::optional<node_id> departure_order::first(
  const std::function<bool(const node_id&)>& may_go) const {
  for (const auto& x : places_)
    for (const auto& [number, id] : groups_.at({x.rank, x.source}))
      if (may_go(id))
        return id;
  return std::nullopt;
}

template <class F>
void departure_order::change(const entry& x, F f) {
  auto [position, is_new] = groups_.try_emplace({x.rank, x.source});
  auto& of = position->second;
  if (!is_new)
    places_.erase({x.rank, of.size(), x.source});
  f(of);
  if (of.empty())
    groups_.erase(position);
  else
    places_.insert({x.rank, of.size(), x.source});
}

} // namespace node_proxy::internal
