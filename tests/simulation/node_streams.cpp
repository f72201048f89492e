// The octets of a simulated node: connections, and what the acceptor does with
// those that come in.

#include <algorithm>
#include <string>
#include <utility>

#include "network.hpp"
#include "node.hpp"

namespace simulation {

void node::handle_accepted(connection_id connection) {
  if (!serves()) {
    net_.close(connection, *this);
    return;
  }
  auto timeout =
    net_.schedule(settings.handshake_timeout, owner_, [this, connection] {
      refuse(connection, "handshake_timeout");
    });
  auto& stream = streams_[connection];
  stream.begun = net_.now().steady;
  stream.user =
    accepting{responder_handshake{*self_, random_.next_key()}, timeout};
}

void node::handle_data(connection_id connection, bytes_view data) {
  auto position = streams_.find(connection);
  if (position == streams_.end())
    return;
  if (auto other = std::get_if<node_id>(&position->second.user))
    heard_[*other] = net_.now().steady;
  position->second.input.handle_input(data);
  for (;;) {
    // What a body leads to may end the connection.
    position = streams_.find(connection);
    if (position == streams_.end())
      return;
    auto body = position->second.input.poll_body();
    if (!body)
      return handle_bad_frame(connection, to_string(body.error()));
    if (!*body)
      break;
    handle_body(connection, to_bytes(**body));
  }
  auto unfinished = std::min(data.size(), position->second.input.buffered());
  auto other = std::get_if<node_id>(&position->second.user);
  if (unfinished > 0 && other && peers_.contains(*other))
    with_peer(node_id{*other}, [&](peer& x) {
      x.handle_progress(connection, unfinished, net_.now());
    });
}

void node::handle_written(connection_id connection, std::size_t count) {
  auto position = streams_.find(connection);
  if (position == streams_.end())
    return;
  if (auto other = std::get_if<node_id>(&position->second.user);
      other && peers_.contains(*other))
    with_peer(node_id{*other},
              [&](peer& x) { x.handle_written(connection, count); });
}

void node::handle_closed(connection_id connection, std::string_view reason) {
  auto stream = streams_.extract(connection);
  if (stream.empty())
    return;
  auto& user = stream.mapped().user;
  if (auto other = std::get_if<node_id>(&user)) {
    if (peers_.contains(*other))
      with_peer(*other, [&](peer& x) {
        x.handle_closed(connection, reason, net_.now());
      });
  } else {
    net_.cancel(std::get<accepting>(user).timeout);
    ++other_ends_[std::string{reason}];
  }
}

void node::handle_bad_frame(connection_id connection, std::string_view reason) {
  net_.close(connection, *this);
  handle_closed(connection, reason);
}

void node::handle_body(connection_id connection, bytes_view body) {
  auto& stream = streams_.at(connection);
  if (auto x = std::get_if<accepting>(&stream.user)) {
    if (x->answered)
      handle_proof(connection, *x, body);
    else
      handle_init(connection, *x, body);
    return;
  }
  stream.input.set_max_body(limits::frame_body);
  auto other = std::get<node_id>(stream.user);
  if (peers_.contains(other))
    with_peer(other,
              [&](peer& x) { x.handle_frame(connection, body, net_.now()); });
}

void node::handle_init(connection_id connection, accepting& x,
                       bytes_view body) {
  auto request = x.handshake.handle_init(body);
  if (!request)
    return refuse(connection, to_string(request.error()));
  x.from = request->src_node_id;
  auto known = peers_.find(x.from);
  auto record = memory.find(x.from, net_.now().steady);
  x.known = known != peers_.end() || record;
  if (known != peers_.end())
    x.epoch = known->second.machine.epoch();
  else
    x.epoch = record ? record->epoch : random_.next_u64();
  auto reply = x.handshake.handle_facts(facts_about(x.from), x.epoch, settings,
                                        net_.now().steady);
  if (!reply)
    return refuse(connection, to_string(reply.error()));
  x.answered = true;
  net_.write(connection, *this, std::move(*reply));
  if (auto refused = x.handshake.refusal())
    refuse(connection, to_string(*refused));
}

void node::handle_proof(connection_id connection, accepting& x,
                        bytes_view body) {
  auto proven = x.handshake.handle_first_frame(body);
  if (!proven)
    return refuse(connection, to_string(proven.error()));
  if (!serves() && !peers_.contains(x.from))
    return refuse(connection, "shutting_down");
  auto other = x.from;
  if (!peers_.contains(other)) {
    auto record = recall(other);
    if (!record && x.known)
      return refuse(connection, "other_epoch");
    make_peer(other, record ? *record : peer_record{x.epoch});
  }
  net_.cancel(x.timeout);
  auto& stream = streams_.at(connection);
  stream.user = other;
  heard_[other] = net_.now().steady;
  stream.input.set_max_body(limits::frame_body);
  with_peer(other, [&](peer& y) {
    y.handle_session(connection, std::move(*proven), net_.now());
  });
}

/// Ends an inbound connection without a word.
void node::refuse(connection_id connection, std::string_view reason) {
  auto stream = streams_.extract(connection);
  if (stream.empty())
    return;
  net_.cancel(std::get<accepting>(stream.mapped().user).timeout);
  ++other_ends_[std::string{reason}];
  net_.log(name_, "refuses: " + std::string{reason});
  net_.close(connection, *this);
}

connect_facts node::facts_about(const node_id& other) {
  connect_facts result;
  result.versions = settings.versions;
  result.allowed = rules.allows(other);
  std::size_t connected = 0;
  auto has_slot = false;
  for (const auto& [id, x] : peers_) {
    if (!x.machine.connected())
      continue;
    ++connected;
    has_slot = has_slot || id == other;
    if (id != other && without_sign_bit(id) == without_sign_bit(other))
      result.twin_connected = true;
  }
  result.over_capacity = !has_slot && connected >= capacity;
  auto known = adverts_.find(other);
  result.advert_versions = {
    advert_->version, known != adverts_.end() ? known->second.version : 0};
  return result;
}

} // namespace simulation
