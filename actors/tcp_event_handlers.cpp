#include <node_proxy/actors/tcp_event_handlers.hpp>

#include <cerrno>
#include <utility>

namespace node_proxy {

namespace {

using caf::io::network::operation;

// At most so many connections are accepted before others get their turn.
constexpr int accepts_per_turn = 16;

// CAF has no other event loop, and no other way to put a handler into it.
caf::io::network::default_multiplexer& loop_of(caf::io::abstract_broker* self) {
  return static_cast<caf::io::network::default_multiplexer&>(self->backend());
}

} // namespace

// -- tcp_event_handler --------------------------------------------------------

tcp_event_handler::tcp_event_handler(caf::io::abstract_broker* parent,
                                     std::uint64_t id, operation op,
                                     descriptor socket)
  : event_handler{loop_of(parent), socket.release()},
    parent_{parent->address()}, id_{id}, op_{op} {}

void tcp_event_handler::enter() {
  backend().post([self = shared_from_this()] {
    if (self->closing_ || self->in_loop_)
      return;
    self->in_loop_ = self;
    self->backend().add(self->op_, self->fd(), self.get());
  });
}

void tcp_event_handler::close() {
  backend().post([self = shared_from_this()] {
    self->closing_ = true;
    // `enter` may have happened in this very turn.
    self->backend().post([self] {
      if (self->in_loop_)
        self->leave();
      else
        self->close_now();
    });
  });
}

void tcp_event_handler::leave() {
  backend().del(op_, fd(), this);
}

void tcp_event_handler::removed_from_loop(operation) {
  auto self = std::exchange(in_loop_, nullptr);
  if (closing_)
    close_now();
  else
    after_leaving();
}

void tcp_event_handler::close_now() {
  if (fd_ == caf::io::network::invalid_native_socket)
    return;
  descriptor socket{
    std::exchange(fd_, caf::io::network::invalid_native_socket)};
  socket = {};
  tell(tcp_event::kind_type::closed);
}

void tcp_event_handler::tell(tcp_event::kind_type kind) {
  if (auto parent = caf::actor_cast<caf::actor>(parent_))
    caf::anon_send(parent, tcp_event{kind, id_});
}

// -- tcp_connector ------------------------------------------------------------

tcp_connector::tcp_connector(caf::io::abstract_broker* parent, std::uint64_t id,
                             descriptor socket)
  : tcp_event_handler{parent, id, operation::write, std::move(socket)} {}

void tcp_connector::handle_event(operation) {
  if (std::exchange(done_, true))
    return;
  error_ = connect_result(fd());
  leave();
}

void tcp_connector::after_leaving() {
  tell(tcp_event::kind_type::connected);
}

expected<descriptor, os_error> tcp_connector::take_result() {
  if (error_ != 0)
    return unexpected{os_error{error_}};
  return descriptor{
    std::exchange(fd_, caf::io::network::invalid_native_socket)};
}

// -- tcp_listener -------------------------------------------------------------

tcp_listener::tcp_listener(caf::io::abstract_broker* parent, std::uint64_t id,
                           descriptor socket)
  : tcp_event_handler{parent, id, operation::read, std::move(socket)} {}

void tcp_listener::handle_event(operation) {
  if (closing())
    return;
  auto had_some = !accepted_.empty();
  for (int count = 0; count < accepts_per_turn; ++count) {
    auto next = accept_next(fd());
    if (next) {
      accepted_.push_back(std::move(*next));
      continue;
    }
    auto number = next.error().number;
    if (number == EAGAIN || number == EWOULDBLOCK)
      break;
    // The peer has gone again, or the call was interrupted.
    if (number == ECONNABORTED || number == EINTR || number == EPROTO
        || number == EPERM)
      continue;
    // No descriptors, no memory: the listener stays readable, so the loop would
    // call again at once.
    leave();
    tell(tcp_event::kind_type::accept_failed);
    break;
  }
  if (!had_some && !accepted_.empty())
    tell(tcp_event::kind_type::accepted);
}

std::deque<accepted_socket> tcp_listener::take_accepted() {
  return std::exchange(accepted_, {});
}

} // namespace node_proxy
