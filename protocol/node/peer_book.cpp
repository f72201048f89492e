#include <node_proxy/protocol/node/peer_book.hpp>

#include <algorithm>
#include <utility>

namespace node_proxy::internal {

void peer_book::handle_dormant(const node_id& id, peer_record record,
                               bool named, steady_time now) {
  static_cast<void>(take(id, now));
  if (record.finished && !requests_.contain(id))
    return;
  // Who leaves much behind is not to drive others out.
  auto room = room_of(record);
  if (room_.rejects + room.rejects > limits_.rejects
      || room_.unfinished + room.unfinished > limits_.unfinished_bytes)
    record.in.reset();
  add(record);
  auto& list = named ? named_ : strangers_;
  auto position = list.insert(list.end(), {id, std::move(record), now});
  places_[id] = {&list, position};
  forget_too_many();
}

void peer_book::handle_request_end(const node_id& id) {
  auto place = places_.find(id);
  if (place == places_.end())
    return;
  auto [list, position] = place->second;
  if (position->record.finished)
    forget(*list, position);
  forget_too_many();
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
  remove(result);
  list->erase(position);
  return result;
}

std::size_t peer_book::size(steady_time now) {
  forget_old(now);
  return places_.size();
}

void peer_book::forget_old(steady_time now) {
  for (auto* list : {&strangers_, &named_}) {
    auto i = list->begin();
    while (i != list->end() && now - i->since >= limits_.lifetime)
      i = is_held(*i) ? std::next(i) : forget(*list, i);
  }
}

peer_book::room peer_book::room_of(const peer_record& record) {
  if (!record.in)
    return {};
  return {record.in->reject_count(), record.in->unfinished_bytes()};
}

void peer_book::add(const peer_record& record) {
  auto [rejects, unfinished] = room_of(record);
  room_.rejects += rejects;
  room_.unfinished += unfinished;
}

void peer_book::remove(const peer_record& record) {
  auto [rejects, unfinished] = room_of(record);
  room_.rejects -= rejects;
  room_.unfinished -= unfinished;
}

void peer_book::forget_too_many() {
  while (places_.size() > limits_.records
         && (forget_first(strangers_) || forget_first(named_)))
    continue;
}

/// Forgets the oldest one of a list that is not held, if there is one.
bool peer_book::forget_first(entries& list) {
  auto oldest = std::ranges::find_if_not(
    list, [this](const entry& x) { return is_held(x); });
  if (oldest == list.end())
    return false;
  forget(list, oldest);
  return true;
}

/// @returns the next one.
peer_book::entries::iterator peer_book::forget(entries& list,
                                               entries::iterator position) {
  remove(position->record);
  places_.erase(position->id);
  return list.erase(position);
}

} // namespace node_proxy::internal
