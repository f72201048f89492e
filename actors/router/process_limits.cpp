#include <node_proxy/actors/router/process_limits.hpp>

#include <algorithm>
#include <string>
#include <utility>

namespace node_proxy::internal {

namespace {

double share_used(const limit_status& x) {
  auto max = std::max<std::uint64_t>(x.max, 1);
  return static_cast<double>(x.used) / static_cast<double>(max);
}

} // namespace

std::array<limit_use, 2> budgets_in_use(const receive_budget& budget) {
  const auto& strangers = *budget.strangers();
  return {{{"receive_bytes", budget.used(), budget.size(), budget.shortages()},
           {"stranger_bytes", strangers.used(), strangers.size(),
            strangers.shortages()}}};
}

limit_use fullest_outbox(const std::vector<peer_status>& peers,
                         const peer_settings& settings) {
  limit_use result{"outbox_bytes", 0, settings.outbox_bytes};
  for (const auto& x : peers)
    result.used = std::max(result.used, x.waiting.bytes);
  return result;
}

limit_status status_of(const limit_use& x) {
  return {std::string{x.name}, x.used, x.max};
}

void add_limit(std::vector<limit_status>& to, limit_status x,
               worker_id worker) {
  auto known = std::ranges::find(to, x.name, &limit_status::name);
  if (known == to.end() || share_used(x) <= share_used(*known))
    return;
  x.worker = worker;
  *known = std::move(x);
}

} // namespace node_proxy::internal
