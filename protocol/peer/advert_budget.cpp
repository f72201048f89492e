#include <node_proxy/protocol/peer/advert_budget.hpp>

#include <iterator>

namespace node_proxy::internal {

bool advert_budget::take(const std::optional<ip_address>& from,
                         steady_time now) {
  auto source = from ? source_of(*from) : connection_source{};
  atomic_guard guard{lock_};
  if (sources_.size() >= max_sources && !sources_.contains(source)) {
    for (auto i = sources_.begin(); i != sources_.end();)
      i = i->second.is_full(now) ? sources_.erase(i) : std::next(i);
    if (sources_.size() >= max_sources)
      sources_.clear();
  }
  auto& part =
    sources_.try_emplace(source, token_bucket{max_of_source, rate_of_source})
      .first->second;
  if (part.level(now) < 1 || !all_.take(1, now))
    return false;
  part.take_anyway(1);
  return true;
}

} // namespace node_proxy::internal
