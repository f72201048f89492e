#include <node_proxy/protocol/node/unproven_connections.hpp>

#include <algorithm>

#include <node_proxy/protocol/peer/timer_table.hpp>

namespace node_proxy::internal {

namespace {

constexpr std::size_t queues = 3;

/// How many of all places a crowd gets. Most are for those who were answered:
/// they wait for the network, the others for the processor.
std::size_t share(std::size_t places, std::size_t sixteenths) {
  return std::max(places, unproven_connections::min_places) * sixteenths / 16;
}

} // namespace

unproven_connections::unproven_connections(std::size_t places,
                                           const peer_settings& settings)
  : settings_{settings}, silent_{share(places, 2)}, unread_{share(places, 2)},
    named_{share(places, 2)}, answered_{share(places, 8)},
    known_named_{share(places, 1)}, known_answered_{share(places, 1)} {
  // nop
}

// -- events -------------------------------------------------------------------

void unproven_connections::handle_opened(connection_id id,
                                         const connection_source& source,
                                         steady_time now) {
  auto& x = entries_[id];
  x = {source, now};
  set_deadline(
    id, x,
    now + std::min(settings_.first_frame_timeout, settings_.handshake_timeout));
  silent_.add(id, source, now);
  keep_to_places(silent_);
}

void unproven_connections::handle_first_frame(connection_id id,
                                              steady_time now) {
  auto position = entries_.find(id);
  if (position == entries_.end())
    return;
  auto& x = position->second;
  leave(id, x);
  x.at = stage::unread;
  set_deadline(id, x, x.opened + settings_.handshake_timeout);
  unread_.add(id, x.source, now, answered_.size_of(x.source));
  keep_to_places(unread_);
}

void unproven_connections::handle_named(connection_id id, const node_id& peer,
                                        bool known, steady_time now) {
  auto position = entries_.find(id);
  if (position == entries_.end())
    return;
  auto& x = position->second;
  x.at = stage::named;
  if (known) {
    x.known = peer;
    known_named_.add(id, peer, now);
    keep_to_places(known_named_);
  } else {
    named_.add(id, x.source, now, answered_.size_of(x.source));
    keep_to_places(named_);
  }
}

void unproven_connections::handle_answered(connection_id id, steady_time now) {
  auto position = entries_.find(id);
  if (position == entries_.end())
    return;
  auto& x = position->second;
  leave(id, x);
  x.at = stage::answered;
  if (x.known) {
    known_answered_.add(id, *x.known, now);
    keep_to_places(known_answered_);
  } else {
    answered_.add(id, x.source, now);
  }
}

void unproven_connections::handle_closed(connection_id id) {
  auto gone = entries_.extract(id);
  if (gone.empty())
    return;
  leave(id, gone.mapped());
  deadlines_.erase({gone.mapped().deadline, id});
}

void unproven_connections::handle_shortage() {
  // As if each crowd had fewer places.
  const auto* fullest = &silent_;
  for (const auto* x : {&unread_, &named_, &answered_})
    if (x->size() * fullest->places() > fullest->size() * x->places())
      fullest = x;
  if (auto out = fullest->next_out())
    finish(out->id, unproven_end::made_room);
}

void unproven_connections::handle_timeout(steady_time now) {
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    auto id = deadlines_.begin()->second;
    auto is_silent = entries_.at(id).at == stage::silent;
    finish(id, is_silent ? unproven_end::first_frame_timeout
                         : unproven_end::handshake_timeout);
  }
}

// -- results ------------------------------------------------------------------

std::optional<unproven_connections::end> unproven_connections::poll_end() {
  if (ends_.empty())
    return std::nullopt;
  return ends_.take_front();
}

std::optional<handshake_work> unproven_connections::poll_work(steady_time now) {
  std::optional<handshake_work> result;
  for (std::size_t i = 0; i < queues && !result; ++i)
    result = poll_queue(next_queue_++ % queues, now);
  is_held_ = !result && named_.size() > 0;
  return result;
}

std::optional<handshake_work>
unproven_connections::poll_queue(std::size_t index, steady_time now) {
  using enum handshake_work::half;
  if (index == 0) {
    if (auto id = unread_.poll_turn())
      return begin(*id, read);
  } else if (index == 1) {
    if (auto id = known_named_.poll_turn())
      return begin(*id, answer);
  } else if (named_.size() > 0 && make_room_for_answer(now)) {
    ++answering_;
    return begin(*named_.poll_turn(), answer);
  }
  return std::nullopt;
}

std::optional<steady_time> unproven_connections::poll_timeout() const {
  std::optional<steady_time> deadline;
  if (!deadlines_.empty())
    deadline = deadlines_.begin()->first;
  return earliest({deadline, is_held_ ? answers_held_until() : std::nullopt});
}

// -- steps --------------------------------------------------------------------

void unproven_connections::set_deadline(connection_id id, entry& x,
                                        steady_time at) {
  deadlines_.erase({x.deadline, id});
  x.deadline = at;
  deadlines_.emplace(at, id);
}

/// Takes a connection out of where it is.
void unproven_connections::leave(connection_id id, const entry& x) {
  switch (x.at) {
  case stage::silent:
    silent_.remove(id);
    break;
  case stage::unread:
    unread_.remove(id);
    break;
  case stage::named:
    named_.remove(id);
    known_named_.remove(id);
    break;
  case stage::answering:
    answering_ -= !x.known;
    break;
  case stage::answered:
    answered_.remove(id);
    known_answered_.remove(id);
    break;
  case stage::reading:
    break;
  }
}

void unproven_connections::finish(connection_id id, unproven_end reason) {
  handle_closed(id);
  ends_.push_back({id, reason});
}

template <class Source>
void unproven_connections::keep_to_places(const crowd<Source>& x) {
  while (x.size() > x.places())
    finish(x.next_out()->id, unproven_end::made_room);
}

/// When the next stranger can be answered, if not now.
std::optional<steady_time> unproven_connections::answers_held_until() const {
  auto first = answered_.next_out();
  if (!first || answered_.size() + answering_ < answered_.places())
    return std::nullopt;
  return first->since + proof_time;
}

bool unproven_connections::make_room_for_answer(steady_time now) {
  if (answered_.size() + answering_ < answered_.places())
    return true;
  auto at = answers_held_until();
  if (!at || *at > now)
    return false;
  finish(answered_.next_out()->id, unproven_end::made_room);
  return true;
}

handshake_work unproven_connections::begin(connection_id id,
                                           handshake_work::half what) {
  entries_.at(id).at =
    what == handshake_work::half::read ? stage::reading : stage::answering;
  return {id, what};
}

} // namespace node_proxy::internal
