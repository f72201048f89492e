#include <node_proxy/protocol/node/unproven_connections.hpp>

#include <algorithm>

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
    strangers_{crowd<connection_source>{share(places, 2)},
               crowd<connection_source>{share(places, 8)}},
    known_{crowd<known_caller>{share(places, 1)},
           crowd<known_caller>{share(places, 1)}} {
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
  unread_.add(id, x.source, now, strangers_.answered.size_of(x.source));
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
    known_.add(id, x.as_known(), now);
    keep_to_places(known_.waiting);
  } else {
    strangers_.add(id, x.source, now);
    keep_to_places(strangers_.waiting);
  }
}

void unproven_connections::handle_answered(connection_id id, steady_time now) {
  auto position = entries_.find(id);
  if (position == entries_.end())
    return;
  auto& x = position->second;
  leave(id, x);
  x.at = stage::answered;
  if (x.known)
    known_.answered.add(id, x.as_known(), now);
  else
    strangers_.answered.add(id, x.source, now);
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
  for (const auto* x : {&unread_, &strangers_.waiting, &strangers_.answered})
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
  is_held_ = !result;
  return result;
}

std::optional<handshake_work>
unproven_connections::poll_queue(std::size_t index, steady_time now) {
  if (index == 0) {
    if (auto id = unread_.poll_turn())
      return begin(*id, handshake_work::half::read);
    return std::nullopt;
  }
  return index == 1 ? poll_answer(known_, now) : poll_answer(strangers_, now);
}

template <class Source>
std::optional<handshake_work>
unproven_connections::poll_answer(answer_line<Source>& line, steady_time now) {
  if (line.waiting.size() == 0)
    return std::nullopt;
  if (!line.has_room()) {
    auto at = line.next_answer();
    if (!at || *at > now)
      return std::nullopt;
    finish(line.answered.next_out()->id, unproven_end::made_room);
  }
  ++line.answering;
  return begin(*line.waiting.poll_turn(), handshake_work::half::answer);
}

std::optional<steady_time> unproven_connections::poll_timeout() const {
  std::optional<steady_time> deadline;
  if (!deadlines_.empty())
    deadline = deadlines_.begin()->first;
  if (!is_held_)
    return deadline;
  return earliest({deadline, strangers_.next_answer(), known_.next_answer()});
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
    strangers_.waiting.remove(id);
    known_.waiting.remove(id);
    break;
  case stage::answering:
    --(x.known ? known_.answering : strangers_.answering);
    break;
  case stage::answered:
    strangers_.answered.remove(id);
    known_.answered.remove(id);
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

handshake_work unproven_connections::begin(connection_id id,
                                           handshake_work::half what) {
  entries_.at(id).at =
    what == handshake_work::half::read ? stage::reading : stage::answering;
  return {id, what};
}

} // namespace node_proxy::internal
