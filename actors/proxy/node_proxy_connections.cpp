// A Node Proxy and its connections.

#include <utility>

#include <node_proxy/actors/caf/sending.hpp>
#include <node_proxy/actors/error.hpp>
#include <node_proxy/actors/proxy/node_proxy_state.hpp>

namespace node_proxy::internal {

namespace {

/// Why a dial failed, of what transports answer with (`dial`).
dial_error reason_of(const caf::error& error) {
  switch (code_of(error).value_or(errc::unreachable)) {
  case errc::bad_address:
    return dial_error::bad_address;
  case errc::connection_refused:
    return dial_error::connection_refused;
  case errc::timed_out:
    return dial_error::timed_out;
  case errc::not_permitted:
    return dial_error::not_permitted;
  case errc::out_of_resources:
    return dial_error::out_of_resources;
  case errc::shutting_down:
    return dial_error::shutting_down;
  default:
    return dial_error::unreachable;
  }
}

} // namespace

frame_memory& node_proxy_state::memory_of_frames() {
  static thread_local frame_memory result;
  return result;
}

void node_proxy_state::obey(attach_session& order) {
  auto id = order.connection->id();
  add(order.connection);
  auto proven = std::exchange(order.session, nullptr);
  peer_->handle_session(id, std::move(*proven), now());
  read(id);
}

void node_proxy_state::add(const connection_ptr& x) {
  x->set_owner(caf::actor_cast<connection_owner>(self_), loop_);
  connections_.emplace(x->id(), x);
}

void node_proxy_state::handle(const connection_ready& msg) {
  auto position = connections_.find(msg.connection);
  if (position == connections_.end())
    return;
  peer_->handle_written(msg.connection, position->second->write_rest());
  read(msg.connection);
}

/// Reads once, so that all connections and all who send have their turn.
void node_proxy_state::read(connection_id id) {
  auto x = connections_.at(id);
  auto at = now();
  if (!peer_->begin_turn(id, at)) {
    pause(*x);
    if (!peer_->paused())
      flush_soon();
    act();
    return;
  }
  auto got = x->read([this, id, &at](bytes_view body) {
    peer_->handle_frame(id, body, at);
    return peer_->reads_on();
  });
  peer_->end_turn(got.bytes);
  // The answer to the handshake has come, so frames may follow.
  if (got.bodies > 0)
    x->begin_stream();
  else if (got.bytes > 0)
    peer_->handle_progress(id, got.bytes, at);
  if (got.end) {
    // What was wrong with frames before is told as long as that goes.
    act();
    connections_.erase(id);
    peer_->handle_closed(id, *got.end, at);
  } else if (peer_->paused()) {
    pause(*x);
  }
  handle_flush();
}

void node_proxy_state::pause(connection& x) {
  x.pause();
  paused_.insert(x.id());
}

/// Goes on with what was paused, if that is time.
void node_proxy_state::read_paused() {
  if (paused_.empty() || peer_->paused())
    return;
  for (auto id : std::exchange(paused_, {}))
    if (connections_.contains(id))
      read(id);
}

void node_proxy_state::perform(dial_peer& action) {
  if (const auto* named = std::get_if<dns_addr>(&action.to.address))
    look_up(action.id, named->name);
  else
    dial(action);
}

void node_proxy_state::look_up(attempt_id attempt, const std::string& name) {
  ++dials_;
  send_request(self_, services_->transport, caf::infinite,
               find_hosts{name, peer_->standing(), attempt})
    .then(
      [this, attempt](const hosts_found& msg) {
        --dials_;
        if (msg.hosts.empty())
          peer_->handle_dial_failed(attempt, msg.failure, now());
        else
          peer_->handle_hosts(attempt, msg.hosts, now());
        act();
      },
      [this, attempt](const caf::error& error) {
        --dials_;
        peer_->handle_dial_failed(attempt, reason_of(error), now());
        act();
      });
}

void node_proxy_state::dial(const dial_peer& action) {
  auto attempt = action.id;
  ++dials_;
  internal::dial request{action.to.address};
  request.standing = peer_->standing();
  request.attempt = attempt;
  send_request(self_, services_->transport, caf::infinite, std::move(request))
    .then(
      [this, attempt](const dialled& msg) {
        --dials_;
        auto id = msg.connection->id();
        add(msg.connection);
        peer_->handle_dialled(attempt, id, now());
        act();
        if (connections_.contains(id))
          read(id);
      },
      [this, attempt](const caf::error& error) {
        --dials_;
        peer_->handle_dial_failed(attempt, reason_of(error), now());
        act();
      });
}

void node_proxy_state::perform(cancel_dial& action) {
  send_message(self_, services_->transport, stop_dialling{action.attempt});
}

void node_proxy_state::perform(transmit_frames& action) {
  auto position = connections_.find(action.connection);
  if (position == connections_.end())
    return;
  auto& x = *position->second;
  peer_->handle_written(action.connection, x.write(action.frames));
  memory_of_frames().give_back(std::move(action.frames));
}

void node_proxy_state::perform(close_connection& action) {
  if (auto found = connections_.extract(action.connection); !found.empty())
    found.mapped()->close();
}

} // namespace node_proxy::internal
