#include <node_proxy/protocol/node/peer_book.hpp>

#include <algorithm>
#include <utility>

namespace node_proxy::internal {

namespace {

bool has_parts(const inbox_record& x) {
  return std::ranges::any_of(x.channels, [](const auto& channel) {
    return channel.unfinished && channel.unfinished->data.capacity() > 0;
  });
}

/// What has arrived in part has to come again, under the same numbers.
void drop_parts(inbox_record& x) {
  for (auto& channel : x.channels)
    if (auto& part = channel.unfinished)
      part = incoming_channel::partial{
        part->first, part->announced, {}, std::move(part->numbers)};
}

} // namespace

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
  bound_room();
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
  room result;
  for (const auto& channel : record.out.channels)
    result.rejects += channel.ended.size();
  if (record.in) {
    result.rejects += record.in->reject_count();
    result.unfinished = record.in->unfinished_bytes();
  }
  return result;
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
  if (more.rejects > 0)
    rejecting_.add(id, rank_of(x), source);
  if (more.unfinished > 0)
    partial_.add(id, rank_of(x), source);
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
  rejecting_.remove(gone.key());
  partial_.remove(gone.key());
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
  while (entries_.size() > limits_.records)
    if (!forget_first(all_))
      return;
}

/// @returns whether there was one.
bool peer_book::forget_first(const departure_order& order) {
  auto id = order.first([this](const node_id& x) { return !is_held(x); });
  if (!id)
    return false;
  remove(entries_.find(*id));
  return true;
}

/// Who leaves much behind is not to drive others out.
void peer_book::bound_room() {
  while (room_.rejects > limits_.rejects)
    if (!forget_first(rejecting_))
      break;
  while (room_.unfinished > limits_.unfinished_bytes)
    if (!bound_parts())
      break;
}

/// Drops the parts of messages of one peer, or the peer if it has none left. To
/// keep its epoch without its numbers would be to take again what was taken.
/// @returns whether there was one.
bool peer_book::bound_parts() {
  auto has_parts_left = [this](const node_id& x) {
    return has_parts(*entries_.at(x).record.in);
  };
  auto id = partial_.first(
    [&](const node_id& x) { return !is_held(x) || has_parts_left(x); });
  if (!id)
    return false;
  auto forget = !has_parts_left(*id);
  auto position = entries_.find(*id);
  entry x{{},
          position->second.standing,
          position->second.since,
          position->second.number};
  x.record = remove(position);
  if (forget)
    return true;
  drop_parts(*x.record.in);
  put(*id, x);
  return true;
}

} // namespace node_proxy::internal
