#include <node_proxy/protocol/delivery/engine_backlogs.hpp>

#include <algorithm>
#include <tuple>
#include <utility>

namespace node_proxy::internal {

void engine_backlogs::add(const engine_name& engine, const backlog& x) {
  if (x.messages > 0)
    all_.push_back({engine, x});
}

std::vector<engine_backlog> engine_backlogs::longest() && {
  std::ranges::sort(all_, {}, &engine_backlog::engine);
  std::vector<engine_backlog> result;
  for (auto& x : all_) {
    if (!result.empty() && result.back().engine == x.engine)
      internal::add(result.back().waiting, x.waiting);
    else
      result.push_back(std::move(x));
  }
  auto by_messages = [](const engine_backlog& a, const engine_backlog& b) {
    return std::tie(b.waiting.messages, a.engine)
           < std::tie(a.waiting.messages, b.engine);
  };
  std::ranges::sort(result, by_messages);
  if (result.size() > max_listed_engines)
    result.resize(max_listed_engines);
  return result;
}

void add(backlog& to, const backlog& x) {
  to.messages += x.messages;
  to.bytes += x.bytes;
  to.oldest_ms = std::max(to.oldest_ms, x.oldest_ms);
}

} // namespace node_proxy::internal
