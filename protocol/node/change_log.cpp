#include <node_proxy/protocol/node/change_log.hpp>

#include <utility>

namespace node_proxy::internal {

namespace {

/// The last word about a node is in one place.
template <class Changes, class Value>
void put(Changes& urgent, Changes& waiting, const node_id& id, Value value,
         bool by_stranger) {
  auto known = urgent.find(id);
  if (by_stranger && known == urgent.end()) {
    waiting.insert_or_assign(id, std::move(value));
    return;
  }
  waiting.erase(id);
  urgent.insert_or_assign(id, std::move(value));
}

/// Moves changes as long as there is something to pay for them.
template <class Changes>
void move_some(Changes& from, Changes& to, token_bucket& budget, bool all,
               steady_time now) {
  while (!from.empty() && (all || budget.take(1, now)))
    to.insert(from.extract(from.begin()));
}

} // namespace

void change_log::handle_node(const node_id& id, std::optional<known_node> known,
                             bool by_stranger) {
  put(urgent_.nodes, waiting_.nodes, id, std::move(known), by_stranger);
  waiting_.bound();
}

void change_log::handle_connected(const node_id& id, bool connected,
                                  bool by_stranger) {
  put(urgent_.connected, waiting_.connected, id, connected, by_stranger);
  waiting_.bound();
}

std::optional<state_changes> change_log::poll(steady_time now, bool all) {
  if (!waiting_.empty() && (all || not_before_ <= now))
    release(now, all);
  if (urgent_.empty())
    return std::nullopt;
  return std::exchange(urgent_, {});
}

void change_log::release(steady_time now, bool all) {
  move_some(waiting_.nodes, urgent_.nodes, budget_, all, now);
  move_some(waiting_.connected, urgent_.connected, budget_, all, now);
  if (!waiting_.empty())
    not_before_ = now + interval;
}

} // namespace node_proxy::internal
