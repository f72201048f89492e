#include <node_proxy/protocol/node/peer_book.hpp>

#include <utility>

namespace node_proxy::internal {

namespace {

std::size_t rejects_of(const peer_record& record) {
  return record.in ? record.in->rejects.size() : 0;
}

} // namespace

void peer_book::handle_dormant(const node_id& id, peer_record record,
                               bool named, steady_time now) {
  static_cast<void>(take(id, now));
  // Who leaves many rejects behind is not to drive others out.
  if (rejects_ + rejects_of(record) > limits_.rejects)
    record.in.reset();
  rejects_ += rejects_of(record);
  auto& list = named ? named_ : strangers_;
  auto position = list.insert(list.end(), {id, std::move(record), now});
  places_[id] = {&list, position};
  if (places_.size() > limits_.records)
    forget(strangers_.empty() ? named_ : strangers_);
}

const peer_record* peer_book::find(const node_id& id, steady_time now) {
  forget_old(now);
  auto place = places_.find(id);
  return place != places_.end() ? &place->second.position->record : nullptr;
}

std::optional<peer_record> peer_book::take(const node_id& id, steady_time now) {
  forget_old(now);
  auto place = places_.extract(id);
  if (place.empty())
    return std::nullopt;
  auto [list, position] = place.mapped();
  auto result = std::move(position->record);
  rejects_ -= rejects_of(result);
  list->erase(position);
  return result;
}

std::size_t peer_book::size(steady_time now) {
  forget_old(now);
  return places_.size();
}

void peer_book::forget_old(steady_time now) {
  for (auto* list : {&strangers_, &named_})
    while (!list->empty() && now - list->front().since >= limits_.lifetime)
      forget(*list);
}

/// Forgets the oldest one of a list.
void peer_book::forget(entries& list) {
  rejects_ -= rejects_of(list.front().record);
  places_.erase(list.front().id);
  list.pop_front();
}

} // namespace node_proxy::internal
