#include <node_proxy/actors/tcp/tcp_linger.hpp>

#include <array>
#include <utility>

namespace node_proxy::internal {

namespace {

// What one turn throws away at most of what a peer still sends.
constexpr std::size_t discarded_at_once = 64 * 1024;

// What is thrown away altogether: more than the operating systems of both ends
// hold, so that a peer comes to read what was sent to it.
constexpr std::size_t max_discarded = 64 * 1024 * 1024;

// Peers that do not go are not to use up all descriptors.
constexpr std::size_t max_lingering = 1024;

/// Reads and throws away. @returns whether there may be more, which is wanted.
bool discard(abandoned_socket& x) {
  std::array<std::byte, 16 * 1024> scratch;
  for (std::size_t count = 0; count < discarded_at_once;) {
    auto got = read_some(x.socket->get(), scratch);
    if (got.ended)
      return false;
    if (got.count == 0)
      return true;
    count += got.count;
    x.discarded += got.count;
  }
  return x.discarded < max_discarded;
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
  if (!discard(x))
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
