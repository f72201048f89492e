#include <node_proxy/actors/tcp_transport.hpp>

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <spdlog/spdlog.h>

#include <node_proxy/actors/tcp_connection.hpp>
#include <node_proxy/actors/tcp_event_handlers.hpp>
#include <node_proxy/actors/tcp_linger.hpp>
#include <node_proxy/actors/tcp_poller.hpp>
#include <node_proxy/protocol/address_text.hpp>

namespace node_proxy {

namespace {

// When there are no descriptors left, connections wait with the operating
// system for so long.
constexpr std::chrono::milliseconds accept_pause{100};

// How long a peer may take to accept what was written before the end of a
// connection, and to close its end. Less when the transport itself is to end.
constexpr std::chrono::seconds linger_time{3};
constexpr std::chrono::milliseconds last_linger_time{500};

caf::error address_error(errc code, const transport_address& address,
                         std::string_view text) {
  return make_error(code, to_string(address).append(": ").append(text));
}

caf::error address_error(os_error error, const transport_address& address) {
  return address_error(error_code(error), address, error_text(error));
}

class transport_state;

using broker_pointer = caf::stateful_actor<transport_state, basic_broker>*;

class transport_state {
public:
  static constexpr const char* name = "node_proxy.tcp_transport";

  explicit transport_state(broker_pointer self) : self_{self} {}

  transport_state(const transport_state&) = delete;
  transport_state& operator=(const transport_state&) = delete;

  ~transport_state();

  void start(descriptor epoll);

  caf::result<listening> handle(const listen& msg);
  caf::result<listening_stopped> handle(const stop_listening& msg);
  caf::result<dialled> handle(const dial& msg);
  void handle(const tcp_event& msg);
  void handle(const linger& msg);
  void handle(const linger_deadline& msg);
  void handle(const connection_ready& msg);

private:
  struct listener_entry {
    std::shared_ptr<tcp_listener> handler;
    transport_address address;
    inbound_handler acceptor;
    bool stopping = false;
    promise<listening_stopped> stopped;
  };

  struct dial_entry {
    std::shared_ptr<tcp_connector> handler;
    transport_address address;
    caf::actor owner;
    promise<dialled> answer;
  };

  using listener_map = std::map<std::uint64_t, listener_entry>;
  using dial_map = std::map<std::uint64_t, dial_entry>;

  void handle_connected(dial_map::iterator entry);
  void handle_timeout(dial_map::iterator entry);
  void handle_accepted(listener_entry& entry);
  void handle_accept_failed(std::uint64_t id, const listener_entry& entry);
  void handle_down(const caf::actor_addr& who);
  void handle_exit(const caf::error& reason);
  void end_dials_and_listeners();
  void end_if_idle();
  connection_ptr make_connection(descriptor socket);
  void stop(listener_entry& entry);
  void forget(dial_map::iterator entry);
  [[nodiscard]] bool is_watched(const caf::actor_addr& who) const;
  void watch(const caf::actor& who);

  broker_pointer self_;
  std::uint64_t last_id_ = 0;
  listener_map listeners_;
  dial_map dials_;
  std::shared_ptr<tcp_poller> poller_;
  lingering_sockets lingering_;
  // Why it ends as soon as nothing lingers any more.
  std::optional<caf::error> ending_;
};

void transport_state::start(descriptor epoll) {
  self_->set_down_handler(
    [this](caf::down_msg& msg) { handle_down(msg.source); });
  self_->set_exit_handler(
    [this](caf::exit_msg& msg) { handle_exit(msg.reason); });
  poller_ = std::make_shared<tcp_poller>(self_, std::move(epoll));
}

transport_state::~transport_state() {
  end_dials_and_listeners();
}

void transport_state::handle_exit(const caf::error& reason) {
  if (std::exchange(ending_, reason))
    return;
  end_dials_and_listeners();
  send_later(self_, last_linger_time, linger_deadline{});
  end_if_idle();
}

void transport_state::end_if_idle() {
  if (ending_ && lingering_.empty())
    self_->quit(*ending_);
}

void transport_state::end_dials_and_listeners() {
  for (auto& [id, entry] : dials_) {
    fail(entry.answer, address_error(errc::shutting_down, entry.address,
                                     "the transport has ended"));
    entry.handler->close();
  }
  for (auto& [id, entry] : listeners_) {
    fulfil(entry.stopped, listening_stopped{entry.address});
    entry.handler->close();
  }
  dials_.clear();
  listeners_.clear();
}

void transport_state::handle(const tcp_event& msg) {
  using kind = tcp_event::kind_type;
  if (auto entry = dials_.find(msg.id); entry != dials_.end()) {
    if (msg.kind == kind::connected)
      handle_connected(entry);
    else if (msg.kind == kind::dial_timeout)
      handle_timeout(entry);
    return;
  }
  auto position = listeners_.find(msg.id);
  // A connector that was given up.
  if (position == listeners_.end())
    return;
  auto& entry = position->second;
  if (msg.kind == kind::accepted) {
    handle_accepted(entry);
  } else if (msg.kind == kind::accept_failed) {
    handle_accept_failed(msg.id, entry);
  } else if (msg.kind == kind::retry_accept) {
    entry.handler->enter();
  } else if (msg.kind == kind::closed) {
    fulfil(entry.stopped, listening_stopped{entry.address});
    listeners_.erase(position);
  }
}

// -- monitoring ---------------------------------------------------------------

// Each actor is monitored once, however much it has asked for.

bool transport_state::is_watched(const caf::actor_addr& who) const {
  for (const auto& [id, entry] : dials_)
    if (entry.owner.address() == who)
      return true;
  for (const auto& [id, entry] : listeners_)
    if (entry.acceptor.address() == who)
      return true;
  return false;
}

void transport_state::watch(const caf::actor& who) {
  if (!is_watched(who.address()))
    self_->monitor(who);
}

void transport_state::handle_down(const caf::actor_addr& who) {
  for (auto entry = dials_.begin(); entry != dials_.end();) {
    auto current = entry++;
    if (current->second.owner.address() == who) {
      current->second.handler->close();
      dials_.erase(current);
    }
  }
  for (auto& [id, entry] : listeners_)
    if (entry.acceptor.address() == who)
      stop(entry);
}

// -- listening ----------------------------------------------------------------

caf::result<listening> transport_state::handle(const listen& msg) {
  const auto* address = std::get_if<tcp_addr>(&msg.address);
  if (address == nullptr)
    return address_error(errc::bad_address, msg.address, "not a TCP address");
  if (!msg.acceptor)
    return address_error(errc::bad_config, msg.address, "without an acceptor");
  auto socket = open_listener(*address);
  if (!socket)
    return address_error(socket.error(), msg.address);
  transport_address local = local_address(socket->get());
  auto id = ++last_id_;
  watch(caf::actor_cast<caf::actor>(msg.acceptor));
  listener_entry entry;
  entry.handler = std::make_shared<tcp_listener>(self_, id, std::move(*socket));
  entry.address = local;
  entry.acceptor = msg.acceptor;
  entry.handler->enter();
  listeners_.emplace(id, std::move(entry));
  return listening{local};
}

caf::result<listening_stopped>
transport_state::handle(const stop_listening& msg) {
  for (auto& [id, entry] : listeners_) {
    if (entry.stopping || entry.address != msg.address)
      continue;
    entry.stopped = make_promise<listening_stopped>(self_);
    auto answer = entry.stopped;
    stop(entry);
    return answer;
  }
  return address_error(errc::bad_address, msg.address, "nobody listens there");
}

void transport_state::stop(listener_entry& entry) {
  entry.stopping = true;
  entry.handler->close();
}

void transport_state::handle_accepted(listener_entry& entry) {
  for (auto& accepted : entry.handler->take_accepted()) {
    if (entry.stopping)
      continue;
    transport_address local = local_address(accepted.socket.get());
    self_->send(entry.acceptor,
                inbound{make_connection(std::move(accepted.socket)),
                        accepted.remote, local});
  }
}

void transport_state::handle_accept_failed(std::uint64_t id,
                                           const listener_entry& entry) {
  spdlog::warn("{}: no resources to accept connections, trying again",
               to_string(entry.address));
  send_later(self_, accept_pause,
             tcp_event{tcp_event::kind_type::retry_accept, id});
}

// -- dialling -----------------------------------------------------------------

caf::result<dialled> transport_state::handle(const dial& msg) {
  // The connection is the answer; without a request nobody would get it.
  if (!is_request(self_))
    return promise<dialled>{};
  const auto* address = std::get_if<tcp_addr>(&msg.address);
  if (address == nullptr)
    return address_error(errc::bad_address, msg.address, "not a TCP address");
  auto socket = start_connecting(*address);
  if (!socket)
    return address_error(socket.error(), msg.address);
  auto id = ++last_id_;
  dial_entry entry;
  entry.handler =
    std::make_shared<tcp_connector>(self_, id, std::move(*socket));
  entry.address = msg.address;
  entry.owner = caf::actor_cast<caf::actor>(self_->current_sender());
  entry.answer = make_promise<dialled>(self_);
  auto answer = entry.answer;
  watch(entry.owner);
  entry.handler->enter();
  dials_.emplace(id, std::move(entry));
  send_later(self_, msg.timeout,
             tcp_event{tcp_event::kind_type::dial_timeout, id});
  return answer;
}

void transport_state::handle_connected(dial_map::iterator entry) {
  auto& [handler, address, owner, answer] = entry->second;
  auto socket = handler->take_result();
  if (socket)
    fulfil(answer, dialled{make_connection(std::move(*socket))});
  else
    fail(answer, address_error(socket.error(), address));
  forget(entry);
}

void transport_state::handle_timeout(dial_map::iterator entry) {
  auto& [handler, address, owner, answer] = entry->second;
  handler->close();
  fail(answer, address_error(errc::timed_out, address, "no answer in time"));
  forget(entry);
}

void transport_state::forget(dial_map::iterator entry) {
  auto owner = std::move(entry->second.owner);
  dials_.erase(entry);
  if (!is_watched(owner.address()))
    self_->demonitor(owner);
}

// -- connections --------------------------------------------------------------

connection_ptr transport_state::make_connection(descriptor socket) {
  return make_tcp_connection(std::move(socket), poller_,
                             caf::actor_cast<linger_actor>(self_));
}

void transport_state::handle(const linger& msg) {
  auto id = msg.what->socket->id();
  if (lingering_.add(msg.what, caf::actor_cast<connection_owner>(self_)))
    send_later(self_, linger_time, linger_deadline{id});
}

void transport_state::handle(const connection_ready& msg) {
  lingering_.handle_ready(msg.connection);
  end_if_idle();
}

void transport_state::handle(const linger_deadline& msg) {
  if (msg.connection == 0)
    lingering_.handle_all_deadlines();
  else
    lingering_.handle_deadline(msg.connection);
  end_if_idle();
}

// -- as an actor --------------------------------------------------------------

// A broker, since all it does has to be done in the thread of the event loop.
caf::behavior tcp_transport(broker_pointer self,
                            const std::shared_ptr<descriptor>& epoll) {
  auto* state = &state_of(self);
  state->start(std::move(*epoll));
  return {
    [state](const listen& msg) { return state->handle(msg); },
    [state](const stop_listening& msg) { return state->handle(msg); },
    [state](const dial& msg) { return state->handle(msg); },
    [state](const tcp_event& msg) { state->handle(msg); },
    [state](const linger& msg) { state->handle(msg); },
    [state](const linger_deadline& msg) { state->handle(msg); },
    [state](const connection_ready& msg) { state->handle(msg); },
  };
}

} // namespace

expected<transport_actor, os_error>
spawn_tcp_transport(caf::actor_system& system) {
  auto epoll = open_epoll();
  if (!epoll)
    return unexpected{epoll.error()};
  return caf::actor_cast<transport_actor>(system.middleman().spawn_broker(
    tcp_transport, std::make_shared<descriptor>(std::move(*epoll))));
}

} // namespace node_proxy
