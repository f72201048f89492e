// The octets of a simulated node: connections, and what the acceptor does with
// those that come in.

#include <algorithm>
#include <string>
#include <utility>

#include <node_proxy/protocol/wire/connection_source.hpp>

#include "network.hpp"
#include "node.hpp"

namespace simulation {

void node::handle_accepted(connection_id connection) {
  if (!serves()) {
    net_.close(connection, *this);
    return;
  }
  auto& stream = streams_[connection];
  stream.begun = net_.now().steady;
  stream.user = accepting{responder_handshake{*self_, random_.next_key()}};
  auto from = net_.at(connection).from.value_or(ip_address{});
  unproven_->handle_opened(connection, source_of(from), net_.now().steady);
  go_on_accepting();
}

void node::handle_data(connection_id connection, bytes_view data) {
  auto position = streams_.find(connection);
  if (position == streams_.end())
    return;
  auto& stream = position->second;
  stream.early.insert(stream.early.end(), data.begin(), data.end());
  if (stream.on_its_way)
    return;
  auto reader = reader_of(stream);
  if (reader && !data.empty())
    heard_[reader->id] = net_.now().steady;
  stream.held = reader && !reader->machine.begin_turn(connection, net_.now());
  if (stream.held && !reader->machine.paused())
    schedule(0s, [this, reader] { read_held(reader); });
  if (stream.held)
    return arm(reader);
  auto all = std::exchange(stream.early, {});
  stream.input.handle_input(all);
  for (;;) {
    // What a body leads to may end the connection.
    position = streams_.find(connection);
    if (position == streams_.end())
      return;
    auto x = std::get_if<accepting>(&position->second.user);
    if (x && x->waits)
      break;
    auto body = position->second.input.poll_body();
    if (!body)
      return handle_bad_frame(connection, body.error());
    if (!*body)
      break;
    handle_body(connection, to_bytes(**body));
    if (reader && !reader->ended && !reader->machine.reads_on())
      break;
  }
  position = streams_.find(connection);
  if (position == streams_.end())
    return;
  position->second.input.keep_rest();
  reader = reader_of(position->second);
  if (!reader)
    return;
  reader->machine.end_turn(all.size());
  if (!reader->machine.reads_on()) {
    position->second.held = true;
    schedule(0s, [this, reader] { read_held(reader); });
  } else if (auto unfinished =
               std::min(all.size(), position->second.input.buffered());
             unfinished > 0) {
    reader->machine.handle_progress(connection, unfinished, net_.now());
  }
  pump(reader);
}

/// The Node Proxy that reads a connection, if one does.
node::remote_ptr node::reader_of(const stream& x) const {
  auto user = std::get_if<remote_ptr>(&x.user);
  return user && *user && !x.on_its_way && !(*user)->ended ? *user : nullptr;
}

/// Goes on where the turn had ended, or the peer had taken too much.
void node::read_held(const remote_ptr& x) {
  if (x->ended || x->machine.paused())
    return;
  std::vector<connection_id> held;
  for (const auto& [id, stream] : streams_)
    if (stream.held && reader_of(stream) == x)
      held.push_back(id);
  for (auto id : held)
    handle_data(id, {});
}

void node::handle_written(connection_id connection, std::size_t count) {
  auto position = streams_.find(connection);
  if (position == streams_.end())
    return;
  auto user = std::get_if<remote_ptr>(&position->second.user);
  if (!user || !*user || position->second.on_its_way || (*user)->ended)
    return;
  auto x = *user;
  x->machine.handle_written(connection, count);
  pump(x);
}

void node::handle_closed(connection_id connection, close_reason reason) {
  auto stream = streams_.extract(connection);
  if (stream.empty())
    return;
  end_dial_on(connection);
  auto& user = stream.mapped().user;
  if (auto found = std::get_if<remote_ptr>(&user)) {
    // One that is on its way is found to be gone when it arrives.
    auto x = *found;
    if (!x || stream.mapped().on_its_way || x->ended)
      return;
    x->machine.handle_closed(connection, reason, net_.now());
    pump(x);
  } else {
    end_accepting(connection, std::get<accepting>(user), to_string(reason));
    go_on_accepting();
  }
}

void node::handle_bad_frame(connection_id connection, frame_error error) {
  net_.close(connection, *this);
  handle_closed(connection, error == frame_error::length_zero
                              ? close_reason::length_zero
                              : close_reason::length_over_limit);
}

void node::handle_body(connection_id connection, bytes_view body) {
  auto& stream = streams_.at(connection);
  if (auto x = std::get_if<accepting>(&stream.user)) {
    if (x->answered) {
      handle_proof(connection, *x, body);
    } else {
      x->init = to_bytes(body);
      x->waits = true;
      unproven_->handle_first_frame(connection, net_.now().steady);
    }
    go_on_accepting();
    return;
  }
  stream.input.set_max_body(limits::frame_body);
  auto x = std::get<remote_ptr>(stream.user);
  if (end_dial_on(connection) && net_.observer)
    net_.observer->handle_meeting(*this, x->id);
  if (!x || x->ended)
    return;
  x->machine.handle_frame(connection, body, net_.now());
  pump(x);
}

/// Does what is to be done with connections that are not proven. Nothing that
/// is computed takes any time.
void node::go_on_accepting() {
  if (auto key = std::exchange(unproven_timer_, std::nullopt))
    net_.cancel(*key);
  while (auto x = unproven_->poll_end())
    refuse(x->connection, to_string(x->reason));
  while (auto work = unproven_->poll_work(net_.now().steady))
    if (work->what == handshake_work::half::read)
      read_init(work->connection);
    else
      answer(work->connection);
  auto at = unproven_->poll_timeout();
  if (!at)
    return;
  auto delay = std::max(*at - net_.now().steady, duration{0});
  unproven_timer_ = net_.schedule(delay, owner_, [this] {
    unproven_timer_.reset();
    unproven_->handle_timeout(net_.now().steady);
    go_on_accepting();
  });
}

void node::read_init(connection_id connection) {
  auto& x = std::get<accepting>(streams_.at(connection).user);
  auto request = x.handshake.handle_init(x.init);
  if (!request)
    return refuse(connection, to_string(request.error()));
  auto now = net_.now().steady;
  x.from = request->src_node_id;
  x.admitted = directory_->handle_request(x.from, now);
  x.epoch = x.admitted.epoch;
  unproven_->handle_named(connection, x.from, x.admitted.known, now);
}

void node::answer(connection_id connection) {
  auto& stream = streams_.at(connection);
  auto& x = std::get<accepting>(stream.user);
  auto now = net_.now().steady;
  auto reply =
    x.handshake.handle_facts(x.admitted.facts, x.admitted.epoch, settings, now);
  if (!reply)
    return refuse(connection, to_string(reply.error()));
  net_.write(connection, *this, std::move(*reply));
  if (auto refused = x.handshake.refusal())
    return refuse(connection, to_string(*refused));
  x.answered = true;
  x.waits = false;
  unproven_->handle_answered(connection, now);
  if (stream.input.buffered() > 0)
    schedule(0s, [this, connection] { handle_data(connection, {}); });
}

void node::handle_proof(connection_id connection, accepting& x,
                        bytes_view body) {
  auto proven = x.handshake.handle_first_frame(body);
  if (!proven)
    return refuse(connection, to_string(proven.error()));
  auto other = x.from;
  auto taken = directory_->handle_arrival(
    {other, proven->remote_key, *std::exchange(x.epoch, std::nullopt),
     net_.at(connection).from},
    net_.now().steady);
  act();
  if (!taken) {
    if (auto goodbye = goodbye_of(taken.error()))
      net_.write(connection, *this,
                 refusal_frames(proven->established, *goodbye));
    return refuse(connection, to_string(taken.error()));
  }
  unproven_->handle_closed(connection);
  auto to = peers_.at(other);
  auto& stream = streams_.at(connection);
  stream.user = to;
  stream.on_its_way = true;
  heard_[other] = net_.now().steady;
  stream.input.set_max_body(limits::frame_body);
  proven->from = net_.at(connection).from;
  if (net_.observer)
    net_.observer->handle_meeting(*this, other);
  auto session = std::make_shared<proven_session>(std::move(*proven));
  send_to(to,
          [this, to, connection, session] { attach(to, connection, session); });
}

/// The Node Proxy has got a connection, which may have ended meanwhile.
void node::attach(const remote_ptr& to, connection_id connection,
                  const std::shared_ptr<proven_session>& session) {
  to->machine.handle_session(connection, std::move(*session), net_.now());
  auto position = streams_.find(connection);
  if (position == streams_.end()) {
    to->machine.handle_closed(connection, close_reason::lost, net_.now());
    return;
  }
  position->second.on_its_way = false;
  if (auto early = std::exchange(position->second.early, {}); !early.empty())
    schedule(0s, [this, connection, early] { handle_data(connection, early); });
}

/// Ends an inbound connection without a word.
void node::refuse(connection_id connection, std::string_view reason) {
  auto stream = streams_.extract(connection);
  if (stream.empty())
    return;
  end_accepting(connection, std::get<accepting>(stream.mapped().user), reason);
  net_.log(name_, "refuses: " + std::string{reason});
  net_.close(connection, *this);
}

void node::end_accepting(connection_id connection, const accepting& x,
                         std::string_view reason) {
  unproven_->handle_closed(connection);
  ++other_ends_[std::string{reason}];
  if (x.epoch)
    directory_->handle_request_end(x.from, *x.epoch);
}

} // namespace simulation
