#include <node_proxy/actors/tcp/tcp_transport.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <node_proxy/actors/caf/sending.hpp>
#include <node_proxy/actors/loop/event_loop.hpp>
#include <node_proxy/actors/loop/loop_actor.hpp>
#include <node_proxy/actors/tcp/tcp_connection.hpp>
#include <node_proxy/actors/tcp/tcp_linger.hpp>
#include <node_proxy/actors/transport/dial_targets.hpp>
#include <node_proxy/protocol/node/connection_source.hpp>
#include <node_proxy/protocol/wire/address_kind.hpp>
#include <node_proxy/protocol/wire/address_text.hpp>

namespace node_proxy::internal {

namespace {

// At most so many connections are accepted before others get their turn.
constexpr int accepts_per_turn = 16;

// So many descriptors are for other uses, such as to dial: those who connect
// get them only if nobody makes room.
constexpr std::size_t spare_descriptors = 16;

// When there are no descriptors left, and nobody makes room, connections wait
// with the operating system for so long.
constexpr std::chrono::milliseconds accept_pause{100};

// How long a peer may take to accept what was written before the end of a
// connection, and to close its end. Less when the transport itself is to end.
constexpr std::chrono::seconds linger_time{3};
constexpr std::chrono::milliseconds last_linger_time{500};

caf::error address_error(errc code, const transport_address& address,
                         std::string_view text) {
  return make_error(code, to_string(address).append(": ").append(text));
}

/// What to do about an address at which one cannot listen.
std::string_view advice_to_listen(errc code) {
  switch (code) {
  case errc::address_in_use:
    return "; expected a port at which nobody listens, or 0 for any";
  case errc::bad_address:
    return "; expected an address of this host";
  case errc::not_permitted:
    return "; expected a port from 1024 on, or the right to use others";
  default:
    return "";
  }
}

caf::error address_error(os_error error, const transport_address& address) {
  return address_error(error_code(error), address, error_text(error));
}

using tcp_transport_actor = transport_actor::extend_with<
  actor_interface<void(linger), void(connection_ready), void(socket_deadline)>>;

class transport_state {
public:
  explicit transport_state(tcp_transport_actor::pointer self) : self_{self} {}

  transport_state(const transport_state&) = delete;
  transport_state& operator=(const transport_state&) = delete;

  ~transport_state();

  void start(std::shared_ptr<event_loop> loop, node_log log);

  caf::result<listening> handle(const listen& msg);
  caf::result<listening_stopped> handle(const stop_listening& msg);
  caf::result<dialled> handle(const dial& msg);
  void handle(const linger& msg);
  void handle(const connection_ready& msg);
  void handle(const socket_deadline& msg);

private:
  struct listener_entry {
    std::unique_ptr<watched_socket> socket;
    transport_address address;
    inbound_handler acceptor;
    // There were no descriptors or no memory for the last connection.
    bool starved = false;
  };

  // Who has dialled, and waits for an answer.
  struct dial_request {
    transport_address address;
    caf::actor owner;
    promise<dialled> answer;
  };

  // One attempt of a request. There are several if the interface is not known
  // over which the peer can be reached; the last one to fail is the answer.
  struct dial_entry {
    std::unique_ptr<watched_socket> socket;
    std::shared_ptr<dial_request> request;
  };

  using listener_map = std::map<connection_id, listener_entry>;
  using dial_map = std::map<connection_id, dial_entry>;

  void handle_connected(dial_map::iterator entry);
  void handle_dial_failed(dial_map::iterator entry, const caf::error& error);
  void accept_some(listener_entry& entry);
  void ask_for_room(listener_entry& entry, bool in_need);
  void handle_no_room(connection_id listener);
  void accept_again(connection_id listener);
  void handle_down(const caf::down_msg& msg);
  void handle_exit(const caf::error& reason);
  void end_dials_and_listeners();
  void end_if_idle();
  std::unique_ptr<watched_socket> watch(descriptor socket);
  connection_ptr make_connection(std::unique_ptr<watched_socket> socket);
  void forget_owner(const caf::actor& owner);
  [[nodiscard]] bool is_monitored(const caf::actor_addr& who) const;
  void monitor(const caf::actor& who);

  tcp_transport_actor::pointer self_;
  std::shared_ptr<event_loop> loop_;
  node_log log_;
  listener_map listeners_;
  dial_map dials_;
  lingering_sockets lingering_;
  // Why it ends as soon as nothing lingers any more.
  std::optional<caf::error> ending_;
};

void transport_state::start(std::shared_ptr<event_loop> loop, node_log log) {
  loop_ = std::move(loop);
  log_ = std::move(log);
  set_down_handler(self_, [this](caf::down_msg& msg) { handle_down(msg); });
  set_exit_handler(self_,
                   [this](caf::exit_msg& msg) { handle_exit(msg.reason); });
}

transport_state::~transport_state() {
  end_dials_and_listeners();
}

void transport_state::handle_exit(const caf::error& reason) {
  if (std::exchange(ending_, reason))
    return;
  end_dials_and_listeners();
  send_later(self_, last_linger_time, socket_deadline{});
  end_if_idle();
}

void transport_state::end_if_idle() {
  if (ending_ && lingering_.empty())
    self_->quit(*ending_);
}

void transport_state::end_dials_and_listeners() {
  for (auto& [id, entry] : dials_)
    if (auto request = std::move(entry.request); request.use_count() == 1)
      fail(request->answer, address_error(errc::shutting_down, request->address,
                                          "the transport has ended"));
  dials_.clear();
  listeners_.clear();
}

void transport_state::handle(const connection_ready& msg) {
  auto id = msg.connection;
  if (auto dial = dials_.find(id); dial != dials_.end()) {
    handle_connected(dial);
  } else if (auto listener = listeners_.find(id);
             listener != listeners_.end()) {
    accept_some(listener->second);
  } else {
    lingering_.handle_ready(id);
    end_if_idle();
  }
}

void transport_state::handle(const socket_deadline& msg) {
  auto id = msg.socket;
  if (auto dial = dials_.find(id); dial != dials_.end()) {
    handle_dial_failed(dial, address_error(errc::timed_out,
                                           dial->second.request->address,
                                           "no answer in time"));
  } else if (auto listener = listeners_.find(id);
             listener != listeners_.end()) {
    accept_some(listener->second);
  } else {
    if (id == 0)
      lingering_.handle_all_deadlines();
    else
      lingering_.handle_deadline(id);
    end_if_idle();
  }
}

// -- monitoring ---------------------------------------------------------------

// Each actor is monitored once, however much it has asked for.

bool transport_state::is_monitored(const caf::actor_addr& who) const {
  for (const auto& [id, entry] : dials_)
    if (entry.request->owner.address() == who)
      return true;
  for (const auto& [id, entry] : listeners_)
    if (entry.acceptor.address() == who)
      return true;
  return false;
}

void transport_state::monitor(const caf::actor& who) {
  if (!is_monitored(who.address()))
    monitor_end(self_, who);
}

void transport_state::handle_down(const caf::down_msg& msg) {
  auto is_down = [&msg](const auto& x) {
    return x.address() == msg.source;
  };
  std::erase_if(
    dials_, [&](const auto& x) { return is_down(x.second.request->owner); });
  std::erase_if(listeners_,
                [&](const auto& x) { return is_down(x.second.acceptor); });
}

// -- listening ----------------------------------------------------------------

caf::result<listening> transport_state::handle(const listen& msg) {
  const auto* address = std::get_if<tcp_addr>(&msg.address);
  if (address == nullptr)
    return address_error(errc::bad_address, msg.address,
                         "expected a TCP address");
  if (auto objection = objection_to_listen(msg.address))
    return make_error(errc::bad_address,
                      to_string(msg.address) + ' ' + std::string{*objection});
  if (!msg.acceptor)
    return address_error(errc::bad_config, msg.address, "without an acceptor");
  auto socket = open_listener(*address);
  if (!socket) {
    auto code = error_code(socket.error());
    auto text = error_text(socket.error()).append(advice_to_listen(code));
    return address_error(code, msg.address, text);
  }
  transport_address local = local_address(socket->get());
  monitor(caf::actor_cast<caf::actor>(msg.acceptor));
  listener_entry entry{watch(std::move(*socket)), local, msg.acceptor};
  if (entry.socket->has_ended())
    return address_error(errc::out_of_resources, msg.address,
                         "the system has no room to watch the socket");
  entry.socket->wait(true, false);
  listeners_.emplace(entry.socket->id(), std::move(entry));
  return listening{local};
}

caf::result<listening_stopped>
transport_state::handle(const stop_listening& msg) {
  auto count = std::erase_if(listeners_, [&msg](const auto& entry) {
    return entry.second.address == msg.address;
  });
  if (count == 0)
    return address_error(errc::bad_address, msg.address,
                         "nobody listens there");
  return listening_stopped{msg.address};
}

void transport_state::accept_some(listener_entry& entry) {
  auto& socket = *entry.socket;
  socket.handle_notified();
  for (int count = 0; count < accepts_per_turn; ++count) {
    auto next = accept_next(socket.get());
    if (next) {
      if (std::exchange(entry.starved, false))
        log_.info("{}: connections are accepted again",
                  to_string(entry.address));
      auto fd = next->socket.get();
      send_message(self_, entry.acceptor,
                   inbound{make_connection(watch(std::move(next->socket))),
                           source_of(next->from.ip)});
      if (!is_among_last(fd, spare_descriptors))
        continue;
      ask_for_room(entry, false);
      return;
    }
    auto number = next.error().number;
    if (number == EAGAIN || number == EWOULDBLOCK)
      break;
    // The peer has gone again, or the call was interrupted.
    if (number == ECONNABORTED || number == EINTR || number == EPROTO
        || number == EPERM)
      continue;
    // No descriptors, no memory.
    ask_for_room(entry, true);
    return;
  }
  socket.wait(true, false);
}

/// The listener stays readable, so it is not looked at meanwhile.
/// @param in_need without room there is nothing to accept with.
void transport_state::ask_for_room(listener_entry& entry, bool in_need) {
  auto id = entry.socket->id();
  send_request(self_, entry.acceptor, accept_pause, make_room{})
    .then(
      [this, id, in_need](room_made answer) {
        if (answer.count == 0 && in_need)
          handle_no_room(id);
        else
          accept_again(id);
      },
      [this, id](const caf::error&) { accept_again(id); });
}

void transport_state::handle_no_room(connection_id listener) {
  auto position = listeners_.find(listener);
  if (position == listeners_.end())
    return;
  auto& entry = position->second;
  if (!std::exchange(entry.starved, true))
    log_.warn("{}: there are no descriptors or no memory left, so connections "
              "wait; raise the limit (ulimit -n), or lower max_peers",
              to_string(entry.address));
  send_later(self_, accept_pause, socket_deadline{listener});
}

void transport_state::accept_again(connection_id listener) {
  auto position = listeners_.find(listener);
  if (position != listeners_.end())
    accept_some(position->second);
}

// -- dialling -----------------------------------------------------------------

caf::result<dialled> transport_state::handle(const dial& msg) {
  // The connection is the answer; without a request nobody would get it.
  if (!is_request(self_))
    return promise<dialled>{};
  const auto* address = std::get_if<tcp_addr>(&msg.address);
  if (address == nullptr)
    return address_error(errc::bad_address, msg.address,
                         "expected a TCP address");
  std::vector<descriptor> sockets;
  // That of a host without the links that the address needs.
  os_error error{ENETUNREACH};
  for (const auto& target : dial_targets(*address))
    if (auto socket = start_connecting(target))
      sockets.push_back(std::move(*socket));
    else
      error = socket.error();
  if (sockets.empty())
    return address_error(error, msg.address);
  auto request = std::make_shared<dial_request>(dial_request{
    msg.address, caf::actor_cast<caf::actor>(self_->current_sender()),
    make_promise<dialled>(self_)});
  auto answer = request->answer;
  monitor(request->owner);
  for (auto& socket : sockets) {
    dial_entry entry{watch(std::move(socket)), request};
    auto id = entry.socket->id();
    entry.socket->wait(false, true);
    dials_.emplace(id, std::move(entry));
    send_later(self_, msg.timeout, socket_deadline{id});
  }
  return answer;
}

void transport_state::handle_connected(dial_map::iterator entry) {
  auto& [socket, request] = entry->second;
  if (auto error = connect_result(socket->get()); error != 0) {
    handle_dial_failed(entry, address_error(os_error{error}, request->address));
    return;
  }
  fulfil(request->answer, dialled{make_connection(std::move(socket))});
  auto answered = request;
  std::erase_if(dials_,
                [&](const auto& x) { return x.second.request == answered; });
  forget_owner(answered->owner);
}

void transport_state::handle_dial_failed(dial_map::iterator entry,
                                         const caf::error& error) {
  auto request = std::move(entry->second.request);
  dials_.erase(entry);
  // Others may still succeed.
  if (request.use_count() > 1)
    return;
  fail(request->answer, error);
  forget_owner(request->owner);
}

void transport_state::forget_owner(const caf::actor& owner) {
  if (!is_monitored(owner.address()))
    demonitor_end(self_, owner);
}

// -- connections --------------------------------------------------------------

std::unique_ptr<watched_socket> transport_state::watch(descriptor socket) {
  auto result = std::make_unique<watched_socket>(std::move(socket), loop_);
  result->set_owner(caf::actor_cast<connection_owner>(self_));
  return result;
}

connection_ptr
transport_state::make_connection(std::unique_ptr<watched_socket> socket) {
  return make_tcp_connection(std::move(socket),
                             caf::actor_cast<linger_actor>(self_));
}

void transport_state::handle(const linger& msg) {
  auto id = msg.what->socket->id();
  if (lingering_.add(msg.what, caf::actor_cast<connection_owner>(self_)))
    send_later(self_, linger_time, socket_deadline{id});
}

// -- as an actor --------------------------------------------------------------

tcp_transport_actor::behavior_type
tcp_transport(tcp_transport_actor::stateful_pointer<transport_state> self,
              std::shared_ptr<event_loop> loop, node_log log) {
  auto* state = &state_of(self);
  state->start(std::move(loop), std::move(log));
  return {
    [state](const listen& msg) { return state->handle(msg); },
    [state](const stop_listening& msg) { return state->handle(msg); },
    [state](const dial& msg) { return state->handle(msg); },
    [state](const linger& msg) { state->handle(msg); },
    [state](const connection_ready& msg) { state->handle(msg); },
    [state](const socket_deadline& msg) { state->handle(msg); },
  };
}

} // namespace

transport_actor spawn_tcp_transport(caf::actor_system& system,
                                    std::shared_ptr<event_loop> loop,
                                    node_log log) {
  return spawn_in_loop<tcp_transport_actor, transport_state>(
    system, *loop, [=](auto* self) { return tcp_transport(self, loop, log); });
}

} // namespace node_proxy::internal
