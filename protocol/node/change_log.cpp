#include <node_proxy/protocol/node/change_log.hpp>

#include <utility>

namespace node_proxy::internal {

namespace {

using ids = std::unordered_set<node_id>;

/// Whether the disk has less after such a change: a node is forgotten, or
/// connected no more.
template <class Value>
bool is_removal(const Value& value) {
  return !value;
}

/// The last word about a node is in one place, and nothing is removed that was
/// never written.
template <class Changes, class Value>
void put(Changes& urgent, Changes& waiting, const ids& stored,
         const node_id& id, Value value, bool by_stranger) {
  waiting.erase(id);
  if (!by_stranger || urgent.contains(id))
    urgent.insert_or_assign(id, std::move(value));
  else if (!is_removal(value) || stored.contains(id))
    waiting.emplace(id, std::move(value));
}

/// Moves changes that `match` as long as there is something to pay for them.
template <class Changes, class Predicate>
void move_some(Changes& from, Changes& to, Predicate matches,
               token_bucket& budget, bool all, steady_time now) {
  for (auto i = from.begin(); i != from.end();)
    if (!matches(i->second))
      ++i;
    else if (all || budget.take(1, now))
      to.insert(from.extract(i++));
    else
      return;
}

/// These changes are handed out to be written.
template <class Changes>
void note_stored(ids& stored, const Changes& changes) {
  for (const auto& [id, value] : changes)
    if (is_removal(value))
      stored.erase(id);
    else
      stored.insert(id);
}

} // namespace

change_log::change_log(const stored_state& on_disk)
  : stored_connected_{on_disk.connected_peers.begin(),
                      on_disk.connected_peers.end()} {
  for (const auto& x : on_disk.nodes)
    stored_nodes_.insert(x.advert.id);
}

void change_log::handle_node(const node_id& id, std::optional<known_node> known,
                             bool by_stranger) {
  put(urgent_.nodes, waiting_.nodes, stored_nodes_, id, std::move(known),
      by_stranger);
}

void change_log::handle_connected(const node_id& id, bool connected,
                                  bool by_stranger) {
  put(urgent_.connected, waiting_.connected, stored_connected_, id, connected,
      by_stranger);
}

std::optional<state_changes> change_log::poll(steady_time now, bool all) {
  if (!waiting_.empty() && (all || not_before_ <= now))
    release(now, all);
  if (urgent_.empty())
    return std::nullopt;
  return take_urgent();
}

void change_log::release(steady_time now, bool all) {
  auto is_first = [](const auto& value) {
    return is_removal(value);
  };
  auto any = [](const auto&) {
    return true;
  };
  move_some(waiting_.nodes, urgent_.nodes, is_first, budget_, all, now);
  move_some(waiting_.connected, urgent_.connected, is_first, budget_, all, now);
  move_some(waiting_.nodes, urgent_.nodes, any, budget_, all, now);
  move_some(waiting_.connected, urgent_.connected, any, budget_, all, now);
  if (!waiting_.empty())
    not_before_ = now + interval;
}

state_changes change_log::take_urgent() {
  note_stored(stored_nodes_, urgent_.nodes);
  note_stored(stored_connected_, urgent_.connected);
  return std::exchange(urgent_, {});
}

} // namespace node_proxy::internal
