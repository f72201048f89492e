#include <node_proxy/actors/tcp/tcp_linger.hpp>

#include <array>
#include <utility>

namespace node_proxy::internal {

namespace {

// What one turn throws away at most of what a peer still sends.
constexpr std::size_t discarded_at_once = 64 * 1024;

// Peers that do not go are not to use up all descriptors.
constexpr std::size_t max_lingering = 1024;

/// Reads and throws away. @returns whether the peer has closed its end.
bool discard(int socket) {
  std::array<std::byte, 4 * 1024> scratch;
  for (std::size_t count = 0; count < discarded_at_once;) {
    auto x = read_some(socket, scratch);
    if (x.ended)
      return true;
    if (x.count == 0)
      return false;
    count += x.count;
  }
  return false;
}

/// @returns whether there is something left to wait for.
bool go_on(abandoned_socket& x) {
  auto fd = x.socket->get();
  x.socket->handle_notified();
  if (auto rest = bytes_view{x.unsent}.subspan(x.begin); !rest.empty()) {
    x.begin += write_some(fd, rest);
    if (x.begin == x.unsent.size())
      shut_down_writing(fd);
  }
  if (discard(fd))
    return false;
  x.socket->wait(true, x.begin < x.unsent.size());
  return true;
}

} // namespace

bool lingering_sockets::add(std::shared_ptr<abandoned_socket> what,
                            const connection_owner& owner) {
  if (sockets_.size() >= max_lingering) {
    abort_connection(what->socket->get());
    return false;
  }
  auto id = what->socket->id();
  what->socket->set_owner(owner);
  if (what->unsent.empty())
    shut_down_writing(what->socket->get());
  sockets_.emplace(id, std::move(what));
  handle_ready(id);
  return sockets_.contains(id);
}

void lingering_sockets::handle_ready(connection_id id) {
  auto position = sockets_.find(id);
  if (position != sockets_.end() && !go_on(*position->second))
    sockets_.erase(position);
}

void lingering_sockets::handle_deadline(connection_id id) {
  auto position = sockets_.find(id);
  if (position == sockets_.end())
    return;
  abort_connection(position->second->socket->get());
  sockets_.erase(position);
}

void lingering_sockets::handle_all_deadlines() {
  for (const auto& [id, x] : sockets_)
    abort_connection(x->socket->get());
  sockets_.clear();
}

} // namespace node_proxy::internal
