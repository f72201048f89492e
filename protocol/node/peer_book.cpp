#include <node_proxy/protocol/node/peer_book.hpp>

#include <utility>

namespace node_proxy::internal {

void peer_book::handle_dormant(const node_id& id, peer_record record,
                               peer_standing standing, steady_time now) {
  forget_old(now);
  erase(id);
  if (record.finished && !is_held(id))
    return;
  put(id, {std::move(record), standing, now, ++last_number_});
  bound_room();
  forget_too_many();
}

void peer_book::handle_request_end(const node_id& id) {
  auto known = entries_.find(id);
  if (known == entries_.end())
    return;
  if (known->second.record.finished)
    remove(known);
  forget_too_many();
}

const peer_record* peer_book::find(const node_id& id, steady_time now) {
  forget_old(now);
  auto known = entries_.find(id);
  return known != entries_.end() ? &known->second.record : nullptr;
}

std::optional<peer_record> peer_book::take(const node_id& id, steady_time now) {
  forget_old(now);
  auto known = entries_.find(id);
  if (known == entries_.end())
    return std::nullopt;
  return remove(known);
}

void peer_book::erase(const node_id& id) {
  if (auto known = entries_.find(id); known != entries_.end())
    remove(known);
}

std::size_t peer_book::size(steady_time now) {
  forget_old(now);
  return entries_.size();
}

peer_book::room peer_book::room_of(const peer_record& record) {
  if (!record.in)
    return {};
  return {record.in->reject_count(), record.in->unfinished_bytes()};
}

std::size_t peer_book::rank_of(const entry& x) {
  if (is_stranger(x.standing) && !x.record.used())
    return 0;
  return 1 + static_cast<std::size_t>(x.standing);
}

void peer_book::put(const node_id& id, const entry& x) {
  const auto& host = x.record.called_from;
  auto source =
    host && is_stranger(x.standing) ? source_of(*host) : connection_source{};
  auto more = room_of(x.record);
  room_.rejects += more.rejects;
  room_.unfinished += more.unfinished;
  all_.add(id, rank_of(x), source);
  if (!more.empty())
    roomy_.add(id, rank_of(x), source);
  by_age_.emplace(x.number, id);
  entries_.emplace(id, x);
}

/// @returns what there was.
peer_record peer_book::remove(entries::iterator position) {
  auto gone = entries_.extract(position);
  auto less = room_of(gone.mapped().record);
  room_.rejects -= less.rejects;
  room_.unfinished -= less.unfinished;
  all_.remove(gone.key());
  roomy_.remove(gone.key());
  by_age_.erase(gone.mapped().number);
  return std::move(gone.mapped().record);
}

void peer_book::forget_old(steady_time now) {
  for (auto i = by_age_.begin(); i != by_age_.end();) {
    auto known = entries_.find((i++)->second);
    if (now - known->second.since < limits_.lifetime)
      return;
    if (!is_held(known->first))
      remove(known);
  }
}

void peer_book::forget_too_many() {
  while (entries_.size() > limits_.records) {
    auto id = all_.first([this](const node_id& x) { return !is_held(x); });
    if (!id)
      return;
    remove(entries_.find(*id));
  }
}

/// Who leaves much behind is not to drive others out. That it is a peer of ours
/// is kept.
void peer_book::bound_room() {
  while (room_.rejects > limits_.rejects
         || room_.unfinished > limits_.unfinished_bytes) {
    auto position =
      entries_.find(*roomy_.first([](const node_id&) { return true; }));
    auto id = position->first;
    auto x = position->second;
    remove(position);
    x.record.in.reset();
    put(id, x);
  }
}

} // namespace node_proxy::internal
