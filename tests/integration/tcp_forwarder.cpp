#include "tcp_forwarder.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace node_proxy::testing {

namespace {

using clock_type = std::chrono::steady_clock;

/// How much is read and written at a time.
constexpr std::size_t piece_size = 16 * 1024;

/// What may be under way in one direction. A sender that is faster has to wait.
constexpr std::size_t max_queued = 256 * 1024;

/// One direction of a connection.
struct direction {
  struct piece {
    clock_type::time_point due;
    std::string data;
  };

  int from = -1;
  int to = -1;
  std::deque<piece> queue = {};
  std::size_t queued = 0;
  bool ended = false;
  bool shut = false;
  clock_type::time_point free_at{};

  [[nodiscard]] bool wants_input() const {
    return !ended && queued < max_queued;
  }

  [[nodiscard]] std::optional<clock_type::time_point> due() const {
    if (queue.empty())
      return std::nullopt;
    return std::max(queue.front().due, free_at);
  }

  /// @returns false if the connection is broken.
  bool read(clock_type::time_point due);
  bool write(clock_type::time_point now, std::uint64_t rate);
};

bool direction::read(clock_type::time_point due) {
  std::string data(piece_size, '\0');
  auto count = ::read(from, data.data(), data.size());
  if (count < 0)
    return errno == EAGAIN || errno == EINTR;
  if (count == 0) {
    ended = true;
    return true;
  }
  data.resize(static_cast<std::size_t>(count));
  queued += data.size();
  queue.push_back({due, std::move(data)});
  return true;
}

bool direction::write(clock_type::time_point now, std::uint64_t rate) {
  auto& data = queue.front().data;
  auto count = ::send(to, data.data(), data.size(), MSG_NOSIGNAL);
  if (count < 0)
    return errno == EAGAIN || errno == EINTR;
  auto size = static_cast<std::size_t>(count);
  queued -= size;
  data.erase(0, size);
  if (data.empty())
    queue.pop_front();
  free_at = now;
  if (rate > 0)
    free_at += std::chrono::nanoseconds{std::chrono::seconds{1}} * size / rate;
  return true;
}

/// Closes a socket such that the other side sees an error.
void reset(int fd) {
  linger at_once{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  ::close(fd);
}

} // namespace

/// A connection that is passed on.
class tcp_forwarder::wire {
public:
  wire(int client, int server, std::atomic<std::uint64_t>& taken)
    : ways_{direction{client, server}, direction{server, client}},
      taken_(taken) {
    for (auto fd : {client, server})
      ::fcntl(fd, F_SETFL, O_NONBLOCK);
  }

  wire(const wire&) = delete;
  wire& operator=(const wire&) = delete;

  ~wire() {
    reset(ways_[0].from);
    reset(ways_[1].from);
  }

  /// Adds what it waits for: an entry for input and one for output of each
  /// direction. Keeps the earlier of `wake_at` and its own next time.
  void prepare(std::vector<pollfd>& fds, const settings& present,
               clock_type::time_point now,
               std::optional<clock_type::time_point>& wake_at) const {
    for (const auto& way : ways_) {
      auto in = !present.stalled && way.wants_input();
      auto due = present.stalled ? std::nullopt : way.due();
      auto out = due && *due <= now;
      if (due && !out && (!wake_at || *due < *wake_at))
        wake_at = due;
      fds.push_back({in ? way.from : -1, POLLIN, 0});
      fds.push_back({out ? way.to : -1, POLLOUT, 0});
    }
  }

  /// @param fds is where its four entries are.
  /// @returns false if it has come to its end.
  bool handle(const pollfd* fds, const settings& present,
              clock_type::time_point now) {
    for (auto& way : ways_) {
      auto before = way.queued;
      if (fds[0].revents != 0 && !way.read(now + present.delay))
        return false;
      taken_ += way.queued - before;
      if (fds[1].revents != 0 && !way.write(now, present.rate))
        return false;
      if (way.ended && way.queue.empty() && !std::exchange(way.shut, true))
        ::shutdown(way.to, SHUT_WR);
      fds += 2;
    }
    return !ways_[0].shut || !ways_[1].shut;
  }

private:
  std::array<direction, 2> ways_;
  std::atomic<std::uint64_t>& taken_;
};

tcp_forwarder::tcp_forwarder(std::uint16_t to)
  : wake_fd_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)} {
  settings_.to = to;
  thread_ = std::thread{[this] {
    run();
  }};
}

tcp_forwarder::~tcp_forwarder() {
  stopped_ = true;
  change([](settings&) {});
  thread_.join();
  ::close(wake_fd_);
}

void tcp_forwarder::redirect(std::uint16_t to) {
  change([to](settings& x) { x.to = to; });
}

void tcp_forwarder::cut() {
  change([](settings& x) { x.cut = true; });
}

void tcp_forwarder::stall(bool stalled) {
  change([stalled](settings& x) { x.stalled = stalled; });
}

void tcp_forwarder::delay(std::chrono::milliseconds time) {
  change([time](settings& x) { x.delay = time; });
}

void tcp_forwarder::limit(std::uint64_t bytes_per_second) {
  change([bytes_per_second](settings& x) { x.rate = bytes_per_second; });
}

void tcp_forwarder::change(const std::function<void(settings&)>& f) {
  {
    std::lock_guard lock{mutex_};
    f(settings_);
  }
  std::uint64_t one = 1;
  static_cast<void>(::write(wake_fd_, &one, sizeof(one)));
}

tcp_forwarder::settings tcp_forwarder::poll_settings() {
  std::lock_guard lock{mutex_};
  auto result = settings_;
  settings_.cut = false;
  return result;
}

void tcp_forwarder::run() {
  while (!stopped_) {
    auto present = poll_settings();
    if (present.cut)
      wires_.clear();
    auto now = clock_type::now();
    std::optional<clock_type::time_point> wake_at;
    std::vector<pollfd> fds{{wake_fd_, POLLIN, 0}, {listener_.fd(), POLLIN, 0}};
    for (const auto& x : wires_)
      x.prepare(fds, present, now, wake_at);
    timespec wait{};
    if (wake_at) {
      auto time = std::chrono::nanoseconds{*wake_at - now}.count();
      wait = {time / 1'000'000'000, time % 1'000'000'000};
    }
    ::ppoll(fds.data(), fds.size(), wake_at ? &wait : nullptr, nullptr);
    if (std::uint64_t count = 0; fds[0].revents != 0)
      static_cast<void>(::read(wake_fd_, &count, sizeof(count)));
    now = clock_type::now();
    const auto* entries = fds.data() + 2;
    for (auto i = wires_.begin(); i != wires_.end(); entries += 4)
      i = i->handle(entries, present, now) ? std::next(i) : wires_.erase(i);
    if (fds[1].revents != 0)
      accept(present.to);
  }
}

void tcp_forwarder::accept(std::uint16_t to) {
  auto client = ::accept4(listener_.fd(), nullptr, nullptr, SOCK_CLOEXEC);
  if (client < 0)
    return;
  auto server = connect_to(to);
  if (server < 0)
    return reset(client);
  ++accepted_;
  wires_.emplace_back(client, server, taken_);
}

} // namespace node_proxy::testing
