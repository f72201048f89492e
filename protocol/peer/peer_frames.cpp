// What goes over the connections of a peer, in and out.

#include <utility>

#include <node_proxy/protocol/peer/peer.hpp>
#include <node_proxy/protocol/wire/bare.hpp>

namespace node_proxy::internal {

// -- in -----------------------------------------------------------------------

void peer::handle_session(connection_id connection, proven_session session,
                          timestamp now) {
  if (adverts_.handle_call(session.from, actions_))
    connections_.handle_contact(adverts_.best_addresses());
  auto x = connections_.handle_session(
    connection, std::move(session.established), session.answered,
    wishes_.drained(),
    [this](std::uint64_t epoch) { return delivery_.resume(epoch); },
    delivery_.finished(), now);
  if (x && session.from)
    x->handle_address(ip_addr{*session.from});
  if (x)
    establish(*x, session.resume, now);
  take_events();
}

bool peer::handle_node_msg(const node_msg& msg, timestamp now) {
  auto x = connections_.active();
  auto encoded = encode(msg);
  if (!x || !encoded)
    return false;
  bytes body;
  append_uint(body, static_cast<std::uint64_t>(frame_kind::node_msg));
  body.insert(body.end(), encoded->begin(), encoded->end());
  handle_frame(x->id(), body, now);
  return true;
}

void peer::handle_frame(connection_id connection, bytes_view body,
                        timestamp now) {
  if (connections_.shakes_hands(connection))
    connections_.handle_reply(
      connection, body,
      [this](std::uint64_t epoch) { return delivery_.resume(epoch); }, now);
  else if (auto x = connections_.find(connection))
    handle_sealed(*x, body, now);
  follow_up(now);
}

void peer::handle_sealed(link& x, bytes_view body, timestamp now) {
  if (x.is<link::closing>())
    return;
  ++counted_.frames_in;
  auto frame = x.open(body, now.steady);
  if (!frame)
    return connections_.break_off(x, frame.error(), now);
  auto admitted = x.admit(*frame, now.steady);
  if (!admitted)
    return connections_.break_off(x, admitted.error(), now);
  reading_.handle_frame(*frame, body.size(), *admitted);
  if (!*admitted)
    return;
  auto take = [&](const auto& content) {
    handle(x, content, now);
  };
  if (auto control = std::get_if<control::frame>(&*frame))
    std::visit(take, *control);
  else if (auto messages = std::get_if<opened_messages>(&*frame))
    take(*messages);
  else
    take(std::get<opened_unreliable>(*frame));
  count_waste();
  shed_if_overrun(now);
}

void peer::count_waste() {
  auto [messages, bytes] = delivery_.wasted();
  reading_.handle_waste_so_far(bytes, messages);
}

void peer::handle(link& x, const opened_messages& frame, timestamp now) {
  x.restart_idle(now.steady);
  auto taken = delivery_.handle_messages(frame, now.steady, actions_);
  x.handle_taken();
  check(x, taken, now);
}

void peer::handle(link& x, const opened_unreliable& frame, timestamp now) {
  x.restart_idle(now.steady);
  auto taken = delivery_.handle_unreliable(frame, now.steady, actions_);
  x.handle_taken();
  check(x, taken, now);
}

template <class Frame>
void peer::handle(link& x, const Frame& frame, timestamp now) {
  check(x, delivery_.handle(frame, now.steady), now);
}

void peer::handle(link& x, const control::resume& frame, timestamp now) {
  establish(x, frame, now);
}

void peer::handle(link& x, const node_advert& frame, timestamp now) {
  const auto& self = connections_.local();
  if (!may_check(frame, now)) {
    ++counted_.unchecked_adverts;
    return;
  }
  auto ok = frame.id == self
              ? adverts_.handle_own(frame, self, actions_)
              : adverts_.handle_remote(frame, remote(), actions_);
  if (!ok && ok.error() == node_advert_refusal::stale)
    ++counted_.stale_adverts;
  else if (!ok)
    connections_.break_off(x, ok.error(), now);
  else if (frame.id != self)
    update_addresses(now);
}

/// Whether there is time to check the signature of an advert, if it comes to
/// that: whoever calls again and again takes no more of it by that.
bool peer::may_check(const node_advert& advert, timestamp now) {
  auto is_own = advert.id == connections_.local();
  auto known = is_own ? adverts_.versions().own : adverts_.remote_version();
  auto refused = (!is_own && advert.id != remote()) || advert.version <= known;
  return refused || !wishes_.about_stranger()
         || spare_->adverts().take(adverts_.last_caller(), now.steady);
}

void peer::handle(link& x, const control::goodbye& frame, timestamp now) {
  seal_last_words(x, now);
  connections_.handle_goodbye(x, frame, delivery_.finished(), now);
  // Two that stop do not wait for each other.
  auto reason = control::goodbye_reason_of(frame.reason);
  if (reason == control::goodbye_reason::shutdown)
    wishes_.handle_drained();
}

void peer::handle(link&, const control::unknown&, timestamp) {
  ++counted_.unknown_controls;
}

void peer::handle(link&, const control::heartbeat&, timestamp) {
  // It did what it is for by being there.
}

void peer::handle(link&, const control::rekey&, timestamp) {
  // That is a matter of the connection alone.
}

/// Breaks a connection off if its other end broke the rules.
void peer::check(link& x, const expected<void, violation>& ok, timestamp now) {
  if (!ok)
    connections_.break_off(x, ok.error(), now);
}

// -- from a session to an active connection, and to its end -------------------

/// Both ends of `x` are proven.
void peer::establish(link& x, const control::resume& resume, timestamp now) {
  auto confirmed = x.in<link::confirming>();
  if (confirmed.dialled_at
      && adverts_.handle_contact(confirmed.dialled_at->address,
                                 connections_.tried(), actions_))
    connections_.handle_contact(adverts_.best_addresses());
  auto replaces = connected();
  auto known = delivery_.remote_epoch();
  if (!connections_.prevails(x, known, delivery_.finished(), now))
    return;
  if (replaces) {
    delivery_.handle_disconnect();
    trim();
  }
  auto start = delivery_.handle_resume(x.terms(), confirmed.said, resume);
  if (delivery_.remote_epoch() != known)
    connections_.handle_new_epoch(x);
  if (!start) {
    if (replaces)
      actions_.emplace_back(peer_event{peer_disconnected{start.error()}});
    return connections_.break_off(x, start.error(), now);
  }
  // To the initiator the answer was all of it.
  delivery_.handle_round_trip(
    confirmed.round_trip.value_or(now.steady - confirmed.alive));
  connections_.activate(x, start->next_in, now);
  take_events();
  wishes_.handle_connect_end();
  for (auto advert : adverts_.newer_than(x.terms().remote_adverts))
    x.seal(*advert, now.steady);
  obstacles_.handle_change();
  if (start->resent > 0)
    actions_.emplace_back(peer_event{peer_resumed{start->resent}});
  if (!replaces)
    actions_.emplace_back(
      peer_event{peer_connected{x.terms().proto_ver, x.terms().role}});
  // A peer that restarts again and again gets no more room by that.
  shed_if_overrun(now);
}

/// Ends a connection in good order.
void peer::leave(link& x, control::goodbye_reason reason, timestamp now) {
  seal_last_words(x, now);
  connections_.leave(x, reason, delivery_.finished(), now);
}

// -- out ----------------------------------------------------------------------

bool peer::flush(timestamp now, frame_memory& memory) {
  check_shutdown(now);
  auto x = connections_.active();
  if (!x)
    return false;
  seal_owed(*x, memory, now);
  while (x->takes_messages()) {
    x->rekey_if_due(now.steady);
    auto next = delivery_.poll_transmit(x->room(), now.steady);
    if (!next)
      return false;
    if (auto batch = std::get_if<chunk_batch>(&*next))
      reading_.handle_sent(batch->chunks.count());
    x->seal(std::move(*next), memory, now.steady);
  }
  // What the socket still has to take is told when it is written.
  return x->written();
}

void peer::seal_owed(link& x, frame_memory& memory, timestamp now) {
  while (auto next = delivery_.poll_transmit({x.takes_control()}, now.steady))
    x.seal(std::move(*next), memory, now.steady);
}

/// What is owed on a connection that ends goes before the goodbye.
void peer::seal_last_words(link& x, timestamp now) {
  if (!x.is<link::active>())
    return;
  delivery_.hasten_ack();
  frame_memory none;
  seal_owed(x, none, now);
}

} // namespace node_proxy::internal
