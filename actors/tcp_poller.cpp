#include <node_proxy/actors/tcp_poller.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <unordered_map>
#include <utility>

#include <spdlog/spdlog.h>

#include <sys/epoll.h>

namespace node_proxy {

namespace {

// At most so many owners are told before others have their turn in the loop.
constexpr std::size_t events_per_turn = 64;

connection_id next_connection_id() {
  static std::atomic<connection_id> last = 0;
  return ++last;
}

} // namespace

/// Whom to tell about a socket. However often there is a reason, the owner has
/// one message of it in its mailbox.
class watched_owner {
public:
  explicit watched_owner(connection_id id) : id_{id} {}

  void set(connection_owner owner) {
    std::lock_guard guard{mutex_};
    // The handle of the earlier owner is released without the lock.
    std::swap(owner_, owner);
    is_told_ = false;
  }

  void tell() {
    std::lock_guard guard{mutex_};
    if (owner_ && !is_told_.exchange(true))
      caf::anon_send(owner_, connection_ready{id_});
  }

  void handle_told() { is_told_ = false; }

private:
  connection_id id_;
  std::mutex mutex_;
  connection_owner owner_;
  std::atomic<bool> is_told_ = false;
};

/// The sockets and their owners. A socket that is busy is not looked at again
/// before its owner has done all that there was.
class tcp_poller::watch_list {
public:
  explicit watch_list(int epoll) : epoll_{epoll} {}

  void add(connection_id id, int socket, std::shared_ptr<watched_owner> owner) {
    {
      std::lock_guard guard{mutex_};
      owners_.emplace(id, std::move(owner));
    }
    // An end is always told, even now, and over and over again but for this.
    control(EPOLL_CTL_ADD, id, socket, EPOLLONESHOT);
  }

  void wait(connection_id id, int socket, bool reading, bool writing) {
    std::uint32_t events = EPOLLONESHOT;
    if (reading)
      events |= EPOLLIN | EPOLLRDHUP;
    if (writing)
      events |= EPOLLOUT;
    control(EPOLL_CTL_MOD, id, socket, events);
  }

  void remove(connection_id id, int socket) {
    control(EPOLL_CTL_DEL, id, socket, 0);
    std::lock_guard guard{mutex_};
    owners_.erase(id);
  }

  void tell_owners() {
    std::array<epoll_event, events_per_turn> events;
    auto count = ::epoll_wait(epoll_, events.data(), events_per_turn, 0);
    for (int i = 0; i < count; ++i) {
      auto id = events[static_cast<std::size_t>(i)].data.u64;
      if (auto owner = owner_of(id))
        owner->tell();
    }
  }

private:
  void control(int operation, connection_id id, int socket,
               std::uint32_t events) const {
    epoll_event event{};
    event.events = events;
    event.data.u64 = id;
    if (::epoll_ctl(epoll_, operation, socket, &event) != 0)
      spdlog::warn("a connection cannot be watched: {}",
                   error_text(os_error{errno}));
  }

  std::shared_ptr<watched_owner> owner_of(connection_id id) {
    std::lock_guard guard{mutex_};
    auto position = owners_.find(id);
    return position == owners_.end() ? nullptr : position->second;
  }

  int epoll_;
  std::mutex mutex_;
  std::unordered_map<connection_id, std::shared_ptr<watched_owner>> owners_;
};

/// What CAF's event loop knows.
class tcp_poller::loop_handler : public tcp_event_handler {
public:
  loop_handler(caf::io::abstract_broker* parent, descriptor epoll,
               std::shared_ptr<watch_list> list)
    : tcp_event_handler{parent, 0, caf::io::network::operation::read,
                        std::move(epoll)},
      list_{std::move(list)} {}

  void handle_event(caf::io::network::operation) override {
    list_->tell_owners();
  }

private:
  std::shared_ptr<watch_list> list_;
};

// -- tcp_poller ---------------------------------------------------------------

tcp_poller::tcp_poller(caf::io::abstract_broker* parent, descriptor epoll) {
  list_ = std::make_shared<watch_list>(epoll.get());
  handler_ = std::make_shared<loop_handler>(parent, std::move(epoll), list_);
  handler_->enter();
}

tcp_poller::~tcp_poller() {
  handler_->close();
}

// -- watched_socket -----------------------------------------------------------

watched_socket::watched_socket(descriptor socket,
                               std::shared_ptr<tcp_poller> poller)
  : socket_{std::move(socket)}, poller_{std::move(poller)},
    id_{next_connection_id()}, owner_{std::make_shared<watched_owner>(id_)} {
  poller_->list_->add(id_, get(), owner_);
}

watched_socket::~watched_socket() {
  poller_->list_->remove(id_, get());
}

void watched_socket::set_owner(const connection_owner& owner) {
  owner_->set(owner);
}

void watched_socket::wait(bool reading, bool writing) {
  poller_->list_->wait(id_, get(), reading, writing);
}

void watched_socket::tell() {
  owner_->tell();
}

void watched_socket::handle_told() {
  owner_->handle_told();
}

} // namespace node_proxy
