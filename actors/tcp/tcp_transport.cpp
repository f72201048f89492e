#include <node_proxy/actors/tcp/tcp_transport.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <variant>

#include <node_proxy/actors/caf/sending.hpp>
#include <node_proxy/actors/loop/event_loop.hpp>
#include <node_proxy/actors/loop/loop_actor.hpp>
#include <node_proxy/actors/loop/now.hpp>
#include <node_proxy/actors/tcp/permit.hpp>
#include <node_proxy/actors/tcp/tcp_connection.hpp>
#include <node_proxy/actors/tcp/tcp_dials.hpp>
#include <node_proxy/actors/tcp/tcp_linger.hpp>
#include <node_proxy/actors/tcp/tcp_lookups.hpp>
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

/// Whether a call failed because there is nothing to do now.
bool is_would_block(int number) {
  return number == EAGAIN || number == EWOULDBLOCK;
}

/// Whether accept(2) failed for a reason of the connection that was next: its
/// peer has gone again, its network has failed, a rule is against it; or the
/// call was interrupted. The next call is about another one.
bool concerns_one_connection(int number) {
  constexpr int reasons[] = {ECONNABORTED, EINTR,      EPERM,     EPROTO,
                             ENOPROTOOPT,  ENETDOWN,   EHOSTDOWN, EHOSTUNREACH,
                             ENETUNREACH,  EOPNOTSUPP, ENONET};
  return std::ranges::find(reasons, number) != std::end(reasons);
}

using tcp_transport_actor = transport_actor::extend_with<
  actor_interface<void(linger), void(connection_ready), void(socket_deadline),
                  void(dial_ended), void(lookup_ended), void(tick)>>;

class transport_state {
public:
  explicit transport_state(tcp_transport_actor::pointer self) : self_{self} {}

  transport_state(const transport_state&) = delete;
  transport_state& operator=(const transport_state&) = delete;

  ~transport_state();

  void start(std::shared_ptr<event_loop> loop, std::size_t max_dials,
             node_log log, host_resolver resolver);

  caf::result<listening> handle(const listen& msg);
  caf::result<listening_stopped> handle(const stop_listening& msg);
  caf::result<dialled> handle(const dial& msg);
  caf::result<hosts_found> handle(const find_hosts& msg);
  void handle(const stop_dialling& msg);
  void handle(const dial_ended& msg);
  void handle(lookup_ended& msg);
  void handle_tick();
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

  using listener_map = std::map<connection_id, listener_entry>;

  void accept_some(listener_entry& entry);
  void ask_for_room(listener_entry& entry, bool in_need);
  void handle_no_room(connection_id listener);
  void accept_again(connection_id listener);
  void handle_down(const caf::down_msg& msg);
  void handle_exit(const caf::error& reason);
  void end_dials_and_listeners();
  void end_if_idle();
  std::unique_ptr<watched_socket> watch(descriptor socket);
  connection_ptr make_connection(std::unique_ptr<watched_socket> socket,
                                 permit dial = {});
  steady_time now() const { return now_of(self_).steady; }
  void arm_timer();

  /// Each actor is monitored once, however much it asks for, until it ends.
  template <class Handle>
  void monitor(const Handle& who) {
    if (monitored_.insert(who.id()).second)
      monitor_end(self_, who);
  }

  tcp_transport_actor::pointer self_;
  std::shared_ptr<event_loop> loop_;
  node_log log_;
  listener_map listeners_;
  // Like the timer, there from the start on.
  std::optional<tcp_dials> dials_;
  std::optional<tcp_lookups> lookups_;
  std::optional<timer> timer_;
  std::unordered_set<caf::actor_id> monitored_;
  lingering_sockets lingering_;
  // Why it ends as soon as nothing lingers any more.
  std::optional<caf::error> ending_;
};

void transport_state::start(std::shared_ptr<event_loop> loop,
                            std::size_t max_dials, node_log log,
                            host_resolver resolver) {
  loop_ = std::move(loop);
  log_ = std::move(log);
  timer_.emplace(loop_, caf::actor_cast<tick_receiver>(self_));
  dials_.emplace(
    max_dials, [this](descriptor socket) { return watch(std::move(socket)); },
    [this](auto socket, dial_id id) {
      // It may end in any thread, and after the transport.
      auto give_back = [to = caf::actor_cast<dial_end_receiver>(self_), id] {
        send_anonymously(to, dial_ended{id});
      };
      return make_connection(std::move(socket), permit{std::move(give_back)});
    });
  lookups_.emplace(std::move(resolver),
                   caf::actor_cast<lookup_end_receiver>(self_));
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
  if (dials_)
    dials_->handle_shutdown();
  if (lookups_)
    lookups_->handle_shutdown();
  listeners_.clear();
}

void transport_state::handle_down(const caf::down_msg& msg) {
  monitored_.erase(msg.source.id());
  dials_->handle_owner_gone(msg.source.id(), now());
  lookups_->handle_owner_gone(msg.source.id());
  arm_timer();
  std::erase_if(listeners_, [&msg](const auto& x) {
    return x.second.acceptor.address() == msg.source;
  });
}

void transport_state::handle(const connection_ready& msg) {
  auto id = msg.connection;
  if (dials_->handle_ready(id, now())) {
    arm_timer();
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
  if (auto listener = listeners_.find(id); listener != listeners_.end()) {
    accept_some(listener->second);
  } else {
    if (id == 0)
      lingering_.handle_all_deadlines();
    else
      lingering_.handle_deadline(id);
    end_if_idle();
  }
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
  monitor(msg.acceptor);
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
    auto nobody_waits = !next && is_would_block(next.error().number);
    // Whether anybody waits is only told if there are descriptors.
    if ((next || nobody_waits) && std::exchange(entry.starved, false))
      log_.info("{}: connections are accepted again", to_string(entry.address));
    if (nobody_waits)
      break;
    if (next) {
      auto fd = next->socket.get();
      send_message(self_, entry.acceptor,
                   inbound{make_connection(watch(std::move(next->socket))),
                           next->from.ip});
      if (!is_among_last(fd, spare_descriptors))
        continue;
      ask_for_room(entry, false);
      return;
    }
    if (concerns_one_connection(next.error().number))
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
  if (!std::holds_alternative<tcp_addr>(msg.address))
    return address_error(errc::bad_address, msg.address,
                         "expected a TCP address");
  if (ending_)
    return address_error(errc::shutting_down, msg.address,
                         "the transport ends");
  auto owner = caf::actor_cast<caf::actor>(self_->current_sender());
  monitor(owner);
  auto answer = make_promise<dialled>(self_);
  dials_->handle_wanted(msg, owner.id(), answer, now());
  arm_timer();
  return answer;
}

caf::result<hosts_found> transport_state::handle(const find_hosts& msg) {
  if (!is_request(self_))
    return promise<hosts_found>{};
  if (ending_)
    return make_error(errc::shutting_down, msg.name + ": the transport ends");
  auto owner = caf::actor_cast<caf::actor>(self_->current_sender());
  monitor(owner);
  auto answer = make_promise<hosts_found>(self_);
  lookups_->handle_wanted(msg, owner.id(), answer, now());
  arm_timer();
  return answer;
}

void transport_state::handle(const stop_dialling& msg) {
  const auto& owner = self_->current_sender();
  if (!owner)
    return;
  dials_->handle_unwanted(owner->id(), msg.attempt, now());
  lookups_->handle_unwanted(owner->id(), msg.attempt);
  arm_timer();
}

void transport_state::handle(const dial_ended& msg) {
  dials_->handle_end(msg.dial, now());
  arm_timer();
}

void transport_state::handle(lookup_ended& msg) {
  lookups_->handle_end(std::move(msg));
  arm_timer();
}

void transport_state::handle_tick() {
  timer_->handle_tick();
  dials_->handle_timeout(now());
  lookups_->handle_timeout(now());
  arm_timer();
}

void transport_state::arm_timer() {
  if (auto at = earliest({dials_->poll_timeout(), lookups_->poll_timeout()}))
    timer_->wait_until(*at);
}

// -- connections --------------------------------------------------------------

std::unique_ptr<watched_socket> transport_state::watch(descriptor socket) {
  auto result = std::make_unique<watched_socket>(std::move(socket), loop_);
  result->set_owner(caf::actor_cast<connection_owner>(self_));
  return result;
}

connection_ptr
transport_state::make_connection(std::unique_ptr<watched_socket> socket,
                                 permit dial) {
  return make_tcp_connection(
    std::move(socket), caf::actor_cast<linger_actor>(self_), std::move(dial));
}

void transport_state::handle(const linger& msg) {
  auto id = msg.what->socket->id();
  if (lingering_.add(msg.what, caf::actor_cast<connection_owner>(self_)))
    send_later(self_, linger_time, socket_deadline{id});
}

// -- as an actor --------------------------------------------------------------

tcp_transport_actor::behavior_type
tcp_transport(tcp_transport_actor::stateful_pointer<transport_state> self,
              std::shared_ptr<event_loop> loop, std::size_t max_dials,
              node_log log, host_resolver resolver) {
  auto* state = &state_of(self);
  state->start(std::move(loop), max_dials, std::move(log), std::move(resolver));
  return {
    [state](const listen& msg) { return state->handle(msg); },
    [state](const stop_listening& msg) { return state->handle(msg); },
    [state](const dial& msg) { return state->handle(msg); },
    [state](const find_hosts& msg) { return state->handle(msg); },
    [state](const stop_dialling& msg) { state->handle(msg); },
    [state](const linger& msg) { state->handle(msg); },
    [state](const connection_ready& msg) { state->handle(msg); },
    [state](const socket_deadline& msg) { state->handle(msg); },
    [state](const dial_ended& msg) { state->handle(msg); },
    [state](lookup_ended& msg) { state->handle(msg); },
    [state](tick) { state->handle_tick(); },
  };
}

} // namespace

transport_actor spawn_tcp_transport(caf::actor_system& system,
                                    std::shared_ptr<event_loop> loop,
                                    std::size_t max_dials, node_log log,
                                    host_resolver resolver) {
  return spawn_in_loop<tcp_transport_actor, transport_state>(
    system, *loop, [=](auto* self) {
      return tcp_transport(self, loop, max_dials, log, resolver);
    });
}

} // namespace node_proxy::internal
